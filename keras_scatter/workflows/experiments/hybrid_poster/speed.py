"""Seconds for a batch of the transform: the poster's three rows."""

import dataclasses

from keras_scatter.workflows import benchmark
from keras_scatter.workflows.experiment import Experiment

# The poster's seconds on a TitanX and on a processor.
WORKLOADS = {
    "128x3x32x32-J2-o2": (0.03, 2.5),
    "128x3x128x128-J2-o2": (0.26, 16),
    "128x3x256x256-J2-o2": (0.71, 160),
}
PROGRAMS, REPETITIONS = ("exact-tensorflow", "faithful-tensorflow", "kymatio-torch"), 5


@dataclasses.dataclass(frozen=True, kw_only=True)
class Speed(Experiment):
    """Our layers and Kymatio, measured in turn. In the quick form ours alone, on two images."""

    needs = ()

    def plan(self, quick):
        return {"quick": quick}, ["summary"]

    def parts(self, protocol):
        return ("benchmark",)

    def measure(self, job, protocol, data, out, verbose):
        workloads, programs, repetitions = list(WORKLOADS), PROGRAMS, REPETITIONS
        if protocol["quick"]:
            backend = benchmark.default_programs(quick=True)[0].split("-")[1]
            workloads, programs, repetitions = [benchmark.QUICK], [f"exact-{backend}"], 2
        file = out / "benchmark.json"
        measured = benchmark.run(workloads, programs, repetitions, file, resume=True, overwrite=False)
        about = {key: measured[key] for key in ("machine", "versions", "settings")}
        return {"rows": {workload: _seconds(measured, workload) for workload in workloads}} | about

    def tables(self, summary):
        rows = summary["rows"]
        programs = list(dict.fromkeys(name for row in rows.values() for name in row["seconds"]))
        lines = []
        for workload, row in rows.items():
            cells = [row["seconds"].get(name) for name in programs] + (row["paper"] or [None, None])
            lines.append((workload, *("" if value is None else f"{value:.3g} s" for value in cells)))
        return {None: [["batch", *programs, "poster: TitanX", "poster: processor"], *lines]}


def _seconds(measured, workload):
    """Median seconds for a batch by program, and the poster's."""
    programs = measured["workloads"][workload]["programs"]
    seconds = {name: found["forward"]["median"] for name, found in programs.items() if "forward" in found}
    return {"seconds": seconds, "paper": list(WORKLOADS[workload]) if workload in WORKLOADS else None}


EXPERIMENT = Speed(
    module=__name__,
    title="Seconds for a batch of 128 images, J = 2, order 2",
    note="Machines and years differ from the poster's: compare the programs here with each other.",
)

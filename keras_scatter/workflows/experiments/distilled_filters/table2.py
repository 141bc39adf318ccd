"""Speed beside Kymatio: table 2."""

import dataclasses

from keras_scatter.workflows import benchmark
from keras_scatter.workflows.benchmark_worker import Workload
from keras_scatter.workflows.experiment import Experiment

WORKLOADS = {"order 1": "128x3x32x32-J1-o1", "order 2": "128x3x32x32-J2-o2"}
PROGRAMS = ("kymatio-torch", "exact-tensorflow", "faithful-tensorflow", "paper-tensorflow")
EPOCH, REPETITIONS = 50_000, 7
# Seconds an epoch on a processor (Intel 8600K): Kymatio, the paper's convolutions.
PAPER = {"order 1": (37.5701, 0.5909), "order 2": (180.37, 2.22)}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Table2(Experiment):
    """Our layers and Kymatio, measured in turn. In the quick form ours alone, on two images."""

    needs = ()

    def plan(self, quick):
        return {"quick": quick}, ["summary"]

    def parts(self, protocol):
        return ("benchmark",)

    def measure(self, job, protocol, data, out, verbose):
        workloads, programs, repetitions = WORKLOADS, PROGRAMS, REPETITIONS
        if protocol["quick"]:
            backend = benchmark.default_programs(quick=True)[0].split("-")[1]
            workloads, programs, repetitions = {"order 2": benchmark.QUICK}, [f"exact-{backend}", f"paper-{backend}"], 2
        measured = benchmark.run(
            list(workloads.values()), programs, repetitions, out / "benchmark.json", resume=True, overwrite=False
        )
        about = {key: measured[key] for key in ("machine", "versions", "settings")}
        return {"rows": rows(measured, workloads)} | about

    def tables(self, summary):
        found = summary["rows"]
        names = dict.fromkeys(name for row in found.values() for name in row if name != "paper")
        shown = [(name, [row.get(name) for row in found.values()]) for name in names]
        papers = [row["paper"] for row in found.values()]
        shown += [(f"paper: {name}", [paper[name] for paper in papers]) for name in papers[0]]
        lines = [(name, *("" if value is None else f"{value:.3g} s" for value in values)) for name, values in shown]
        return {None: [["program", *found], *lines]}


def rows(measured, workloads):
    """Seconds for an epoch by order and program, and the paper's."""
    found = {}
    for order, workload in workloads.items():
        batches = EPOCH / Workload.parse(workload).batch
        only = {"workloads": {workload: measured["workloads"][workload]}}
        here = benchmark.comparison(only, "forward")[workload]
        here = {name: batches * value[0] for name, value in here.items() if name}
        found[order] = here | {"paper": dict(zip(("Kymatio", "convolutions"), PAPER[order]))}
    return found


EXPERIMENT = Table2(
    module=__name__,
    alias="table2",
    title="Seconds for an epoch (table 2)",
    note="Seconds for 50,000 images of 32 x 32 in three channels, batches of 128. Processors and versions differ from "
    "the paper's: compare the ratios, not the seconds.",
)

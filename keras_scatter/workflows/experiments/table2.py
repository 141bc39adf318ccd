"""Speed beside Kymatio, table 2 of the paper on distilled filter groups."""

import json
import pathlib

from keras_scatter.saved_filters import write_atomically
from keras_scatter.workflows import benchmark, reports
from keras_scatter.workflows.benchmark_worker import Workload
from keras_scatter.workflows.folders import check_folder, start_folder

WORKLOADS = {"order 1": "128x3x32x32-J1-o1", "order 2": "128x3x32x32-J2-o2"}
PROGRAMS = ("kymatio-torch", "exact-tensorflow", "faithful-tensorflow", "paper-tensorflow")
EPOCH = 50_000
# Seconds an epoch on a processor (Intel 8600K): Kymatio, the paper's convolutions.
PAPER = {"order 1": (37.5701, 0.5909), "order 2": (180.37, 2.22)}
NOTE = (
    "Seconds for 50,000 images of 32 x 32 in three channels, batches of 128. Processors and versions differ from the "
    "paper's: compare the ratios, not the seconds."
)


def run(out=None, quick=False, resume=False, overwrite=False):
    """Measure, and write and print the table.

    Args:
        out: folder for `config.json`, `benchmark.json` and `summary.json`; None means `runs/table2`,
            with `-quick` in the quick form.
        quick: our layers only, on two images.
        resume: keep a finished run.
        overwrite: replace the run in `out`; not together with `resume`.

    Returns:
        The content of `summary.json`.
    """
    out = pathlib.Path(out or f"runs/table2{'-quick' * quick}")
    protocol = {"experiment": "table2", "quick": quick}
    check_folder(protocol, out, resume, overwrite)
    start_folder(protocol, out, resume)
    workloads, programs, repetitions = WORKLOADS, PROGRAMS, 7
    if quick:
        backend = benchmark.default_programs(quick=True)[0].split("-")[1]
        workloads, programs, repetitions = {"order 2": benchmark.QUICK}, [f"exact-{backend}", f"paper-{backend}"], 2
    measured = benchmark.run(
        list(workloads.values()), programs, repetitions, out / "benchmark.json", resume=resume, overwrite=not resume
    )
    about = {key: measured[key] for key in ("machine", "versions", "settings")}
    summary = protocol | {"note": NOTE, "rows": _rows(measured, workloads)} | about
    write_atomically(out / "summary.json", json.dumps(summary, indent=1).encode())
    reports.print_epochs(summary, out)
    return summary


def _rows(measured, workloads):
    """Seconds for an epoch by order and program, and the paper's."""
    rows = {}
    for order, workload in workloads.items():
        batches = EPOCH / Workload.parse(workload).batch
        found = benchmark.comparison({"workloads": {workload: measured["workloads"][workload]}}, "forward")[workload]
        here = {name: batches * value[0] for name, value in found.items() if name}
        rows[order] = here | {"paper": dict(zip(("Kymatio", "convolutions"), PAPER[order]))}
    return rows

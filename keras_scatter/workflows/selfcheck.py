"""Is everything right on this machine? Random calls of all layers, what is no argument, damaged files, a killed run."""

import contextlib
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings

import numpy as np
from rich.console import Console

from keras_scatter import files
from keras_scatter.arguments import check_positive, check_seed
from keras_scatter.backend.constants import float64_allowed
from keras_scatter.workflows import reports
from keras_scatter.workflows.folders import versions
from keras_scatter.workflows.selfcheck_cases import CLEAR, OTHER, RIGHT, case_of, outcome

SECONDS = 120  # of a case; what takes longer hangs
SAVED = 5  # seconds between two states of the results
LONG = 3  # minutes from which on a run is killed and resumed
KILLED = "distill, killed"
RUN = ["--dataset=random", "--images=100", "--held-out=8", "--size=16", "--L=2", "--order=1", "--epochs=20"]


def campaign(result, minutes, report=lambda result: None):
    """Go on with the cases of a result until the time is over.

    Args:
        result: result of `empty`, or what this returned; it is changed.
        minutes: how long.
        report: called with the result every few seconds.

    Returns:
        The result: `seed`, `cases` (how many there were), `counts` by layer and outcome, and `failures`, dicts of
        `case`, `code` and `said`.
    """
    end, saved = time.monotonic() + 60 * minutes, time.monotonic()
    with float64_allowed(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        while time.monotonic() < end:
            case = case_of(result["seed"], result["cases"])
            with _limited(SECONDS):
                kind, said = outcome(case)
            _count(result, case.layer, kind, case.code(), said)
            result["cases"] += 1
            if time.monotonic() > saved + SAVED:
                saved = time.monotonic()
                report(result)
    return result


def empty(seed):
    """The result of no case."""
    return {"seed": seed, "versions": versions(), "cases": 0, "counts": {}, "failures": []}


def killed_run(seed, folder):
    """Kill a distillation at a random moment, resume it, and compare it with an unbroken one.

    Returns:
        What is wrong; None if nothing is.
    """
    folder = pathlib.Path(folder)
    command = [sys.executable, "-m", "keras_scatter_command", "distill", *RUN]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    whole = subprocess.run([*command, f"--out={folder / 'whole'}"], **quiet)
    if whole.returncode:
        return f"distill failed: {whole.stderr.decode()[-500:]}"
    killed = subprocess.Popen([*command, f"--out={folder / 'killed'}"], **quiet)
    while killed.poll() is None and not (folder / "killed" / "history.csv").exists():
        time.sleep(0.02)
    time.sleep(np.random.default_rng(seed).uniform(0, 1))
    killed.kill()
    killed.communicate()
    resumed = subprocess.run([*command, f"--out={folder / 'killed'}", "--resume"], **quiet)
    if resumed.returncode:
        return f"distill --resume failed: {resumed.stderr.decode()[-500:]}"
    found, expected = (files.read_npz(folder / name / "filters.npz") for name in ("killed", "whole"))
    different = [name for name in expected if not np.array_equal(found[name], expected[name])]
    return f"other filters than an unbroken run: {different}" if different else None


def command(
    *,
    minutes: float = 1.0,
    seed: int = 0,
    out: str = "runs/selfcheck.json",
    resume: bool = False,
    overwrite: bool = False,
):
    """Check on this machine that nothing is wrong, and that every error is clear.

    Random arguments, shapes, dtypes and layouts of every layer are held to NumPy or to float64; what is no argument
    must be refused in words, and so must damaged files; from three minutes on, a distillation is killed and resumed.
    Every case that is neither right nor a clear error is printed as code to paste. The status is then 1.

    Args:
        minutes: how long.
        seed: seed of the cases.
        out: JSON file for the counts, and the cases that went wrong.
        resume: go on with the cases behind those that --out has.
        overwrite: replace --out.
    """
    minutes, path = check_positive("minutes", minutes), pathlib.Path(out)
    files.check_file(path, overwrite or resume)
    result = empty(check_seed("seed", seed))
    if resume and path.exists():
        earlier = files.read_json(path, tuple(result))
        if (earlier["seed"], earlier["versions"]) != (seed, result["versions"]):
            raise ValueError(f"out must be of the same seed, backend and versions to be resumed. Received: out={out!r}")
        result = earlier
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        campaign(result, minutes, lambda result: files.write_json(path, result))
        if minutes >= LONG:
            with tempfile.TemporaryDirectory() as folder:
                fault = killed_run(result["seed"] + result["cases"], folder)
            _count(result, KILLED, OTHER if fault else RIGHT, f"keras-scatter distill {' '.join(RUN)}", fault)
    finally:
        files.write_json(path, result)
    show(result)
    print(f"Results are in {out}")
    return 1 if result["failures"] else 0


def show(result):
    """Print the table, and what went wrong."""
    console, kinds = Console(), (RIGHT, CLEAR, OTHER)
    for failure in result["failures"]:
        print(f"{failure['said']}\n\n{failure['code']}\n")
    rows = [(layer, *(counts[kind] for kind in kinds)) for layer, counts in sorted(result["counts"].items())]
    total = [sum(row[i] for row in rows) for i in range(1, 1 + len(kinds))]
    console.print(f"{result['cases']} cases of seed {result['seed']} on {result['versions']['backend']}")
    console.print(reports.table(["", *kinds], [*rows, ("all", *total)]))


def _count(result, layer, kind, code, said):
    counts = result["counts"].setdefault(layer, dict.fromkeys((RIGHT, CLEAR, OTHER), 0))
    counts[kind] += 1
    if kind == OTHER:
        result["failures"].append({"case": result["cases"], "code": code, "said": said})


@contextlib.contextmanager
def _limited(seconds):
    """Raise a TimeoutError in what takes longer, where the system can interrupt it."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number, frame):
        raise TimeoutError(f"it took more than {seconds} seconds")

    earlier = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, earlier)

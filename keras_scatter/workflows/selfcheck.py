"""Is everything right on this machine? Random calls of all layers, what is no argument, damaged files, a killed run."""

import contextlib
import pathlib
import signal
import threading
import time
import warnings

from rich.console import Console

from keras_scatter import files
from keras_scatter.arguments import check_integer, check_positive, check_seed
from keras_scatter.backend.constants import float64_allowed
from keras_scatter.versions import versions
from keras_scatter.workflows import reports, selfcheck_runs
from keras_scatter.workflows.selfcheck_cases import CLEAR, OTHER, RIGHT, case_of, outcome

SECONDS = 600  # of a case, also on a busy machine; what takes longer hangs
SAVED = 5  # seconds between two states of the results
FILES = "damaged files"  # how they are called in the table
LONG = 3  # minutes from which on run folders are damaged, and a run is stopped and resumed


def campaign(result, minutes, report=lambda result: None):
    """Go on with the cases of a result until the time is over.

    Args:
        result: result of `empty`, or what this returned; it is changed.
        minutes: how long.
        report: called with the result every few seconds.

    Returns:
        The result: `seed`, `cases` (how many there were), `counts` by layer or `FILES`, and outcome, and `failures`,
        dicts of `case`, `code` and `said`.
    """
    end, saved = time.monotonic() + 60 * minutes, time.monotonic()
    with float64_allowed(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        while time.monotonic() < end:
            case = case_of(result["seed"], result["cases"])
            with _limited(SECONDS):
                kind, said = outcome(case)
            _count(result, FILES if case.kind == "file" else case.layer, kind, case.code(), said)
            result["cases"] += 1
            if time.monotonic() > saved + SAVED:
                saved = time.monotonic()
                report(result)
    return result


def empty(seed):
    """The result of no case."""
    return {"seed": seed, "versions": versions(), "cases": 0, "counts": {}, "failures": []}


def command(minutes, seed, stops, out, resume, overwrite):
    """What `keras-scatter selfcheck` does."""
    minutes, path = check_positive("minutes", minutes), pathlib.Path(out)
    stops = int(minutes >= LONG) if stops is None else check_integer("stops", stops, minimum=0)
    files.check_file(path, overwrite or resume)
    result = empty(check_seed("seed", seed))
    if resume and path.exists():
        earlier = files.read_json(path, tuple(result))
        if (earlier["seed"], earlier["versions"]) != (seed, result["versions"]):
            raise ValueError(f"out must be of the same seed, backend and versions to be resumed. Received: out={out!r}")
        result = earlier
    path.parent.mkdir(parents=True, exist_ok=True)
    if minutes >= LONG:
        selfcheck_runs.prepare()
    try:
        campaign(result, minutes, lambda result: files.write_json(path, result))
        for _ in range(stops):
            _stop(result)
            files.write_json(path, result)
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


def _stop(result):
    """Stop one command, the next kind of it, and resume it."""
    kinds = [(name, how) for name in selfcheck_runs.commands() for how in selfcheck_runs.STOPS]
    if not kinds:  # a system without such signals
        return
    counts = [sum(result["counts"].get(f"{name}, {how}", {}).values()) for name, how in kinds]
    name, how = kinds[counts.index(min(counts))]
    fault = selfcheck_runs.stopped_run(name, how, [result["seed"], sum(counts)])
    code = f"keras-scatter {' '.join(selfcheck_runs.COMMANDS[name])}"
    _count(result, f"{name}, {how}", OTHER if fault else RIGHT, code, fault)


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

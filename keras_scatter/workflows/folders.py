"""Folders that hold a run: whether it may be started or continued there, by how many, and what it was made with."""

import contextlib
import pathlib
import shutil
import tempfile

from keras_scatter import files
from keras_scatter.backend import processes
from keras_scatter.files import LOCK, claimed

START = "start"


def check_folder(config, out, resume, overwrite, shared=False):
    """Refuse a folder that is in use, unless its run is to be replaced, or continued with an equal config.

    Args:
        config: dict that JSON can hold; the run in `out` keeps its own in `config.json`.
        out: path of the folder.
        resume, overwrite: what to do with a run that is there.
        shared: whether several processes may continue the run at the same time.

    Raises:
        ValueError: the folder may not be used.
    """
    if resume and overwrite:
        raise ValueError("resume and overwrite exclude each other. Received: resume=True, overwrite=True")
    files.check_empty_or_folder(out)
    found = [path for path in out.iterdir() if path.suffix != LOCK] if out.exists() else []
    if not found:
        return
    if not (resume or overwrite):
        raise ValueError(
            "out must be a new or empty folder; --resume continues the run in it, --overwrite replaces it. "
            f"Received: out={str(out)!r}"
        )
    _check_config(config, out, resume)
    if not (resume and shared) and any(map(_is_held, _locks(out))):
        raise ValueError(f"out must not be in use by another process. Received: out={str(out)!r}")


def start_folder(config, out, resume, overwrite=False, parts=(), shared=False):
    """Make the folder of a run, if `check_folder` allows it, with its `config.json`.

    Args:
        config, out, resume, overwrite, shared: as in `check_folder`.
        parts: names of files and folders that an earlier run may have left; they go, unless it is resumed. Other things
            in the folder stay.
    """
    out.mkdir(parents=True, exist_ok=True)
    with claimed(out / START, wait=10):
        check_folder(config, out, resume, overwrite, shared)
        for path in () if resume else map(out.joinpath, parts):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        files.remove_partial(out)
        files.write_json(out / "config.json", config, sealed=True)


@contextlib.contextmanager
def folder_of_process(out):
    """The folder that a process writes into, in a `with` statement, after `check_folder`.

    That of the first process is `out`. Each other one has a copy, which goes afterwards: so all do the same, and one
    alone leaves files.
    """
    processes.wait()  # all have looked at the folder before it changes
    with contextlib.nullcontext() if processes.rank() == 0 else tempfile.TemporaryDirectory() as temporary:
        own = pathlib.Path(temporary, "run") if temporary else out
        if temporary and out.exists():
            shutil.copytree(out, own, ignore=shutil.ignore_patterns(f"*{LOCK}", f"*{files.PARTIAL}"))
        processes.wait()
        yield own


def read_history(path):
    """Columns of the log of a training, epochs counted from 1; empty if no epoch was trained."""
    # An epoch that was logged twice had been interrupted before its checkpoint was written.
    rows = list({row["epoch"]: row for row in epochs_logged(path)}.values())
    history = {name: [row[name] for row in rows] for name in (rows[0] if rows else {})}
    if history:
        history["epoch"] = [epoch + 1 for epoch in history["epoch"]]
    return history


def epochs_logged(path):
    """The whole rows of the log of a training, a list of dicts; empty if there is none."""
    rows = files.read_csv(path) if path.exists() else []
    if rows and "epoch" not in rows[0]:
        raise files.damaged(path, "it has no column epoch")
    return rows


def _check_config(config, out, resume):
    """Refuse a folder that no run made, and to continue a run with another config."""
    path = out / "config.json"
    try:
        earlier = files.read_json(path) if path.exists() else {}
    except ValueError:
        if resume:
            raise
        return
    # The config of a distillation names no experiment.
    if not ("experiment" in earlier or {"dataset", "held_out", "seed"} <= set(earlier)):
        raise ValueError(f"out must be a new or empty folder, or that of a run. Received: out={str(out)!r}")
    wanted = {key: value for key, value in config.items() if key != "experiment" or key in earlier}
    different = {key: (earlier.get(key), value) for key, value in wanted.items() if earlier.get(key) != value}
    if resume and different:
        shown = ", ".join(f"{key}: {old!r} there, {new!r} now" for key, (old, new) in different.items())
        raise ValueError(f"out holds a run with another config ({shown}). Received: out={str(out)!r}")


def _locks(out):
    """The lock files of the makers of results; that of the starting process is short-lived."""
    return (path for path in out.rglob(f"*{LOCK}") if path.stem != START)


def _is_held(lock):
    with claimed(lock.with_suffix("")) as free:
        return not free

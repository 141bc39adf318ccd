"""Folders that hold a run: whether it may be started or continued there, and what it was made with."""

import csv
import json
import platform
import shutil

import keras
import numpy as np

from keras_scatter.saved_filters import write_atomically


def check_folder(config, out, resume, overwrite):
    """Refuse a folder that is in use, unless its run is to be replaced, or continued with an equal config.

    Args:
        config: dict that JSON can hold; the run in `out` keeps its own in `config.json`.
        out: path of the folder.
        resume, overwrite: what to do with a run that is there.
    """
    if resume and overwrite:
        raise ValueError("resume and overwrite exclude each other. Received: resume=True, overwrite=True")
    if overwrite or not out.exists() or not any(out.iterdir()):
        return
    if not resume:
        raise ValueError(
            "out must be a new or empty folder; --resume continues the run in it, --overwrite replaces it. "
            f"Received: out={str(out)!r}"
        )
    stored = out / "config.json"
    earlier = json.loads(stored.read_text()) if stored.exists() else {}
    different = {key: (earlier.get(key), value) for key, value in config.items() if earlier.get(key) != value}
    if different:
        shown = ", ".join(f"{key}: {old!r} there, {new!r} now" for key, (old, new) in different.items())
        raise ValueError(f"out holds a run with another config ({shown}). Received: out={str(out)!r}")


def start_folder(config, out, resume, parts=()):
    """Make the folder of a run that `check_folder` allows, with its `config.json`.

    Args:
        config, out, resume: as in `check_folder`.
        parts: names of files and folders that an earlier run may have left; they go, unless it is resumed. Other things
            in the folder stay.
    """
    for path in () if resume else map(out.joinpath, parts):
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    out.mkdir(parents=True, exist_ok=True)
    write_atomically(out / "config.json", json.dumps(config, indent=1).encode())


def check_file(out, overwrite):
    """Refuse to replace the file `out` unless asked to."""
    if out.exists() and not overwrite:
        raise ValueError(f"--out exists; --overwrite replaces it. Received: out={str(out)!r}")


def read_history(path):
    """Columns of Keras's CSV log, epochs counted from 1; empty if no epoch was trained."""
    if not path.exists():
        return {}
    with path.open() as file:
        # An epoch that was logged twice had been interrupted before its checkpoint was written.
        rows = list({row["epoch"]: row for row in csv.DictReader(file)}.values())
    history = {name: [float(row[name]) for row in rows] for name in (rows[0] if rows else {})}
    if history:
        history["epoch"] = [epoch + 1 for epoch in history["epoch"]]
    return history


def versions():
    """The programs that a result was made with."""
    import keras_scatter

    return {
        "keras_scatter": keras_scatter.__version__,
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
    }

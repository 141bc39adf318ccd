"""Runs of commands that are killed and resumed, and run folders that are damaged: part of `keras-scatter selfcheck`."""

import functools
import hashlib
import importlib.util
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import keras
import numpy as np

from keras_scatter import files
from keras_scatter.workflows.datasets import random_images

SECONDS = 300  # of a run; what takes longer hangs
CONFIG = {"dataset": "random", "images": 100, "held_out": 8, "size": 16, "L": 2, "order": 1, "epochs": 20}
COMMANDS = {
    "distill": ["distill", *(f"--{name.replace('_', '-')}={value}" for name, value in CONFIG.items())],
    "reproduce": ["reproduce", "mnist-mixing", "--quick", "--only=conv", "--images=64", "--epochs=10"],
    "features": ["features", "--layer=ScatteringFFT(J=3)", "--shard-size=8", "--workers=2", "--threads=1"],
}
IMAGES, SIZE = 200, 64  # those of features
STOPS = {"killed": signal.SIGKILL, "interrupted": signal.SIGINT} if hasattr(signal, "SIGKILL") else {}


def commands():
    """Names of those of `COMMANDS` that can run here."""
    return [name for name in COMMANDS if name != "features" or importlib.util.find_spec("apache_beam")]


def prepare():
    """Make what `damaged_run` needs, which takes about half a minute."""
    _unbroken("distill")
    _interrupted()


def is_prepared():
    """Whether `prepare` was called."""
    return bool(_interrupted.cache_info().currsize)


def stopped_run(name, how, seed):
    """Stop a command at a random moment, resume it, and compare it with an unbroken run.

    Args:
        name: of `COMMANDS`.
        how: of `STOPS`.

    Returns:
        What is wrong; None if nothing is.
    """
    whole, seconds = _unbroken(name)
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "run"
        process = subprocess.Popen(_command(name, out), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(np.random.default_rng(seed).uniform(0, seconds))
        process.send_signal(STOPS[how])
        said = process.communicate(timeout=SECONDS)[1].decode()
        if how == "interrupted" and (process.returncode not in (0, 130, -signal.SIGINT) or "Traceback" in said):
            return f"Ctrl-C ended with status {process.returncode}: {said[-500:]}"
        resume = [] if name == "features" else ["--resume"]  # which goes on by itself
        resumed = subprocess.run(_command(name, out, *resume), capture_output=True, timeout=SECONDS)
        if resumed.returncode:
            return f"it could not be resumed: {resumed.stderr.decode()[-500:]}"
        return _difference(_content(name, out), whole)


def damaged_run(seed):
    """Flip a bit in the folder of an interrupted distillation, and resume it.

    Returns:
        What is wrong; None if the filters are those of an unbroken run.

    Raises:
        ValueError: a file is damaged, as it should be said.
    """
    generator = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "run"
        shutil.copytree(_interrupted(), out)
        paths = sorted(path for path in out.rglob("*") if path.is_file() and path.stat().st_size)
        path = paths[generator.integers(len(paths))]
        content = bytearray(path.read_bytes())
        content[generator.integers(len(content))] ^= 1 << generator.integers(8)
        path.write_bytes(content)
        _resume(out)
        fault = _difference(_content("distill", out), _unbroken("distill")[0])
        return fault and f"{path.name}: {fault}"


def _resume(out):
    """Go on with a distillation, in a new process: in one that has compiled much, its last digits may be others."""
    done = subprocess.run(_command("distill", out, "--resume"), capture_output=True, timeout=SECONDS)
    if done.returncode:
        said = done.stderr.decode().rpartition("keras-scatter distill: ")[2].strip()
        raise (ValueError if done.returncode == 2 else RuntimeError)(said)


@functools.cache
def _unbroken(name):
    """What a run gives that nobody stops, and how long it takes."""
    with tempfile.TemporaryDirectory() as folder:
        out, start = pathlib.Path(folder) / "run", time.monotonic()
        subprocess.run(_command(name, out), check=True, capture_output=True, timeout=SECONDS)
        return _content(name, out), time.monotonic() - start


@functools.cache
def _interrupted():
    """The folder of a distillation that was killed after some epochs; it is removed when Python ends."""
    folder = tempfile.TemporaryDirectory()
    _interrupted.folder = folder  # keeps it
    out = pathlib.Path(folder.name) / "run"
    process = subprocess.Popen(_command("distill", out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    log, end = out / "history.csv", time.monotonic() + SECONDS
    while not (log.exists() and len(log.read_text().splitlines()) > 3) and time.monotonic() < end:
        time.sleep(0.01)
    process.kill()
    process.wait()
    return out


@functools.cache
def _images():
    """A folder of images; it is removed when Python ends."""
    folder = tempfile.TemporaryDirectory()
    _images.folder = folder  # keeps it
    for number, image in enumerate(random_images(IMAGES, SIZE)):
        keras.utils.save_img(pathlib.Path(folder.name) / f"{number:03}.png", image)
    return folder.name


def _command(name, out, *options):
    given = [f"--input={_images()}", f"--output={out}"] if name == "features" else [f"--out={out}"]
    return [sys.executable, "-m", "keras_scatter_command", *COMMANDS[name], *given, *options]


def _content(name, out):
    """The names of the files of a finished run, and the numbers that matter."""
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if "tensorboard" not in path.parts}
    if name == "features":
        return names, {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in out.iterdir()}
    if name == "distill":
        numbers = {key: array.tolist() for key, array in files.read_npz(out / "filters.npz").items()}
        # It says when the best epoch was, and so on.
        return names, {key: value for key, value in numbers.items() if key != "keras_scatter"}
    return names, files.read_json(out / "summary.json", ("rows",))["rows"]


def _difference(found, wanted):
    if found[0] != wanted[0]:
        return f"files are there or lacking: {sorted(found[0] ^ wanted[0])}"
    different = [key for key in wanted[1] if found[1].get(key) != wanted[1][key]]
    return f"other numbers than an unbroken run: {different}" if different else None

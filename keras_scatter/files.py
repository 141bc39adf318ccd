"""Files: written whole or not at all, never replaced unasked, and read with errors that name the file."""

import contextlib
import csv
import hashlib
import io
import json
import os
import pathlib
import platform
import re
import tempfile
import zipfile

import filelock
import numpy as np

PARTIAL, LOCK, SEAL = ".partial", ".lock", "sha256"


def write_atomically(path, content):
    """Write bytes such that a reader finds the whole content or the old one; a failure leaves nothing behind.

    Args:
        path: file; a link is followed.
        content: bytes.

    Raises:
        OSError: with the name of the file, such as for a full disk.
    """
    path = pathlib.Path(os.path.realpath(path))
    partial = None
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, suffix=_own(), delete=False) as file:
            partial = file.name
            file.write(content)
        os.chmod(partial, 0o666 & ~_umask())
        os.replace(partial, path)
    except BaseException as error:
        if partial:
            pathlib.Path(partial).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def remove_partial(folder):
    """Remove what processes of this machine that are no more were writing, here and in all folders below."""
    for path in pathlib.Path(folder).rglob(f"*{PARTIAL}"):
        machine, _, process = path.name[: -len(PARTIAL)].rpartition(".")[2].rpartition("-")
        if machine == _machine() and process.isdecimal() and not _is_alive(int(process)):
            path.unlink(missing_ok=True)


@contextlib.contextmanager
def claimed(path, wait=0):
    """Hold `path.lock` in a `with` statement, such that no other process makes the same.

    Args:
        path: what is made.
        wait: seconds to wait for another process; -1 waits for as long as it takes.

    Returns:
        Whether it is ours: False if another process still holds it.
    """
    lock = filelock.FileLock(f"{path}{LOCK}", timeout=wait)
    try:
        lock.acquire()
    except filelock.Timeout:
        yield False
        return
    try:
        yield True
    finally:
        with contextlib.suppress(OSError):  # Windows keeps open files
            pathlib.Path(lock.lock_file).unlink()
        lock.release()


def write_json(path, value, sealed=False):
    """Write what JSON can hold, see `write_atomically`.

    Args:
        sealed: add a checksum, which `read_json` looks at, to the dict that is written.
    """
    value = {**value, SEAL: _seal(value)} if sealed else value
    write_atomically(path, json.dumps(value, indent=1).encode() + b"\n")


def write_csv(path, rows):
    """Write dicts with equal keys as a table, see `write_atomically`."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(path, text.getvalue().encode())


def read_json(path, keys=()):
    """The dict in a JSON file, without its checksum if it has one.

    Args:
        path: the file.
        keys: what it must have.

    Raises:
        ValueError: the file is damaged.
    """
    try:
        found = json.loads(pathlib.Path(path).read_bytes())
    except (ValueError, RecursionError) as error:
        raise damaged(path, error) from error
    if not isinstance(found, dict):
        raise damaged(path, "it holds no JSON object")
    if SEAL in found and found.pop(SEAL) != _seal(found):
        raise damaged(path, "its checksum is not the one that was written with it")
    return _with_keys(path, found, keys)


def read_npz(path, keys=()):
    """The arrays in an `.npz` file, a dict; nothing is unpickled. As `read_json`."""
    content = pathlib.Path(path).read_bytes()
    try:
        with open_npz(content) as archive:
            found = dict(archive)
    except Exception as error:  # NumPy and zipfile raise some eight kinds
        raise damaged(path, error) from error
    if SEAL in found and str(found.pop(SEAL)) != checksum(found):
        raise damaged(path, "its checksum is not the one that was written with it")
    return _with_keys(path, found, keys)


def npz_bytes(arrays, sealed=False):
    """The bytes of an `.npz` file, which depend on the arrays alone: `np.savez` writes the time into them.

    Args:
        arrays: dict of arrays by name.
        sealed: add a checksum, which `read_npz` looks at. It comes first: the directory of a zip file has none, and one
            flipped bit in it hides all that follow.
    """
    if sealed:
        arrays = {SEAL: np.array(checksum(arrays)), **arrays}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)
    return content.getvalue()


def open_npz(content):
    """The archive in the bytes of an `.npz` file; nothing is unpickled."""
    if not content.startswith(b"PK"):  # NumPy takes anything else for a pickle, and recommends to load it
        raise ValueError("it is no .npz file")
    return np.load(io.BytesIO(content), allow_pickle=False)


def read_csv(path):
    """The whole rows of a table of numbers, a list of dicts of floats; a row that was cut is left out.

    Raises:
        ValueError: the file has no header.
    """
    try:
        *lines, _ = pathlib.Path(path).read_text().split("\n")
        header, *rows = csv.reader(lines) if lines else [[]]
    except (UnicodeDecodeError, csv.Error) as error:
        raise damaged(path, error) from error
    if not all(name.isidentifier() for name in header):
        raise damaged(path, "it does not begin with names of columns")
    return [dict(zip(header, numbers)) for numbers in map(_numbers, rows) if len(numbers) == len(header)]


def checksum(arrays):
    """A sha256 of arrays by name, of their dtypes, shapes and values, as hexadecimal digits.

    Example:

    >>> checksum({"a": np.zeros(2)}) == checksum({"a": np.array([0.0, 1e-300])})
    False
    """
    found = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        found.update(f"{name} {array.dtype.name} {array.shape}".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def is_finite(array):
    """Whether all values of an array are finite, and would be so in float32."""
    with np.errstate(over="ignore"):
        return bool(np.isfinite(np.asarray(array).astype("float32")).all())


def damaged(path, reason):
    """The error for a file that cannot be read."""
    return ValueError(f"{path} is damaged: {str(reason) or type(reason).__name__}")


def check_file(path, overwrite, argument="--out"):
    """Refuse to write the file `path` where something is in the way, or there already and not to be replaced."""
    path = pathlib.Path(path)
    _check_way(path, argument)
    if path.is_dir():
        raise ValueError(f"{argument} must be a file. Received: the folder {str(path)!r}")
    if path.exists() and not overwrite:
        raise ValueError(f"{argument} exists; --overwrite replaces it. Received: out={str(path)!r}")


def check_result(path, overwrite):
    """Refuse a JSON file, or the picture that is drawn beside it, as `check_file` does. Returns the picture's path."""
    path = pathlib.Path(path)
    picture = path.with_suffix(".png")
    if picture == path:
        raise ValueError(f"--out must not end in .png: a picture is drawn beside it. Received: out={str(path)!r}")
    for file in (path, picture):
        check_file(file, overwrite)
    return picture


def check_empty_or_folder(path, argument="--out"):
    """Refuse a path that is no folder and cannot become one."""
    path = pathlib.Path(path)
    _check_way(path, argument)
    if path.exists() and not path.is_dir():
        raise ValueError(f"{argument} must be a folder. Received: the file {str(path)!r}")


def _check_way(path, argument):
    if path.is_symlink() and not path.exists():
        raise ValueError(f"{argument} must not be a link to nothing. Received: {str(path)!r} -> {os.readlink(path)!r}")
    for parent in path.parents:
        if parent.is_symlink() and not parent.exists():
            raise ValueError(f"{argument} must not lie behind a link to nothing, {parent}. Received: {str(path)!r}")
        if parent.exists() and not parent.is_dir():
            raise ValueError(f"{argument} must not lie below a file, {parent}. Received: {str(path)!r}")


def _with_keys(path, found, keys):
    missing = [key for key in keys if key not in found]
    if missing:
        raise damaged(path, f"it lacks {', '.join(missing)}")
    return found


def _numbers(fields):
    try:
        return list(map(float, fields))
    except ValueError:
        return []


def _seal(value):
    """A checksum of what JSON makes of a dict."""
    return hashlib.sha256(json.dumps(json.loads(json.dumps(value)), sort_keys=True).encode()).hexdigest()


def _own():
    """The end of the names of files that this process is writing."""
    return f".{_machine()}-{os.getpid()}{PARTIAL}"


def _machine():
    return re.sub(r"\W", "", platform.node())


def _is_alive(process):
    if os.name == "nt":  # where the signal 0 is Ctrl-C
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        pass
    return True


def _umask():
    mask = os.umask(0)
    os.umask(mask)
    return mask

"""A folder of features: shards, which are `.npz` files, and a manifest that says what they were made of.

A shard holds `features`, and `labels` and `names` where the data have them. Its bytes depend on the numbers alone.
"""

import contextlib
import hashlib
import json
import pathlib

import numpy as np

from keras_scatter import files
from keras_scatter.arguments import shown
from keras_scatter.versions import versions

MANIFEST, ABOUT = "manifest.json", "keras_scatter"  # ABOUT: member of a shard with what JSON holds
FORMAT = 1
KEYS = ("format", "config", "versions", "shards")


def shard_path(folder, index):
    """The file of a shard."""
    return pathlib.Path(folder) / f"shard-{index:06}.npz"


def shard_paths(folder):
    """The files of all shards that are there, in order."""
    return sorted(pathlib.Path(folder).glob("shard-*.npz"))


@contextlib.contextmanager
def opened(folder, config, argument):
    """Hold a folder in a `with` statement for the features that `config` describes: no other process writes there.

    Args:
        folder: path; it is made if it is not there.
        config: dict that JSON can hold.
        argument: what the user calls the folder.

    Returns:
        The manifest, a dict; its `shards` is None until `finish`.

    Raises:
        ValueError: another process is there, or other features, or something else.
    """
    config = json.loads(json.dumps(config))
    _check_way(folder, config, argument)
    folder.mkdir(parents=True, exist_ok=True)
    with files.claimed(folder / "features", wait=1) as ours:
        if not ours:
            raise ValueError(f"{argument} must not be in use by another process. Received: {str(folder)!r}")
        files.remove_partial(folder)
        manifest = _check_way(folder, config, argument)
        if not manifest:
            manifest = {"format": FORMAT, "config": config, "versions": versions(), "shards": None}
            files.write_json(folder / MANIFEST, manifest, sealed=True)
        yield manifest
        files.remove_partial(folder)  # of workers that died


def write_shard(folder, index, arrays, about):
    """Write a shard, whole or not at all.

    Args:
        folder: path.
        index: its number.
        arrays: dict of `features`, and `labels` and `names` where there are some.
        about: dict of what else is to be known: `skipped`, reasons by image; `inputs`, a checksum.

    Returns:
        Its line of the manifest, a dict.
    """
    content = files.npz_bytes(arrays | {ABOUT: np.array(json.dumps(about))})
    path = shard_path(folder, index)
    files.write_atomically(path, content)
    return _line(path, content, arrays, about)


def read_shard(path):
    """`(arrays, line)` of a shard, which is held to the bytes that were written: see `write_shard`.

    Raises:
        ValueError: the file is damaged.
    """
    content = pathlib.Path(path).read_bytes()
    arrays = parse(path, content)
    if files.npz_bytes(arrays) != content:
        raise files.damaged(path, "its bytes are not those that were written")
    about = json.loads(str(arrays.pop(ABOUT)))
    return arrays, _line(path, content, arrays, about)


def parse(path, content):
    """The arrays in the bytes of a shard."""
    try:
        with files.open_npz(content) as archive:
            arrays = dict(archive)
    except Exception as error:  # NumPy and zipfile raise some eight kinds
        raise files.damaged(path, error) from error
    if not {"features", ABOUT} <= set(arrays):
        raise files.damaged(path, "it holds no features")
    return arrays


def finish(folder, manifest, lines):
    """Write the manifest of a folder that has all its shards.

    Args:
        lines: what `write_shard` or `read_shard` gave for each, in order.

    Raises:
        ValueError: there is no item, or features of shards differ in shape or dtype.
    """
    kinds = {(tuple(line["shape"]), line["dtype"]): line["file"] for line in lines if line["items"]}
    if not kinds:
        raise ValueError("data must hold items that can be read. Received: none")
    if len(kinds) > 1:
        received = ", ".join(f"{shape} {dtype} in {file}" for (shape, dtype), file in kinds.items())
        raise ValueError(f"layer must give features of one shape and dtype for all data. Received: {received}")
    ((shape, dtype),) = kinds
    kept = [{key: value for key, value in line.items() if key not in ("shape", "dtype")} for line in lines]
    whole = manifest | {"items": sum(line["items"] for line in lines), "shape": shape, "dtype": dtype, "shards": kept}
    files.write_json(pathlib.Path(folder) / MANIFEST, whole, sealed=True)


def is_whole(folder, manifest):
    """Whether the manifest lists all shards, and all are there."""
    lines = manifest["shards"]
    return lines is not None and all((pathlib.Path(folder) / line["file"]).exists() for line in lines)


def read_manifest(folder):
    """The manifest of a folder, a dict.

    Raises:
        ValueError: it is damaged, or of a later version.
    """
    path = pathlib.Path(folder) / MANIFEST
    found = files.read_json(path, KEYS)
    if found["format"] != FORMAT:
        raise ValueError(f"{path} must be of format {FORMAT}. Received: format {shown(found['format'])}")
    return found


def _line(path, content, arrays, about):
    features = arrays["features"]
    found = {"file": pathlib.Path(path).name, "items": len(features), "sha256": hashlib.sha256(content).hexdigest()}
    return found | {"shape": list(features.shape[1:]), "dtype": features.dtype.name} | about


def _check_way(folder, config, argument):
    """The manifest of features that may be gone on with, None of an empty folder; or an error."""
    files.check_empty_or_folder(folder, argument)
    there = folder.iterdir() if folder.exists() else ()
    if all(path.suffix in (files.LOCK, files.PARTIAL) for path in there):
        return None
    if not (folder / MANIFEST).exists():
        raise ValueError(
            f"{argument} must be a new or empty folder, or one with features, which are gone on with. "
            f"Received: {str(folder)!r}"
        )
    manifest = read_manifest(folder)
    different = list(_differences(manifest["config"], config)) + list(_differences(manifest["versions"], versions()))
    if different:
        raise ValueError(
            f"{argument} holds features of another config ({'; '.join(different)}). Received: {str(folder)!r}"
        )
    return manifest


def _differences(there, now, name=""):
    """Where two configs differ, in words."""
    if isinstance(there, dict) and isinstance(now, dict):
        for key in sorted({*there, *now}):
            yield from _differences(there.get(key), now.get(key), f"{name}.{key}" if name else key)
    elif there != now:
        yield f"{name}: {shown(there)} there, {shown(now)} now"

"""Shipped and saved filter groups: arrays and what they were made for, read from files with checks.

Example:

>>> "morlet_o2" in names()
True
>>> config, arrays = load("morlet_o2")
>>> config["order"], arrays["psi_1_real"].shape
(2, (7, 7, 2, 8))
"""

import hashlib
import importlib.resources
import io
import json
import math
import pathlib
import warnings
from typing import Any

import h5py
import numpy as np

from keras_scatter.arguments import check_choice, shown
from keras_scatter.cache import cached
from keras_scatter.files import checksum, damaged, is_finite, open_npz, read_json, write_atomically
from keras_scatter.filters.groups import OF_SIGNALS, group_shapes, resolve
from keras_scatter.typing import PathLike

NPZ_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
ABOUT = "keras_scatter"  # HDF5 attribute, and .npz member, that holds the config as JSON
CHECKSUM = "checksum"  # in it; and of the arrays alone beside them, where `load_weights` looks for it


def names(of: str | None = None) -> list[str]:
    """Names of the shipped filter groups, sorted.

    Args:
        of: `"images"` for those of `ComplexModulusConv`, `"signals"` for those of `ComplexModulusConv1D`, None for all.
    """
    check_choice("of", of, (None, "images", "signals"))
    return sorted(name for name, entry in _index().items() if of in (None, _kind(entry["config"])))


def _kind(config):
    return "signals" if config["design"] in OF_SIGNALS else "images"


def describe(name: str) -> dict[str, Any]:
    """What is known of a shipped group: file, sha256, config, data set, epochs and relative errors by order."""
    index = _index()
    return index[check_choice("name", name, names())]


def load(name_or_path: PathLike, argument: str = "weights") -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read a shipped group by name, or a file written by `ComplexModulusConv.save_filters` by path.

    Args:
        name_or_path: the name or the path.
        argument: what errors call it.

    Returns:
        `(config, arrays)`: the arguments of `ComplexModulusConv` or `ComplexModulusConv1D`, and a dict of float arrays
        in kernel layout.

    Raises:
        ValueError: no such name or file, a wrong checksum, or arrays that are missing or of another shape or dtype.
    """
    if not isinstance(name_or_path, (str, pathlib.PurePath)):
        raise TypeError(f"{argument} must be a name or a path. Received: {argument}={shown(name_or_path)}")
    if name_or_path in _index():
        entry = describe(str(name_or_path))
        content = (_folder() / entry["file"]).read_bytes()
        found = hashlib.sha256(content).hexdigest()
        if found != entry["sha256"]:
            raise ValueError(
                f"The shipped filter file {entry['file']} is damaged: its sha256 must be {entry['sha256']}. "
                f"Received: {found}. Install keras_scatter again."
            )
        return _read(content, entry["file"])
    path = pathlib.Path(name_or_path)
    if not path.is_file():
        raise ValueError(
            f"{argument} must be a shipped filter group ({', '.join(names())}) or the path of a file. "
            f"Received: {str(name_or_path)!r}"
        )
    return _read(path.read_bytes(), str(path))


def load_matching(name_or_path: PathLike, config: dict[str, Any]) -> dict[str, np.ndarray]:
    """The arrays of a group, if it was made for `config` (a result of `groups.resolve`)."""
    found, arrays = load(name_or_path)
    if found.keys() != config.keys():
        raise ValueError(
            f"weights must be a filter group of {_kind(config)} for this layer. "
            f"Received: {str(name_or_path)!r}, a group of {_kind(found)}"
        )
    different = [key for key in config if found[key] != config[key]]
    if different:
        shown = ({key: side[key] for key in different} for side in (found, config))
        raise ValueError(
            "The filter group {!r} is for other arguments. The group has {}; the layer has {}.".format(
                str(name_or_path), *shown
            )
        )
    return arrays


def write(
    path: PathLike,
    config: dict[str, Any],
    arrays: dict[str, np.ndarray],
    overwrite: bool = False,
    about: dict[str, Any] | None = None,
) -> None:
    """Write a filter group to a `.weights.h5` or `.npz` file; see `ComplexModulusConv.save_filters`."""
    path = pathlib.Path(path)
    if not path.name.endswith((".weights.h5", ".npz")):
        raise ValueError(f"path must end in .weights.h5 or .npz. Received: path={str(path)!r}")
    if path.exists() and not overwrite:
        raise ValueError(f"path exists and overwrite=True was not given. Received: path={str(path)!r}")
    for name, array in arrays.items():
        if not is_finite(array):
            raise ValueError(f"filters must be finite numbers. Received: {name} with infinite ones, or NaN")
    description = json.dumps({"config": config, CHECKSUM: _checksum(config, arrays), "about": about or {}})
    buffer = io.BytesIO()
    if path.suffix == ".npz":
        content: dict[str, Any] = {**arrays, ABOUT: description}
        np.savez(buffer, **content)
    else:
        with h5py.File(buffer, "w") as file:
            # The layout of Keras's own weights file of one layer.
            for name, array in arrays.items():
                file[f"vars/{name}"] = array
            file[f"vars/{CHECKSUM}"] = np.frombuffer(checksum(arrays).encode(), "uint8")
            file.attrs[ABOUT] = description
    write_atomically(path, buffer.getvalue())


def _folder():
    """The folder of shipped files: package data when installed, a sibling of the package in a checkout."""
    try:
        return importlib.resources.files("keras_scatter._saved_filters")
    except ModuleNotFoundError:
        return pathlib.Path(__file__).parents[1] / "saved_filters"


@cached
def _index():
    return read_json(_folder() / "index.json")


def _read(content, label):
    """Parse the bytes of a group file; everything is checked before an array is read."""
    is_npz = label.endswith(".npz")
    try:
        description, headers, read = (_open_npz if is_npz else _open_h5)(content)
        described = json.loads(description)
        config = resolve(described["config"])
    except Exception as error:  # NumPy, zipfile and h5py raise some ten kinds
        raise ValueError(
            f"{label} is not a filter group written by ComplexModulusConv.save_filters ({error}). "
            "Weights saved by Keras are read by layer.load_weights."
        ) from error
    # The only shape that is free: without shared filters the inputs are the channels of the images.
    shape, _ = headers.get("psi_0_real", ((), ""))
    expected = group_shapes(config, channels=shape[2] if len(shape) == 4 else 1)
    if sorted(expected) != sorted(headers):
        raise ValueError(f"{label} must hold the arrays {sorted(expected)}. Received: {sorted(headers)}")
    for name, shape in expected.items():
        found, dtype = headers[name]
        if found != shape or dtype not in ("float16", "float32", "float64"):
            raise ValueError(
                f"{label}: array {name} must have shape {shape} and a float dtype. "
                f"Received: shape {found}, dtype {dtype}"
            )
    if sum(math.prod(shape) * np.dtype(dtype).itemsize for shape, dtype in headers.values()) > len(content):
        raise damaged(label, "its arrays are larger than the file")
    try:
        arrays = {name: read(name) for name in expected}
    except Exception as error:
        raise damaged(label, error) from error
    _check_values(arrays, described, content, label)
    return config, arrays


def _check_values(arrays, described, content, label):
    """Refuse arrays that are not what was written, or not finite."""
    for name, array in arrays.items():
        if not is_finite(array):
            raise damaged(label, f"{name} has infinite values, or NaN")
    if CHECKSUM not in described:
        if hashlib.sha256(content).hexdigest() not in {entry["sha256"] for entry in _index().values()}:
            warnings.warn(f"{label} has no checksum, because keras_scatter 0.1.0 wrote it.", stacklevel=2)
    elif described[CHECKSUM] != _checksum(described["config"], arrays):
        raise damaged(label, "the checksum of its arrays is not the one that was written with them")


def _checksum(config, arrays):
    """Of arrays and of what they were made for."""
    return checksum(arrays | {ABOUT: np.frombuffer(json.dumps(config, sort_keys=True).encode(), "uint8")})


def _open_h5(content):
    file = h5py.File(io.BytesIO(content), "r")
    # A damaged name is bytes.
    headers = {str(name): (data.shape, data.dtype.name) for name, data in file["vars"].items() if name != CHECKSUM}
    return file.attrs[ABOUT], headers, lambda name: file["vars"][name][()]


def _open_npz(content):
    archive = open_npz(content)
    headers = {}
    for name in archive.files:
        if name != ABOUT:
            with archive.zip.open(f"{name}.npy") as member:
                shape, _, dtype = NPZ_HEADERS[np.lib.format.read_magic(member)](member)
                headers[name] = shape, dtype.name
    return str(archive[ABOUT]), headers, lambda name: archive[name]

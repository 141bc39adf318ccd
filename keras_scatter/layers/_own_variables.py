"""Weights of a layer in files: written with a checksum, read with checks of all that may be wrong."""

import json
import warnings

import numpy as np
from keras import ops

from keras_scatter.files import checksum, is_finite

# Names of entries beside the weights. They hold bytes, because a file holds arrays.
CHECKSUM = "checksum"
MADE_WITH = "made_with"


def save(store, variables, made_with):
    """Write variables under their names.

    Args:
        store: dict-like.
        variables: a list; nothing is written for none.
        made_with: dict of the arguments that give the weights their meaning but change no shape.
    """
    if not variables:
        return
    arrays = {variable.name: ops.convert_to_numpy(variable) for variable in variables}
    if made_with:
        arrays[MADE_WITH] = _as_bytes(json.dumps(made_with))
    for name, array in {**arrays, CHECKSUM: _as_bytes(checksum(arrays))}.items():
        store[name] = array


def load(store, variables, made_with):
    """Read variables that `save` wrote; none is changed unless all are right.

    Raises:
        ValueError: a weight is missing, of another shape, infinite or NaN, made with other arguments, or not what was
            written.
    """
    arrays = {variable.name: _read(store, variable) for variable in variables}
    there = {name: np.asarray(store[name]) for name in (CHECKSUM, MADE_WITH) if name in store}
    if variables and CHECKSUM not in there:
        unknown = [*(", ".join(made_with),) * (bool(made_with) and MADE_WITH not in there)]
        warnings.warn(
            "The file has no checksum"
            + "".join(f", and does not say with which {names} its weights were made" for names in unknown)
            + ", because keras_scatter 0.1.0 wrote it"
            + (": make sure that those of this layer are the same." if unknown else "."),
            stacklevel=2,
        )
    elif variables and _text(there.pop(CHECKSUM)) != checksum(arrays | there):
        raise ValueError("The weights in the file must have the checksum that was written with them. Received: others")
    if MADE_WITH in there and json.loads(_text(there[MADE_WITH])) != made_with:
        found = json.loads(_text(there[MADE_WITH]))
        raise ValueError(
            f"The file must hold weights made with {_listed(made_with)} for this layer. "
            f"Received: weights made with {_listed(found)}"
        )
    for variable in variables:
        if not is_finite(arrays[variable.name]):
            raise ValueError(f"The file must hold finite numbers for {variable.name}. Received: infinite ones, or NaN")
    for variable in variables:
        variable.assign(arrays[variable.name])


def _read(store, variable):
    shape = tuple(variable.shape)
    try:
        found = np.asarray(store[variable.name]) if variable.name in store else None
    except Exception as error:  # h5py and Keras raise some five kinds
        raise ValueError(f"The file must hold the array {variable.name}. Received: {error}") from error
    if found is None or found.shape != shape:
        received = "none" if found is None else f"shape {found.shape}"
        raise ValueError(f"The file must hold {variable.name} of shape {shape} for this layer. Received: {received}")
    return found


def _as_bytes(text):
    return np.frombuffer(text.encode(), "uint8")


def _text(array):
    return array.astype("uint8").tobytes().decode(errors="replace")


def _listed(arguments):
    return ", ".join(f"{name}={value!r}" for name, value in arguments.items())

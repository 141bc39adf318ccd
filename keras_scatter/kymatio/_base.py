"""What the four transforms share: checks of arrays, leading axes, kinds of output."""

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_scatter.arguments import shown
from keras_scatter.typing import ArrayLike

WORDS = {1: "one dimension", 2: "two dimensions", 3: "three dimensions"}


def plain(value):
    """A number in an array without axes, as `.npz` files hold them, as a number; anything else stays."""
    return value.item() if isinstance(value, np.ndarray) and not value.ndim else value


class Base:
    """A transform of the last `rank` axes of an array.

    Attributes may be changed between calls. Subclasses implement `_make_layer(dtype)` and `_kinds`, and may extend
    `_check_output`.
    """

    rank = 1
    error: type[Exception] = RuntimeError  # for arrays that do not fit, and for out_type

    def __init__(self, backend: str | None) -> None:
        if backend is not None and backend != keras.backend.backend():
            raise ImportError(
                f"backend must be None or the backend of Keras, {keras.backend.backend()!r}: set KERAS_BACKEND. "
                f"Received: backend={shown(backend)}"
            )
        self.backend = keras.backend.backend()
        self._layers: dict[tuple, Any] = {}

    def __call__(self, x: ArrayLike) -> Any:
        return self.scattering(x)

    def scattering(self, x: ArrayLike) -> Any:
        """The transform of an array, see the class."""
        self._check_output()
        self._check_array(x)
        layer = self._layer(keras.backend.standardize_dtype(x.dtype))
        as_given = ops.convert_to_numpy if isinstance(x, np.ndarray) else lambda part: part
        x = ops.convert_to_tensor(x)
        leading, sizes = tuple(x.shape[: -self.rank]), tuple(x.shape[-self.rank :])
        found = layer(ops.reshape(x, (math.prod(leading), *sizes, 1)))
        if isinstance(found, dict):
            maps = {path: ops.reshape(part, (*leading, *part.shape[1:-1])) for path, part in found.items()}
            return self._output({path: as_given(part) for path, part in maps.items()}, layer)
        return self._output(as_given(self._arranged(found, leading)), layer)

    def _arranged(self, found, leading):
        """`(B, *sizes, K)` as `(*leading, K, *sizes)`."""
        found = ops.moveaxis(found, -1, 1)
        return ops.reshape(found, (*leading, *found.shape[1:]))

    _axes = 1  # of a result behind that of the paths

    def _layer(self, dtype):
        key = dtype, *(repr(value) for name, value in sorted(vars(self).items()) if name != "_layers")
        if key not in self._layers:
            self._layers = {key: self._make_layer(dtype)}
        return self._layers[key]

    def _check_array(self, x):
        if not hasattr(x, "shape") or not hasattr(x, "dtype"):
            raise TypeError(f"The input should be an array of NumPy or of the backend. Received: {shown(x)}")
        dtype = keras.backend.standardize_dtype(x.dtype) if "complex" not in str(x.dtype) else "complex"
        if dtype not in ("float32", "float64"):
            raise TypeError(f"The input should be real, of dtype float32 or float64. Received: dtype={dtype}")
        if len(x.shape) < self.rank:
            at_least = "at least one axis" if self.rank == 1 else f"at least {WORDS[self.rank]}"
            raise self.error(f"x must have {at_least}. Received: shape {tuple(x.shape)}")
        expected = self._expected_sizes()
        if tuple(x.shape[-self.rank :]) != expected:
            what = "NumPy array" if isinstance(x, np.ndarray) else "Tensor"
            raise RuntimeError(f"{what} must be of spatial size {expected}. Received: shape {tuple(x.shape)}")

    def _expected_sizes(self):
        return tuple(self.shape)

    def _check_output(self):
        if self.out_type not in self._kinds:
            known = ", ".join(map(repr, self._kinds))
            raise self.error(f"out_type must be one of {known}. Received: out_type={shown(self.out_type)}")

    _kinds: tuple[str, ...] = ("array", "list")
    _output: Callable[..., Any]  # of what is found and its layer, what a call returns

    def _by_path(self, found, layer):
        """Paths and their coefficients."""
        if isinstance(found, dict):
            return list(found.items())
        behind = (slice(None),) * self._axes
        return [(path, found[(..., k, *behind)]) for k, path in enumerate(layer.paths)]

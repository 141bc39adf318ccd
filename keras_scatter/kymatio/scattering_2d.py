"""Scattering of images, by Kymatio's interface."""

from collections.abc import Sequence

import numpy as np

from keras_scatter import layers
from keras_scatter.arguments import check_bool, check_integer, shown
from keras_scatter.kymatio._base import Base, plain


class Scattering2D(Base):
    """`layers.ScatteringFFT` as Kymatio's `Scattering2D`.

    Args:
        J: log2 of the scale, an integer >= 1.
        shape: sizes `(M, N)` of the images, both at least 2**J.
        L: number of angles.
        max_order: largest order.
        pre_pad: whether images come with their margins, of the sizes that `padded_shape` says.
        backend: None, or the name of the backend of Keras.
        out_type: `"array"`, or `"list"` for dicts of `coef`, `j`, `n` and `theta`.

    Attributes:
        padded_shape: sizes with margins.

    Call arguments:
        x: real array `(..., M, N)` of float32 or float64.

    Returns:
        `(..., K, M // 2**J, N // 2**J)` in the dtype of x; or a list of K dicts with `(..., M // 2**J, N // 2**J)`.

    Raises:
        RuntimeError: sizes or `out_type` are not those that are allowed.
        TypeError: x is no array of real floats, or an argument is not of its type.
        ImportError: the backend is not that of Keras.

    Example:

    >>> from keras_scatter.kymatio import Scattering2D
    >>> Scattering2D(J=2, shape=(32, 32))(np.zeros((5, 3, 32, 32), "float32")).shape
    (5, 3, 81, 8, 8)
    """

    rank = _axes = 2

    def __init__(
        self,
        J: int,
        shape: Sequence[int],
        L: int = 8,
        max_order: int = 2,
        pre_pad: bool = False,
        backend: str | None = None,
        out_type: str = "array",
    ) -> None:
        super().__init__(backend)
        self.J = check_integer("J", J)
        if not isinstance(shape, (tuple, list)) or len(shape) != 2:
            raise TypeError(f"shape must be two integers. Received: shape={shown(shape)}")
        self.shape = tuple(check_integer("shape", size) for size in shape)
        if min(self.shape) < 2**self.J:
            raise RuntimeError(
                f"The smallest dimension should be at least 2**J = {2**self.J}. Received: shape={self.shape}, J={J}"
            )
        self.L = check_integer("L", L)
        self.max_order = check_integer("max_order", max_order)
        self.pre_pad = check_bool("pre_pad", plain(pre_pad))
        self.out_type = out_type
        self._make_layer("float32")  # raises its errors

    @property
    def padded_shape(self) -> tuple[int, ...]:
        """Sizes with margins."""
        return tuple(((size + 2**self.J) // 2**self.J + 1) * 2**self.J for size in self.shape)

    def _expected_sizes(self):
        return self.padded_shape if self.pre_pad else self.shape

    def _check_array(self, x):
        try:
            super()._check_array(x)
        except RuntimeError as error:
            if self.pre_pad and "spatial size" in str(error):
                what = "array" if isinstance(x, np.ndarray) else "tensor"
                raise RuntimeError(f"Padded {what} must{str(error).split('must', 1)[1]}") from None
            raise

    def _make_layer(self, dtype):
        padding = "periodic" if self.pre_pad else "reflect"
        arguments = {"order": self.max_order, "padding": padding, "data_format": "channels_last", "dtype": dtype}
        return layers.ScatteringFFT(self.J, self.L, **arguments)

    def _output(self, found, layer):
        if self.pre_pad:
            found = found[..., 1:-1, 1:-1]
        if self.out_type == "array":
            return found
        return [
            {"coef": part, "j": path.scales, "n": self._indices(path), "theta": path.angles}
            for path, part in self._by_path(found, layer)
        ]

    def _indices(self, path):
        return tuple(j * self.L + t for j, t in zip(path.scales, path.angles))

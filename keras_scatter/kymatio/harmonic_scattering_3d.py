"""Solid harmonic scattering of volumes, by Kymatio's interface."""

import math
from collections.abc import Sequence

from keras import ops

from keras_scatter import layers
from keras_scatter.arguments import check_choice, check_integer, shown
from keras_scatter.kymatio._base import Base
from keras_scatter.typing import ArrayLike


class HarmonicScattering3D(Base):
    """`layers.HarmonicScattering3D` as Kymatio's.

    Args:
        J: largest scale, an integer >= 1.
        shape: sizes `(M, N, O)` of the volumes.
        L: largest degree of the harmonics.
        sigma_0: width of the smallest Gaussian, voxels.
        max_order: largest order.
        rotation_covariant: whether a modulus is over all orders m of a degree.
        method: `"integral"`.
        points: None; Kymatio does not use it.
        integral_powers: exponents of the moduli.
        backend: None, or the name of the backend of Keras.

    Call arguments:
        x: real array `(..., M, N, O)` of float32 or float64.

    Returns:
        `(..., K, L + 1, len(integral_powers))` in the dtype of x, for the K tuples of scales.

    Raises:
        RuntimeError: x is of another size.
        ValueError: an argument is not one of those that are allowed.
        TypeError: x is no array of real floats, or an argument is not of its type.
        ImportError: the backend is not that of Keras.

    Example:

    >>> from keras_scatter.kymatio import HarmonicScattering3D
    >>> volumes = np.zeros((4, 16, 16, 16), "float32")
    >>> HarmonicScattering3D(J=1, shape=(16, 16, 16), L=2, sigma_0=0.5)(volumes).shape
    (4, 3, 3, 3)
    """

    rank = 3
    _axes = 0
    _kinds = ("array",)
    out_type = "array"

    def __init__(
        self,
        J: int,
        shape: Sequence[int],
        L: int = 3,
        sigma_0: float = 1,
        max_order: int = 2,
        rotation_covariant: bool = True,
        method: str = "integral",
        points: ArrayLike | None = None,
        integral_powers: Sequence[float] = (0.5, 1.0, 2.0),
        backend: str | None = None,
    ) -> None:
        super().__init__(backend)
        self.J, self.L, self.sigma_0 = J, L, sigma_0
        if not isinstance(shape, (tuple, list)) or len(shape) != 3:
            raise TypeError(f"shape must be three integers. Received: shape={shown(shape)}")
        self.shape = tuple(check_integer("shape", size) for size in shape)
        self.max_order, self.rotation_covariant = max_order, rotation_covariant
        self.method, self.integral_powers = check_choice("method", method, ("integral",)), integral_powers
        if points is not None:
            raise ValueError(f"points must be None. Received: points={shown(points)}")
        self._make_layer("float32")  # raises its errors

    def _make_layer(self, dtype):
        arguments = {"sigma_0": self.sigma_0, "order": self.max_order, "integral_powers": tuple(self.integral_powers)}
        arguments |= {"rotation_covariant": self.rotation_covariant}
        return layers.HarmonicScattering3D(self.J, self.L, **arguments, data_format="channels_last", dtype=dtype)

    def _arranged(self, found, leading):
        last = self.L + 1, len(self.integral_powers)
        return ops.reshape(found, (*leading, found.shape[-1] // math.prod(last), *last))

    def _output(self, found, layer):
        return found

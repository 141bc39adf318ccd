"""Local contrast normalisation of images."""

from typing import Any

import keras
import numpy as np
from keras import ops

from keras_scatter.arguments import check_integer, check_positive
from keras_scatter.backend.modulus import smooth_root
from keras_scatter.layers.base_transform import BaseTransform
from keras_scatter.typing import ArrayLike, Shape, Tensors


@keras.saving.register_keras_serializable(package="keras_scatter")
class LocalContrastNormalization(BaseTransform):
    """Subtract the local mean of an image, and divide by the local deviation.

    `y = x - m` with `m = G * mean_c x`, and `y / max(s, floor)` with `s = sqrt(G * mean_c y^2)`: mean and deviation are
    one map for all channels c. G is a Gaussian whose weights beyond the border are left out, and the others scaled to
    sum to 1. It is what the hybrid networks for STL-10 read.

    Args:
        size: rows and columns of the Gaussian, an odd integer.
        sigma: its deviation, pixels.
        floor: smallest deviation that is divided by, a number > 0, in the units of the images (0 to 1 in the protocol).
        data_format: `"channels_last"` or `"channels_first"`; None takes Keras's setting.
        **kwargs: `name`, `dtype` and other arguments of `keras.layers.Layer`. Half precision policies are computed
            in float32 and the result is cast.

    Input shape:
        `(batch, H, W, C)`, or `(batch, C, H, W)` with `data_format="channels_first"`.

    Output shape:
        That of the input.

    Raises:
        TypeError: an argument is no number, or the images are complex or strings.
        ValueError: an argument is out of range.

    Example:

    >>> layer = keras_scatter.preprocessing.LocalContrastNormalization()
    >>> images = np.random.default_rng(0).uniform(size=(2, 96, 96, 3))
    >>> round(float(keras.ops.std(layer(images))), 1)
    1.0

    Reference:
        K. Jarrett, K. Kavukcuoglu, M. Ranzato, Y. LeCun, What is the Best Multi-Stage Architecture for Object
        Recognition?, ICCV 2009, section 2.1.
    """

    def __init__(
        self, size: int = 7, sigma: float = 1.75, floor: float = 1e-4, data_format: str | None = None, **kwargs: Any
    ) -> None:
        kwargs.setdefault("autocast", False)
        super().__init__(data_format, **kwargs)
        self.size = check_integer("size", size)
        self.sigma, self.floor = check_positive("sigma", sigma), check_positive("floor", floor)
        if self.size % 2 == 0:
            raise ValueError(f"size must be an odd integer. Received: size={size}")

    def call(self, images: ArrayLike) -> Tensors:
        x = ops.cast(images, self._working_dtype())
        axis = -1 if self._channels_last else 1
        inside = self._blurred(ops.ones_like(ops.mean(x[:1], axis, keepdims=True)))
        x = x - self._blurred(ops.mean(x, axis, keepdims=True)) / inside
        variance = self._blurred(ops.mean(ops.square(x), axis, keepdims=True)) / inside
        return ops.cast(x / ops.maximum(smooth_root(variance), self.floor), self.compute_dtype)

    def compute_output_shape(self, input_shape: Shape) -> Any:
        self._split_shape(input_shape)
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size, "sigma": self.sigma, "floor": self.floor}

    def _blurred(self, x):
        """One channel convolved with the Gaussian; zeros lie beyond the border."""
        taps = np.exp(-0.5 * np.square((np.arange(self.size) - self.size // 2) / self.sigma))
        taps = ops.convert_to_tensor(taps / taps.sum(), x.dtype)
        if not self._channels_last:
            x = ops.transpose(x, (0, 2, 3, 1))
        for shape in ((-1, 1, 1, 1), (1, -1, 1, 1)):
            x = ops.conv(x, ops.reshape(taps, shape), padding="same", data_format="channels_last")
        return x if self._channels_last else ops.transpose(x, (0, 3, 1, 2))

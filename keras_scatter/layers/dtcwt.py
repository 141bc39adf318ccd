"""The dual-tree complex wavelet transform."""

from typing import Any

import keras
from keras import ops

from keras_scatter.arguments import check_integer
from keras_scatter.functional.banded import products
from keras_scatter.functional.dual_tree import forward, forward_steps
from keras_scatter.layers.base_dtcwt import BaseDTCWT
from keras_scatter.plan.dual_tree import LARGEST_LEVEL, ORIENTATIONS, low_sizes
from keras_scatter.typing import ArrayLike, Shape, Tensors


@keras.saving.register_keras_serializable(package="keras_scatter")
class DTCWT(BaseDTCWT):
    """The dual-tree complex wavelet transform (DTCWT) of images: six orientations a level, nearly shift invariant.

    Level 1 filters the image along both axes, without decimation, and joins each quad a b / c d of a real subband to
    two complex coefficients, `((a - d) + i (b + c)) / sqrt(2)` and `((a + d) + i (b - c)) / sqrt(2)`. Later levels do
    so with filters of a quarter of a sample shift, on the low-pass of the level before. Axes are mirrored half a sample
    outside. An odd axis is extended by its last sample, a low-pass whose size is no multiple of four by both its end
    samples. The numbers are those of `DTCWTForward` in pytorch_wavelets and `Transform2d` in dtcwt. `InverseDTCWT` goes
    back.

    The layer has no weights. Under TensorFlow and JAX it is compiled by XLA.

    Args:
        levels: number of levels. Integer from 1 to 32.
        biort: filters of level 1: `"antonini"`, `"farras"`, `"legall"`, `"near_sym_a"`, `"near_sym_a2"`,
            `"near_sym_b"` or `"near_sym_b_bp"`.
        qshift: filters of later levels: `"qshift_06"`, `"qshift_32"`, `"qshift_a"`, `"qshift_b"`, `"qshift_b_bp"`,
            `"qshift_c"` or `"qshift_d"`. Names in `_bp` have a band-pass on the diagonals, which makes the six
            orientations more alike.
        data_format: `"channels_last"` or `"channels_first"`; None takes Keras's setting.
        **kwargs: `name`, `dtype` and other arguments of `keras.layers.Layer`. Half precision policies are computed
            in float32 and the result is cast.

    Call arguments:
        images: batch of real images. Integers are cast without scaling; NaN stays NaN.

    Input shape:
        `(batch, H, W, C)`, or `(batch, C, H, W)` with `data_format="channels_first"`. H and W at least 1, or None in
        an `Input`.

    Output shape:
        `(low, high)`. `low` is an image of about H / 2**(levels - 1); `high[j]` is `(real, imag)` of level j + 1, each
        `(batch, h, w, 6, C)` or `(batch, C, 6, h, w)` of about H / 2**(j + 1): orientations 15, 45, 75, 105, 135 and
        165 degrees. The dtype is the policy's compute dtype.

    Raises:
        TypeError: `levels` is not an integer, or the images are complex or strings.
        ValueError: an argument is out of range, or the images have no pixels or no channels.

    Example:

    >>> images = np.random.default_rng(0).uniform(size=(2, 32, 32, 3)).astype("float32")
    >>> low, high = DTCWT(levels=2)(images)
    >>> tuple(low.shape), [tuple(real.shape) for real, imag in high]
    ((2, 16, 16, 3), [(2, 16, 16, 6, 3), (2, 8, 8, 6, 3)])
    >>> bool(keras.ops.max(keras.ops.abs(InverseDTCWT()((low, high)) - images)) < 1e-5)
    True

    Reference:
        I. W. Selesnick, R. G. Baraniuk, N. G. Kingsbury, The dual-tree complex wavelet transform, IEEE Signal
        Processing Magazine 22 (2005).
    """

    def __init__(
        self,
        levels: int = 1,
        biort: str = "near_sym_a",
        qshift: str = "qshift_a",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(biort, qshift, data_format=data_format, **kwargs)
        self.levels = check_integer("levels", levels, maximum=LARGEST_LEVEL)

    def call(self, images: ArrayLike) -> Tensors:
        dtype = self._working_dtype()
        images = ops.cast(images, dtype)
        shape = self._split_shape(ops.shape(images))[2:]
        self._check_sizes(shape, 0, argument=None)
        steps = forward_steps(shape, self._filters, self.levels)
        low, high = forward(images, products(steps, dtype), self._channels_last)
        return keras.tree.map_structure(lambda part: ops.cast(part, self.compute_dtype), (low, high))

    def compute_output_shape(self, input_shape: Shape) -> Any:
        batch, channels, *shape = self._split_shape(input_shape)
        self._check_sizes(shape, 0, argument=None)
        unknown = [None] * self.levels
        sizes = list(zip(*(unknown if size is None else low_sizes(size, self.levels) for size in shape)))
        high = []
        for pair in sizes:
            # The subbands of level 1 are half its low-pass, which is not decimated; so are those of later levels.
            h, w = (None if size is None else size // 2 for size in pair)
            part = (
                (batch, h, w, ORIENTATIONS, channels) if self._channels_last else (batch, channels, ORIENTATIONS, h, w)
            )
            high.append((part, part))
        return self._join_shape(batch, channels, *sizes[-1]), tuple(high)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "levels": self.levels}

"""Scattering with the dual-tree complex wavelet transform."""

import keras
from keras import ops

from keras_scatter.arguments import check_choice, check_number
from keras_scatter.filters.paths import Path
from keras_scatter.functional.banded import split
from keras_scatter.functional.dtcwt import ORIENTATIONS, first_length, scattering_1, scattering_2, scattering_plans
from keras_scatter.layers.base_dtcwt import BaseDTCWT


@keras.saving.register_keras_serializable(package="keras_scatter")
class DTCWTScattering(BaseDTCWT):
    """Wavelet scattering by the dual-tree complex wavelet transform: separable filters, six orientations.

    With W1 and W2 the complex subbands of levels 1 and 2, and the smooth modulus `|z| = sqrt(re^2 + im^2 + b^2) - b`:

    * `J=1` gives the mean over 2 x 2 pixels of the low-pass, and `|W1 x|`, at half size;
    * `J=2` gives the mean of the low-pass of level 2, the low-pass of `|W1 x|`, `|W2 x|`, and `|W1 |W1 x||`, at a
      quarter of the size.

    The numbers are those of `ScatLayer` and `ScatLayerj2` in pytorch_wavelets, and so are the gains: at J=2 that of the
    low-pass is 2. Mind that the second W1 is level 1 once more, at half size. The layer has no weights. Under
    TensorFlow and JAX it is compiled by XLA.

    Args:
        J: 1 or 2; features are averaged over about 2**J pixels.
        biort: filters of level 1, a name that `DTCWT` takes.
        qshift: filters of level 2, used by `J=2`.
        magnitude_bias: b, a number >= 0. With 0 the modulus is exact, and its gradient at zero is zero.
        combine_colour: take one modulus of three channels together, the root of the sum of their squares.
        data_format: `"channels_last"` or `"channels_first"`; None takes Keras's setting.
        **kwargs: `name`, `dtype` and other arguments of `keras.layers.Layer`. Half precision policies are computed
            in float32 and the result is cast.

    Attributes:
        paths: tuple of the K paths `(order, scales, angles)`, in output order: 7 or 49. Angle t is 15 + 30 t degrees.

    Call arguments:
        images: batch of real images. Integers are cast without scaling; NaN stays NaN.

    Input shape:
        `(batch, H, W, C)`, or `(batch, C, H, W)` with `data_format="channels_first"`. H and W at least 2**J, or None
        in an `Input`. They are extended to a multiple of 2, or of 8 with `J=2`.

    Output shape:
        `(batch, h, w, K * C)`, or `(batch, K * C, h, w)`, where `h = ceil(H / 2)`, or `2 * ceil(H / 8)` with `J=2`.
        Feature `k * C + c` is path k of channel c (in `ScatteringFFT` it is `c * K + k`). `combine_colour` makes
        3 features of path 0 and one of every other, 9 or 51. The dtype is the policy's compute dtype.

    Raises:
        TypeError: `magnitude_bias` is not a number, or the images are complex or strings.
        ValueError: an argument is out of range, the images are too small, or `combine_colour` meets other than three
            channels.

    Example:

    >>> images = np.random.default_rng(0).uniform(size=(2, 32, 32, 3))
    >>> layer = DTCWTScattering(J=2)
    >>> tuple(layer(images).shape)
    (2, 8, 8, 147)
    >>> layer.paths[14]
    Path(order=2, scales=(0, 1), angles=(1, 0))

    Reference:
        A Learnable ScatterNet: Locally Invariant Convolutional Layers, section 1.2.
    """

    def __init__(
        self,
        J=2,
        biort="near_sym_a",
        qshift="qshift_a",
        magnitude_bias=1e-2,
        combine_colour=False,
        data_format=None,
        **kwargs,
    ):
        super().__init__(biort, qshift, data_format, **kwargs)
        self.J = check_choice("J", J, (1, 2))
        self.magnitude_bias = check_number("magnitude_bias", magnitude_bias)
        self.combine_colour = bool(combine_colour)
        self._paths = _paths(J)

    @property
    def paths(self):
        """The K scattering paths of one image channel, in output order: tuples `(order, scales, angles)`."""
        return self._paths

    def call(self, images):
        dtype = self._working_dtype()
        images = ops.cast(images, dtype)
        _, channels, *shape = self._split_shape(ops.shape(images))
        self._check(channels, shape)
        static, tensors = split(scattering_plans(shape, self.biort, self.qshift, self.J, dtype))
        maps = (scattering_1 if self.J == 1 else scattering_2)(
            images,
            tensors,
            static=static,
            bias=self.magnitude_bias,
            channels_last=self._channels_last,
            joint=self.combine_colour,
        )
        return ops.cast(maps, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        batch, channels, *shape = self._split_shape(input_shape)
        self._check(channels, shape)
        multiple = 2 if self.J == 1 else 8
        height, width = (None if size is None else first_length(size, multiple) // 2**self.J for size in shape)
        if channels is not None:
            channels = 3 + len(self._paths) - 1 if self.combine_colour else channels * len(self._paths)
        return self._join_shape(batch, channels, height, width)

    def get_config(self):
        return {
            **super().get_config(),
            "J": self.J,
            "magnitude_bias": self.magnitude_bias,
            "combine_colour": self.combine_colour,
        }

    def _check(self, channels, shape):
        self._check_sizes(shape, self.J)
        if self.combine_colour and channels != 3:
            raise ValueError(f"combine_colour=True needs images of 3 channels. Received: channels={channels}")


def _paths(J):
    angles = range(ORIENTATIONS)
    paths = [Path(0, (), ()), *(Path(1, (j,), (t,)) for j in range(J) for t in angles)]
    if J == 2:
        paths += [Path(2, (0, 1), (first, second)) for second in angles for first in angles]
    return tuple(paths)

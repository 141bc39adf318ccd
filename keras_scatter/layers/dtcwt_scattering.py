"""Scattering with the dual-tree complex wavelet transform."""

import functools
from typing import Any

import keras
from keras import ops

from keras_scatter.arguments import check_bool, check_choice, check_number
from keras_scatter.functional.banded import products
from keras_scatter.functional.dual_tree import Scattering, scatter, scattering_steps
from keras_scatter.layers.base_dtcwt import BaseDTCWT
from keras_scatter.layers.base_scattering import BaseScattering
from keras_scatter.plan.dual_tree import first_length, multiple, scattering_plan
from keras_scatter.typing import ArrayLike, Selection, Shape, Tensors


@keras.saving.register_keras_serializable(package="keras_scatter")
class DTCWTScattering(BaseDTCWT, BaseScattering):
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
        paths: which of the paths are kept: a sequence of them, or a function of a path; None keeps all. Only these and
            what leads to them are computed. They stay in the order of all paths.
        output: `"scattering"`; or `"modulus"`, the moduli before they are averaged, and the image itself for the path
            without a wavelet; or `"wavelet"`, the complex subbands of all paths that have a wavelet.
        **kwargs: `name`, `dtype` and other arguments of `keras.layers.Layer`. Half precision policies are computed
            in float32 and the result is cast.

    Attributes:
        paths: tuple of the K paths `(order, scales, angles)` that are kept, in output order: at most 7 or 49. Angle t
            is 15 + 30 t degrees.

    Call arguments:
        images: batch of real images. Integers are cast without scaling; NaN stays NaN.

    Input shape:
        `(batch, H, W, C)`, or `(batch, C, H, W)` with `data_format="channels_first"`. H and W at least 2**J, or None
        in an `Input`. They are extended to a multiple of 2, or of 8 with `J=2`.

    Output shape:
        `(batch, h, w, K * C)`, or `(batch, K * C, h, w)`, where `h = ceil(H / 2)`, or `2 * ceil(H / 8)` with `J=2`.
        Feature `k * C + c` is path k of channel c (in `ScatteringFFT` it is `c * K + k`). `combine_colour` makes
        3 features of the path without a wavelet and one of every other, 9 or 51 of all paths.

        Other outputs are a dict by path of `(batch, h, w, C)` or `(batch, C, h, w)`, without margins:
        `h = ceil(H / 2**(j + 1))` for the last scale j of the path. Subbands are pairs `(real, imag)`. With
        `combine_colour` a modulus has one channel.

        The dtype is the policy's compute dtype.

    Raises:
        TypeError: `magnitude_bias` is not a number, `combine_colour` no bool, or the images are complex or strings.
        ValueError: an argument is out of range, there is no such path, the images are too small, or `combine_colour`
            meets other than three channels, or subbands, which it does not join.

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

    feature_order = "path"
    positional = 1

    def __init__(
        self,
        J: int = 2,
        biort: str = "near_sym_a",
        qshift: str = "qshift_a",
        magnitude_bias: float = 1e-2,
        combine_colour: bool = False,
        data_format: str | None = None,
        paths: Selection = None,
        output: str = "scattering",
        **kwargs: Any,
    ) -> None:
        self.J = check_choice("J", J, (1, 2))
        make_plan = functools.partial(scattering_plan, self.J)
        arguments = {"make_plan": make_plan, "paths": paths, "output": output, "data_format": data_format}
        super().__init__(biort, qshift, **arguments, **kwargs)
        self.magnitude_bias = check_number("magnitude_bias", magnitude_bias)
        self.combine_colour = check_bool("combine_colour", combine_colour)
        if self.combine_colour and self._output == "wavelet":
            raise ValueError(
                'output must be "scattering" or "modulus" with combine_colour=True, which joins channels by their '
                "modulus: there are no waves of all three. Received: output='wavelet'"
            )

    def call(self, images: ArrayLike) -> Tensors:
        dtype = self._working_dtype()
        images = ops.cast(images, dtype)
        _, channels, *shape = self._split_shape(ops.shape(images))
        self._check(channels, shape)
        steps = scattering_steps(shape, self._filters, self.J)
        options = Scattering(self._plan, self._output, self.magnitude_bias, self.combine_colour, self._channels_last)
        found = scatter(images, products(steps, dtype), options)
        if self._output != "scattering":
            image = {path: images for path in self.paths if not path.order and self._output == "modulus"}
            found = image | dict(zip((path for path in self.paths if path.order), found))
        return keras.tree.map_structure(lambda part: ops.cast(part, self.compute_dtype), found)

    def compute_output_shape(self, input_shape: Shape) -> Any:
        batch, channels, *shape = self._split_shape(input_shape)
        self._check(channels, shape)
        if self._output != "scattering":
            return self._shapes_of_maps(input_shape)
        height, width = (None if size is None else first_length(size, multiple(self.J)) // 2**self.J for size in shape)
        if self.combine_colour:
            features = sum(1 if path.order else channels for path in self.paths)
        else:
            features = None if channels is None else channels * len(self.paths)
        return self._join_shape(batch, features, height, width)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "J": self.J,
            "magnitude_bias": self.magnitude_bias,
            "combine_colour": self.combine_colour,
        }

    def _shapes_of_maps(self, input_shape):
        """Shapes by path; joint moduli have one channel."""
        if not self.combine_colour:
            return super().compute_output_shape(input_shape)
        batch, _, *shape = self._split_shape(input_shape)
        shapes = super().compute_output_shape(self._join_shape(batch, 1, *shape))
        return {path: part if path.order else tuple(input_shape) for path, part in shapes.items()}

    def _check(self, channels, shape):
        self._check_sizes(shape, self.J)
        if self.combine_colour and channels != 3:
            raise ValueError(f"combine_colour=True needs images of 3 channels. Received: channels={channels}")

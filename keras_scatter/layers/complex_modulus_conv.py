"""The distilled scattering layer: plain convolutions and a modulus."""

import functools
from collections.abc import Sequence
from typing import Any

import keras

from keras_scatter import saved_filters
from keras_scatter.filters.groups import as_argument, group_shapes, resolve_config
from keras_scatter.functional import faithful, paper
from keras_scatter.layers.base_complex_modulus_conv import BaseComplexModulusConv
from keras_scatter.layers.scattering_fft import ScatteringFFT
from keras_scatter.typing import KerasObject, PathLike, Selection

DESIGNS = {"faithful": faithful, "paper": paper}


@keras.saving.register_keras_serializable(package="keras_scatter")
class ComplexModulusConv(BaseComplexModulusConv):
    """Wavelet scattering by small convolutions, which run wherever convolutions run and can be trained.

    Two designs:

    * `"faithful"` follows the exact transform: the image is mirrored once at its border, psi_0 acts at full
      resolution, wider wavelets read `lowpass_filters` channels that are decimated by 2,
      `psi_1 ~ sum_p h_p * up(psi'_p)`, and so on from level to level, and all moduli are smoothed by the exact phi_J.
      Only the ratio of two scales counts: the kernels that take scale j2 from the image take scale j1 + j2 from the
      moduli of scale j1. Without training it is within about one percent of `ScatteringFFT`.
    * `"paper"` is the network of the paper: blocks of stride 2, each a low-pass phi and L complex wavelets, then a
      modulus and phi again, `{x * phi, |x * psi_t| * phi}`. It is faster; its second order is off by about half,
      however it is trained, because envelopes are decimated before they are smoothed. Blocks keep the last sample of
      an odd size; the output drops it.

    `keras_scatter.models.ScatteringDistiller` trains either against the exact layer.

    Args:
        L: number of angles. Integer >= 1.
        order: largest number of wavelets on a path. Integer >= 1.
        J: scale of the low-pass, features are averaged over about 2**J pixels; None means J = order, which is the
            only choice for `design="paper"`. 1 to 4 for `design="faithful"`.
        kernel_size: odd integer from 3 to 15, or three of them: for psi_0, for later wavelets and for the low-pass
            kernels that go with decimation. None takes that of `weights`, or else 7 for `design="paper"`, and
            for `design="faithful"` (9, 7, 5); more for more angles, (11, 9, 5) from L = 9, (13, 11, 5) from L = 13 and
            (15, 13, 5) from L = 17 on.
        design: `"faithful"` or `"paper"`.
        lowpass_filters: number P of decimated channels that later wavelets read, 1 to 4; used by `"faithful"`.
        share_filters: one group of filters for all channels; False gives each channel, and in later blocks of
            `design="paper"` each feature, filters of its own.
        kernel_initializer: `"morlet"`, designed filters (least squares for `"faithful"`, sampled Morlet and Gaussian
            for `"paper"`), or any Keras initializer, for training from scratch.
        weights: None, the name of a shipped filter group (see `keras_scatter.saved_filters.names()`), or the path of
            a file written by `save_filters`. It replaces the initial values and is not part of the config.
        data_format: `"channels_last"` or `"channels_first"`; None takes Keras's setting.
        paths: None for all paths; or those that are wanted, a sequence out of `layer.paths` or a function of a path.
            Only these and what leads to them are computed (in `design="paper"` with the other angles of their blocks).
        output: `"scattering"`; `"modulus"` for the moduli in front of the average, or `"wavelet"` for the complex
            waves of these as (real, imaginary): dicts by path, see `ScatteringFFT`.
        **kwargs: `name`, `dtype`, `trainable` and other arguments of `keras.layers.Layer`.

    Attributes:
        paths: tuple of the K paths `(order, scales, angles)` of one channel, in output order.
        filters: the filter group, a dict of variables `(rows, columns, inputs, outputs)`: `psi_0_real`, `psi_0_imag`,
            and so on. They are applied as by `Conv2D`.
        group_config: dict of the arguments that determine the filter group, with defaults resolved.

    Call arguments:
        images: batch of real images. Integers are cast without scaling; NaN stays NaN.

    Input shape:
        `(batch, H, W, C)`, or `(batch, C, H, W)` with `data_format="channels_first"`. H and W at least 2**J, or None.

    Output shape:
        `(batch, H // 2**J, W // 2**J, C * K)`, or `(batch, C * K, H // 2**J, W // 2**J)`. Feature `c * K + k` is path
        k of channel c, as in `ScatteringFFT`. The dtype is the policy's compute dtype.

    Raises:
        TypeError: an argument is not an integer, or the images are complex or strings.
        ValueError: an argument is out of range, the images are too small, or the filter group in `weights` is
            damaged or made for other arguments.

    Example:

    >>> images = np.random.default_rng(0).uniform(size=(2, 32, 32, 3))
    >>> layer = ComplexModulusConv(L=8, order=2)
    >>> tuple(layer(images).shape)
    (2, 8, 8, 243)
    >>> exact = ScatteringFFT(J=2, L=8, order=2)(images)
    >>> bool(keras.ops.max(keras.ops.abs(layer(images) - exact)) < 0.01 * keras.ops.max(exact))
    True

    Reference:
        Build the noise, shift, deformation stable filter group based on the reverse engineering with Scattering
        Transform: equations 9 and 10, figure 2.
    """

    positional = 1  # L; J comes later

    def __init__(
        self,
        L: int = 8,
        order: int = 2,
        J: int | None = None,
        kernel_size: int | Sequence[int] | None = None,
        design: str = "faithful",
        lowpass_filters: int = 2,
        share_filters: bool = True,
        kernel_initializer: KerasObject = "morlet",
        weights: PathLike | None = None,
        data_format: str | None = None,
        paths: Selection = None,
        output: str = "scattering",
        **kwargs: Any,
    ) -> None:
        if kernel_size is None and weights is not None:
            kernel_size = _kernel_size_of(weights)
        config = resolve_config(L, order, J, kernel_size, design, lowpass_filters, share_filters)
        self._design = DESIGNS[config["design"]]
        make_plan = functools.partial(self._design.make_plan, config)
        super().__init__(make_plan, config, kernel_initializer, weights, paths, output, data_format, **kwargs)
        self.J = None if J is None else config["J"]
        self.L = config["L"]
        self.order = config["order"]
        self.kernel_size = as_argument(config["kernel_size"])
        self.design = config["design"]
        self.lowpass_filters = config["lowpass_filters"]
        self.share_filters = config["share_filters"]

    def _make_weights(self, input_shape):
        self.compute_output_shape(input_shape)
        channels = self._split_shape(input_shape)[1]
        if not self.share_filters and channels is None:
            raise ValueError(
                "The number of channels must be known with share_filters=False. "
                f"Received: input shape {tuple(input_shape)}"
            )
        if not self.share_filters:
            axis = -1 if self._channels_last else 1
            self.input_spec = keras.layers.InputSpec(ndim=4, axes={axis: channels})
        self._add_filters(channels)

    def exact(self) -> ScatteringFFT:
        """The `ScatteringFFT` that this layer stands for, with its paths."""
        paths = self.get_config()["paths"]
        J = self.group_config["J"]
        return ScatteringFFT(J, self.L, order=self.order, data_format=self.data_format, paths=paths)

    def multiply_adds(self, shape: Sequence[int]) -> int:
        """Multiplications in the convolutions, for one channel of an image of that height and width.

        Example:

        >>> ComplexModulusConv(L=8, order=2).multiply_adds((32, 32))
        7252000
        """
        self._check_sizes(shape, self._plan.scale)
        kernels = group_shapes(self.group_config)
        return DESIGNS[self.design].multiply_adds(kernels, self._plan, self._plan.axes(shape))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "L": self.L,
            "order": self.order,
            "J": self.J,
            "kernel_size": self.kernel_size,
            "design": self.design,
            "lowpass_filters": self.lowpass_filters,
            "share_filters": self.share_filters,
        }


def _kernel_size_of(weights):
    """That of a filter group; None if it is one of signals, which is refused later."""
    config, _ = saved_filters.load(weights)
    return config["kernel_size"] if config["design"] in DESIGNS else None

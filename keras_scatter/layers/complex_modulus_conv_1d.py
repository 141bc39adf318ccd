"""The distilled scattering layer of signals: plain convolutions and a modulus."""

import functools
from collections.abc import Sequence
from typing import Any

import keras

from keras_scatter.arguments import check_choice, check_integer
from keras_scatter.filters import half_band as design
from keras_scatter.functional import half_band
from keras_scatter.functional.streaming import streaming
from keras_scatter.layers._signal_stream import SignalStream
from keras_scatter.layers._signals import check_length
from keras_scatter.layers._stream_step import StreamStep
from keras_scatter.layers.base_complex_modulus_conv import BaseComplexModulusConv
from keras_scatter.layers.scattering_fft_1d import ScatteringFFT1D
from keras_scatter.typing import KerasObject, PathLike, Selection


@keras.saving.register_keras_serializable(package="keras_scatter")
class ComplexModulusConv1D(BaseComplexModulusConv):
    """Wavelet scattering of signals by small convolutions, which run wherever convolutions run and can be trained.

    `S[p] x = | ... | x * psi_{n1} | * psi_{n2} | ... | * phi_T`, as in `ScatteringFFT1D`. A half-band low-pass makes a
    pyramid of the signal, level after level with half the samples; every wavelet is read from the deepest level that
    holds its band, by taps found by least squares when the layer is built, and its moduli are sampled no more densely
    than their average needs. The same is done with moduli for the next order, and a Gaussian averages. On spoken
    digits (J = 6) the errors of orders 1 and 2 are 0.04 and 0.3 % for Q = 1, and at most 0.12 and 0.8 % for Q = 4
    and 8. Filters do not depend on the length here; the exact layer scales those that are longer than a short signal
    up, and so the two differ by factors below about 8 * 2**J samples.

    `keras_scatter.models.ScatteringDistiller` trains the kernels against the exact layer.

    Args:
        J: largest scale, an integer from 1 to 16.
        Q: wavelets an octave, an integer from 1 to 64, that of order 1 (1 in further orders); or a tuple by order,
            whose last entry serves all further orders.
        order: largest number of wavelets on a path. Integer >= 1.
        kernel_size: taps of the half-band low-pass, every second of which is zero: 7, 11, 15, ... up to 63. None means
            23; fewer make latencies shorter and errors larger.
        weights: None, the name of a shipped filter group (see `keras_scatter.saved_filters.names()`), or the path of
            a file written by `save_filters`. It replaces the initial values and is not part of the config.
        T: samples that the low-pass averages over, a number from 1 to the length; None means 2**J.
        stride: samples between outputs, a power of two up to T; None means the largest of these.
        oversampling: how many times moduli are sampled twice as densely as necessary, an integer >= 0, or a tuple by
            order whose last entry serves all further orders. Each time costs about twice as many multiplications and
            lowers the errors to a third.
        padding: `"reflect"` mirrors the signal at its ends, `"periodic"` wraps it around; both as `ScatteringFFT1D`,
            with its grid. `"zeros"` continues it by zeros without end; its first output is centred at the first
            sample, and it is what `stream` gives.
        kernel_initializer: `"morlet"`, designed filters, or any Keras initializer, for training from scratch.
        paths, data_format, output: as in `ScatteringFFT1D`.
        **kwargs: `name`, `dtype`, `trainable` and other arguments of `keras.layers.Layer`.

    Attributes:
        paths: tuple of the K paths `(order, n, xi, sigma, j)` of one channel, in output order.
        filters: the filter group, a dict of variables `(samples, 1, outputs)`: `lowpass`, the taps at odd distances
            from the middle, where it is 1/2; `psi_1_n5_real`, `psi_1_n5_imag`, ..., of the wavelets from index 5 on;
            `psi_2_level3_n4_real`, ..., for moduli that are 2**3 samples apart.
        group_config: dict of the arguments that determine the filter group, with defaults resolved.

    Call arguments:
        signals: batch of real signals. Integers are cast without scaling; NaN stays NaN.

    Input shape:
        `(batch, time, C)`, or `(batch, C, time)` with `data_format="channels_first"`. At least 2**J samples, or None.

    Output shape:
        `(batch, time', C * K)`, or `(batch, C * K, time')`; time' is about `time / stride`. Feature `c * K + k` is path
        k of channel c. The dtype is the policy's compute dtype. For other kinds of output a dict by path; moduli are
        at their own rates, which are coarser than those of `ScatteringFFT1D`.

    Raises:
        TypeError: an argument is not of its type, or the signals are complex or strings.
        ValueError: an argument is out of range, the signals are too short, or the filter group in `weights` is damaged
            or made for other arguments.

    Example:

    >>> signals = np.random.default_rng(0).normal(size=(2, 1024, 1))
    >>> layer = ComplexModulusConv1D(J=6, Q=8)
    >>> tuple(layer(signals).shape)
    (2, 16, 126)
    >>> exact = ScatteringFFT1D(J=6, Q=8)(signals)
    >>> bool(keras.ops.max(keras.ops.abs(layer(signals) - exact)) < 0.01 * keras.ops.max(exact))
    True

    Reference:
        J. Anden, S. Mallat, Deep Scattering Spectrum, IEEE Trans. Signal Processing 62 (2014), equations 12 to 16. The
        distillation is that of `ComplexModulusConv`.
    """

    rank = 1

    def __init__(
        self,
        J: int,
        Q: int | Sequence[int] = 1,
        order: int = 2,
        kernel_size: int | Sequence[int] | None = None,
        weights: PathLike | None = None,
        T: int | None = None,
        stride: int | None = None,
        oversampling: int = 0,
        padding: str = "reflect",
        kernel_initializer: KerasObject = "morlet",
        data_format: str | None = None,
        paths: Selection = None,
        output: str = "scattering",
        **kwargs: Any,
    ) -> None:
        config = design.resolve(J, Q, T, order, stride, 23 if kernel_size is None else kernel_size, oversampling)
        self.padding = check_choice("padding", padding, ("reflect", "zeros", "periodic"))
        make_plan = functools.partial(half_band.make_plan, config, self.padding)
        super().__init__(make_plan, config, kernel_initializer, weights, paths, output, data_format, **kwargs)
        self.J, self.order = config["J"], config["order"]
        self.Q = config["Q"] if isinstance(Q, (tuple, list)) else config["Q"][0]
        self.T = None if T is None else config["T"]
        self.stride = None if stride is None else config["stride"]
        self.kernel_size = None if kernel_size is None else config["kernel_size"]
        several = isinstance(oversampling, (tuple, list))
        self.oversampling = config["oversampling"] if several else config["oversampling"][0]

    _design = half_band

    def _make_weights(self, input_shape):
        self.compute_output_shape(input_shape)
        self._add_filters()

    def exact(self) -> ScatteringFFT1D:
        """The `ScatteringFFT1D` that this layer stands for, with its paths.

        Raises:
            ValueError: the padding is `"zeros"`: outputs of the two are centred at different samples then.
        """
        if self.padding == "zeros":
            raise ValueError(
                "padding must be 'reflect' or 'periodic' for an exact layer with the same outputs. "
                "Received: padding='zeros'"
            )
        names = ("J", "Q", "T", "order", "stride", "padding", "data_format")
        return ScatteringFFT1D(**{name: getattr(self, name) for name in names}, paths=self.get_config()["paths"])

    def multiply_adds(self, length: int) -> int:
        """Multiplications in the convolutions, for one channel of a signal of that length with its margins.

        Example:

        >>> ComplexModulusConv1D(J=6, Q=4).multiply_adds(8192)
        4158466
        """
        self._check_sizes([length], self._plan.scale)
        return half_band.multiply_adds(self._plan, self._plan.axes([length]))

    def stream(self) -> Any:
        """A stream, to which a signal is given in blocks, and which returns features as soon as they are ready.

        They are those of the layer with `padding="zeros"`, whatever the padding of this one is: a reflection at the
        end cannot be known before the end. The signal may go on for ever; what is kept of it does not grow.

        Returns:
            An object with `push(block)`, which takes `(batch, time, C)` of any length and returns `(batch, n, C * K)`
            NumPy features; `close()`, which returns those that remain, as if zeros followed; and `latency`, the
            samples from the one at the centre of a feature until the feature is ready.

        Raises:
            ValueError: the output of the layer is not `"scattering"`; a block has another batch or number of channels
                than the first one; or the stream was closed.

        Example:

        >>> layer = ComplexModulusConv1D(J=4, padding="zeros")
        >>> signals = np.random.default_rng(0).normal(size=(1, 1000, 1)).astype("float32")
        >>> stream = layer.stream()
        >>> stream.latency
        288
        >>> parts = [stream.push(signals[:, :650]), stream.push(signals[:, 650:]), stream.close()]
        >>> [part.shape[1] for part in parts]
        [23, 22, 18]
        >>> bool(abs(np.concatenate(parts, 1) - keras.ops.convert_to_numpy(layer(signals))).max() < 1e-5)
        True
        """
        self._check_streamed()
        return SignalStream(self)

    def streaming_model(self, channels: int = 1, samples: int | None = None) -> keras.Model:
        """A model of one step of `stream`, whose state is among its inputs and outputs: for ONNX, LiteRT and others.

        Args:
            channels: of the signals.
            samples: that a step takes, a multiple of the stride; None means the stride.

        Returns:
            A `keras.Model` from a list of signals `(batch, samples, channels)` and states to a list of features
            `(batch, samples / stride, channels * K)` and the next states. States are zero at the beginning; the first
            `latency / stride - 1` features belong to the time before the first sample. Inputs and outputs have the
            same order, and the inputs have names.

        Raises:
            TypeError: channels or samples is not an integer.
            ValueError: samples is no multiple of the stride, or the output of the layer is not `"scattering"`.

        Example:

        >>> layer = ComplexModulusConv1D(J=3, order=1)
        >>> model = layer.streaming_model()
        >>> model.inputs[0].shape, model.outputs[0].shape
        ((None, 8, 1), (None, 1, 5))
        """
        self._check_streamed()
        channels, stride = check_integer("channels", channels), 2**self._plan.level
        samples = stride if samples is None else check_integer("samples", samples)
        if samples % stride:
            raise ValueError(f"samples must be a multiple of the stride, {stride}. Received: samples={samples}")
        inputs = [keras.Input(self._join_shape(None, channels, samples)[1:], name="signals")]
        for name, (rows, kept) in streaming(self._plan).states.items():
            inputs.append(keras.Input((channels * rows, kept), name=name, dtype=self.compute_dtype))
        return keras.Model(inputs, StreamStep(self)(inputs))

    def _check_streamed(self):
        if self._output != "scattering":
            raise ValueError(
                f'output must be "scattering" for a stream. Received: a layer with output={self._output!r}'
            )

    def _check_sizes(self, sizes, J, multiple=False, argument="J"):
        # A period must hold whole outputs.
        super()._check_sizes(sizes, max(J, self._plan.level) if multiple else J, multiple, argument)
        check_length(self.T, *sizes)

    def get_config(self) -> dict[str, Any]:
        names = ("J", "Q", "order", "kernel_size", "T", "stride", "oversampling", "padding")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

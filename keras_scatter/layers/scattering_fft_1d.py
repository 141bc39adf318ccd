"""The exact scattering layer of signals."""

import functools
from collections.abc import Sequence
from typing import Any

import keras

from keras_scatter.arguments import check_choice, check_integer
from keras_scatter.filters.averaging import check_stride
from keras_scatter.filters.morlet_1d import by_order, check_Q
from keras_scatter.functional import fourier
from keras_scatter.functional.signal_bank import signal_bank
from keras_scatter.functional.smoothing import by_level
from keras_scatter.layers._signals import check_length, check_T
from keras_scatter.layers.base_scattering import BaseScattering
from keras_scatter.plan.signals import signal_plan
from keras_scatter.typing import Selection


@keras.saving.register_keras_serializable(package="keras_scatter")
class ScatteringFFT1D(BaseScattering):
    """The exact wavelet scattering transform of signals, computed by FFT.

    `S[p] x = | ... | x * psi_{n1} | * psi_{n2} | ... | * phi_T` for all paths p of at most `order` Morlet wavelets with
    increasing scales j. Filters and numbers are those of Kymatio's main branch; the page `docs/from_kymatio.md`
    says how those of its release 0.3.0 follow. The layer has no weights.

    Args:
        J: largest scale, an integer from 1 to 40: wavelets reach down to a bandwidth of 0.1 / 2**J cycles a sample.
        Q: wavelets an octave, an integer >= 1, that of order 1 (1 in further orders); or a tuple by order, whose last
            entry serves all further orders.
        T: samples that the low-pass averages over, a number from 1 to the length; None means 2**J. 0 for no average:
            coefficients are moduli. `"global"` sums what is left of each path at its own rate, margins included.
        order: largest number of wavelets on a path. Integer >= 1.
        stride: samples between outputs, a power of two up to T; None means the largest of these.
        padding: `"reflect"` mirrors the signal at its ends (Kymatio's way), `"zeros"` extends it by zeros as far,
            `"periodic"` wraps it around and takes only multiples of 2**J and of the stride.
        paths, data_format, chunk_size, output, fft: as in `ScatteringFFT`. Maps of paths are 2**j samples apart, or
            `stride` where that is less.
        **kwargs: `name`, `dtype` and other arguments of `keras.layers.Layer`. Half precision policies are computed
            in float32 and the result is cast.

    Attributes:
        paths: tuple of the K paths `(order, n, xi, sigma, j)` of one channel, in output order.

    Input shape:
        `(batch, time, C)`, or `(batch, C, time)` with `data_format="channels_first"`. At least 2**J samples, or None.

    Output shape:
        `(batch, time', C * K)`, or `(batch, C * K, time')`; time' is about `time / stride`, or 1 for a global sum.
        Feature `c * K + k` is path k of channel c. Without an average, or for other kinds of output, a dict by path.

    Raises:
        TypeError: an argument is not of its type, or the signals are complex or strings.
        ValueError: an argument is out of range, or the signals are too short.

    Example:

    >>> layer = ScatteringFFT1D(J=6, Q=8)
    >>> tuple(layer(np.random.default_rng(0).normal(size=(2, 1024, 1))).shape)
    (2, 16, 126)
    >>> layer.paths[39].n, layer.paths[39].j
    ((0, 3), (0, 1))

    Reference:
        J. Anden, S. Mallat, Deep Scattering Spectrum, IEEE Trans. Signal Processing 62 (2014), equations 12 to 16.
    """

    rank = 1
    _programs = fourier

    def __init__(
        self,
        J: int,
        Q: int | Sequence[int] = 1,
        T: int | None = None,
        order: int = 2,
        stride: int | None = None,
        padding: str = "reflect",
        paths: Selection = None,
        data_format: str | None = None,
        chunk_size: int | None = None,
        output: str = "scattering",
        fft: str = "auto",
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("autocast", False)
        self.J = check_integer("J", J)
        self.Q = check_Q(Q)
        self.T = check_T(T)
        self.order = check_integer("order", order)
        self.stride = check_stride(stride, self.T, self.J)
        self.padding = check_choice("padding", padding, ("reflect", "zeros", "periodic"))
        arguments = self.J, by_order(self.Q), self.T, self.order, self.stride, self.padding
        make_plan = functools.partial(signal_plan, *arguments)
        super().__init__(make_plan, paths, output, data_format, **kwargs)
        self._set_fft(fft, chunk_size)

    def _arrays(self, axes):
        dtype = self._working_dtype()
        bank = signal_bank(self._plan, axes, dtype)
        return fourier.Arrays(bank, by_level(self._plan, axes, dtype), self._matrices(axes))

    def _check_sizes(self, sizes, J, multiple=False, argument="J"):
        # A period must hold whole outputs.
        super()._check_sizes(sizes, max(J, self._plan.level) if multiple else J, multiple, argument)
        check_length(self.T, *sizes)

    def get_config(self) -> dict[str, Any]:
        names = ("J", "Q", "T", "order", "stride", "padding", "chunk_size", "fft")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

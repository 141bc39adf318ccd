"""The Morlet wavelets of signals as a bank."""

from collections.abc import Sequence

import numpy as np

from keras_scatter.arguments import check_integer, check_size, is_number
from keras_scatter.cache import cached
from keras_scatter.filters.filter_bank import FilterBank, check_scale, check_values, read_only
from keras_scatter.filters.morlet_1d import SIGMA, by_order, check_Q, constant_q, gaussian_1d, morlet_1d
from keras_scatter.filters.spectra import on_grid


class MorletBank1D(FilterBank):
    """The filters of `layers.ScatteringFFT1D` for one order, on a periodic grid: constant-Q Morlet wavelets.

    `psi_n(w) = (g(w - xi_n) - kappa g(w)) / norm`, g a Gaussian of width sigma_n, kappa such that `psi_n(0) = 0`, and
    norm such that the absolute values in time sum to 1. From the highest frequency on there are Q wavelets an octave,
    down to the width `0.1 / 2**J` cycles a sample; Q - 1 more of that width reach towards zero. The low-pass is a
    Gaussian of width `0.1 / T`. The layer uses these filters on the grid of its padded signal; with
    `padding="periodic"` that is the signal's own.

    Args:
        J: largest scale: the narrowest wavelets have a width of about 0.1 / 2**J cycles a sample. Integer from 1 to 26.
        Q: wavelets an octave, an integer >= 1, which is that of order 1 (1 in further orders); or a tuple by order,
            whose last entry serves all further orders.
        size: samples of the grid, at least 2**J; None takes 2**(J + 6), on which the narrowest spectrum is some bins
            wide.
        T: samples that the low-pass averages over, a number from 1 to the size; None means 2**J.
        order: whose wavelets these are. Integer >= 1.

    Attributes:
        J, Q, size, T, order: the arguments; size and T are resolved.
        shape: `(size,)`.
        names: tuple of the indices n of the K wavelets, from high to low frequency, as `layer.paths` have them.
        scales: `(K,)` int64, log2 j of the decimation that the modulus of each allows.
        frequencies: `(K,)`, xi of each, cycles a sample.
        bandwidths: `(K,)`, sigma of each, cycles a sample.
        spectra: `(K, size)` float64 in FFT order.
        lowpass_spectrum: `(size,)` float64.
        wavelets, lowpass: the filters in time, `(K, size)` complex128 and `(size,)` float64, centred.

    Raises:
        TypeError: J, Q, size or order is not an integer, or T not a number.
        ValueError: an argument is out of range, or the bank would have more than 2**26 values.

    Example:

    >>> bank = MorletBank1D(J=6, Q=8, size=1024)
    >>> bank
    <MorletBank1D: J=6, Q=8, shape=(1024,), 38 wavelets>
    >>> bank.frequencies[:3].round(3).tolist(), bank.scales[-1].item()
    ([0.435, 0.399, 0.366], 5)
    >>> figure = bank.plot()

    Reference:
        J. Anden, S. Mallat, Deep Scattering Spectrum, IEEE Trans. Signal Processing 62 (2014), section III. The
        constants are those of M. Andreux et al., Kymatio: Scattering Transforms in Python, JMLR 21 (2020).
    """

    def __init__(
        self, J: int, Q: int | Sequence[int] = 1, size: int | None = None, T: int | None = None, order: int = 1
    ) -> None:
        self.J, self.Q, self.order = check_scale("J", J), Q, check_integer("order", order)
        all_orders = by_order(check_Q(Q))
        of_order = all_orders[min(self.order, len(all_orders)) - 1]
        self.size = 2 ** (self.J + 6) if size is None else check_integer("size", size)
        check_size("size", self.size, self.J, unit="samples")
        check_values((self.J + 4) * of_order * self.size, J=self.J, Q=Q, size=self.size)
        self.T = _check_T(T, self.J, self.size)
        wavelets = constant_q(self.J, of_order)
        spectra, lowpass = _spectra(self.J, of_order, self.size, self.T)
        super().__init__(spectra, lowpass, scales=[wavelet.j for wavelet in wavelets])
        self.frequencies = read_only(np.array([wavelet.xi for wavelet in wavelets]))
        self.bandwidths = read_only(np.array([wavelet.sigma for wavelet in wavelets]))

    def _described(self):
        order = f", order={self.order}" if self.order > 1 else ""
        return f"J={self.J}, Q={self.Q}{order}, shape={self.shape}"


def _check_T(T, J, size):
    if T is None:
        return 2**J
    if not is_number(T) or not 1 <= T <= size:
        raise (ValueError if is_number(T) else TypeError)(
            f"T must be None, or a number from 1 to the size. Received: T={T!r}, size={size}"
        )
    return T


@cached
def _spectra(J, Q, size, T):
    wavelets = [on_grid(*morlet_1d(wavelet, size), size) for wavelet in constant_q(J, Q)]
    return np.stack(wavelets), gaussian_1d(SIGMA / T, size)

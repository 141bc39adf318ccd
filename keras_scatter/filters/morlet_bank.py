"""The Morlet wavelets of images as a bank."""

from collections.abc import Sequence

import numpy as np

from keras_scatter.arguments import check_integer, check_size
from keras_scatter.cache import cached
from keras_scatter.filters.filter_bank import (
    FilterBank,
    check_image_shape,
    check_scale,
    check_values,
    read_only,
    values,
)
from keras_scatter.filters.morlet import SIGMA, XI, angle, gaussian_spectrum, morlet_spectra, slant, support_radius
from keras_scatter.filters.paths import ScaleAngle


class MorletBank(FilterBank):
    """The filters of `layers.ScatteringFFT` on a periodic grid: J L Morlet wavelets and a Gaussian low-pass.

    `psi_{j,t}(u) = (exp(i xi_j n_t . u) - beta) g_j(u)`, g_j a Gaussian of width `sigma_j = 0.8 * 2**j` samples along
    n_t and `sigma_j L / 4` across it, `xi_j = 3 pi / 4 / 2**j`, n_t the direction of the angle
    `(int(L - L / 2 - 1) - t) pi / L` from the first image axis, and beta such that the mean vanishes. The low-pass is a
    Gaussian of width `0.8 * 2**(J - 1)`. The layer uses these filters on the grid of its padded image; with
    `padding="periodic"` that is the image's own.

    Args:
        J: number of scales. Integer >= 1.
        L: number of angles. Integer >= 1.
        shape: height and width of the grid in samples, at least 2**J each.

    Attributes:
        J, L, shape: the arguments.
        names: tuple of the J L pairs `(j, t)`: wavelet `j L + t` is on the paths of scale j and angle t.
        scales: j of each, `(J L,)` int64.
        frequencies: `(J L, 2)`, `xi_j n_t`, radians a sample along rows and columns.
        bandwidths: `(J L, 2)`, widths of the spectrum along and across n_t, radians a sample: `1 / sigma_j` and
            `4 / (L sigma_j)`.
        spectra: `(J L, H, W)` float64 in FFT order: real, because `psi(-u)` is the conjugate of `psi(u)`.
        lowpass_spectrum: `(H, W)` float64.
        wavelets, lowpass: the filters in space, `(J L, H, W)` complex128 and `(H, W)` float64, centred.

    Raises:
        TypeError: J, L or a size is not an integer.
        ValueError: an argument is out of range, the grid is too small for J, or the bank would have more than 2**26
            values.

    Example:

    >>> bank = MorletBank(J=3, L=8, shape=(64, 64))
    >>> bank
    <MorletBank: J=3, L=8, shape=(64, 64), 24 wavelets>
    >>> bank.names[11], bank.frequencies[11].round(2)
    (ScaleAngle(j=1, t=3), array([1.18, 0.  ]))
    >>> figure = bank.plot()

    Reference:
        J. Bruna, S. Mallat, Invariant Scattering Convolution Networks, IEEE TPAMI 35 (2013), section 2. The constants
        are those of M. Andreux et al., Kymatio: Scattering Transforms in Python, JMLR 21 (2020).
    """

    def __init__(self, J: int, L: int = 8, shape: Sequence[int] = (64, 64)) -> None:
        self.J, self.L = check_scale("J", J), check_integer("L", L)
        shape = check_image_shape(shape)
        for name, size in zip(("height", "width"), shape):
            check_size(name, size, self.J)
        grid = 2 * support_radius(self.J - 1, self.L) + 1
        check_values(max(values(self.J * self.L, shape), values(self.L, (grid, grid))), J=self.J, L=self.L, shape=shape)
        names = tuple(ScaleAngle(j, t) for j in range(self.J) for t in range(self.L))
        wavelets, lowpass = _spectra(self.J, self.L, shape)
        super().__init__(wavelets, lowpass, names, [j for j, _ in names])
        j, t = np.array(names).T
        direction = np.stack([np.cos(angle(t, self.L)), np.sin(angle(t, self.L))], axis=1)
        self.frequencies = read_only(XI / 2.0 ** j[:, None] * direction)
        self.bandwidths = read_only(np.array([1, slant(self.L)]) / (SIGMA * 2.0 ** j[:, None]))

    def _described(self):
        return f"J={self.J}, L={self.L}, shape={self.shape}"


@cached
def _spectra(J, L, shape):
    rows, columns = (gaussian_spectrum(J, size) for size in shape)
    return np.concatenate([morlet_spectra(j, L, *shape) for j in range(J)]), np.outer(rows, columns)

"""Morlet wavelets of signals and their Gaussian low-pass, in frequency: Kymatio's constants, and so its numbers.

Frequencies are in cycles a sample. Filters have unit L1 norm in time.
Reference: J. Anden, S. Mallat, Deep Scattering Spectrum, IEEE Trans. Signal Processing 62 (2014), section III.
"""

import math
from typing import NamedTuple

import numpy as np

from keras_scatter.arguments import check_integer, shown
from keras_scatter.filters.spectra import as_float, on_grid

SIGMA = 0.1  # width of the low-pass of T = 1, and of the narrowest wavelets at scale 0
ALPHA = 5.0  # widths beyond the centre frequency at which a wavelet is taken to end
SUPPORT = {"float32": 6.0, "float64": 8.9}  # widths beyond which a Gaussian is below the rounding


class Morlet1D(NamedTuple):
    """A wavelet of a signal: centre frequency, width in frequency, and log2 of the decimation of its modulus."""

    xi: float
    sigma: float
    j: int


def check_Q(Q):
    """Wavelets an octave: an integer, or a tuple by order."""
    if not isinstance(Q, (tuple, list)):
        return check_integer("Q", Q)
    try:
        found = tuple(check_integer("Q", q) for q in Q)
    except (TypeError, ValueError):
        found = ()
    if not found:
        raise ValueError(f"Q must be an integer >= 1, or a tuple of such by order. Received: Q={shown(Q)}")
    return found


def by_order(Q):
    """Wavelets an octave as a tuple by order, whose last entry serves all further orders."""
    return (Q, 1) if isinstance(Q, int) else Q


def constant_q(J, Q):
    """Wavelets from high to low: Q an octave down to the width `SIGMA / 2**J`, then Q - 1 of that width.

    Example:

    >>> [round(wavelet.xi, 3) for wavelet in constant_q(J=3, Q=1)]
    [0.35, 0.175, 0.087, 0.044]
    """
    ratio = 2 ** (1 / Q)
    xi = max(1 / (1 + 2 ** (3 / Q)), 0.35)
    sigma = xi * (1 - 1 / ratio) / (1 + 1 / ratio) / math.sqrt(math.log(2))
    narrowest = SIGMA / 2**J
    found = []
    if sigma <= narrowest:
        xi = sigma
    else:
        found.append((xi, sigma))
        while sigma > narrowest * ratio:
            xi, sigma = xi / ratio, sigma / ratio
            found.append((xi, sigma))
    # Every further one an equal step below the last.
    found += [(xi * (1 - step / Q), narrowest) for step in range(1, Q)]
    scales = (math.floor(-math.log2(min(xi + ALPHA * sigma, 0.5))) - 1 for xi, sigma in found)
    return tuple(Morlet1D(*wavelet, j) for wavelet, j in zip(found, scales))


def morlet_1d(wavelet, size, dtype="float64"):
    """The spectrum on a grid of `size` bins, as its first bin and the values from there on.

    `psi(w) = (g(w - xi) - kappa g(w)) / norm`, g a Gaussian, kappa such that it vanishes at 0. Bins may be negative
    and reach beyond the grid, on which they are to be added up. What is left out is below the rounding of `dtype`.
    """
    xi, sigma, _ = wavelet
    # Kymatio's: of the spectra as they are periodic.
    at_zero = np.exp(-((np.arange(-4, 5) - np.array([[xi], [0]])) ** 2) / (2 * sigma**2)).sum(1)
    kappa = at_zero[0] / at_zero[1]
    width = SUPPORT[dtype] * sigma
    first = math.floor(((0 if kappa > 1e-17 else xi) - width) * size)
    w = np.arange(first, math.ceil((xi + width) * size) + 1) / size
    values = np.exp(-((w - xi) ** 2) / (2 * sigma**2)) - kappa * np.exp(-(w**2) / (2 * sigma**2))
    # The modulus in time is smooth, so a coarse grid gives its sum to the last digit.
    coarse = max(4096, 2 * 2 ** math.ceil(math.log2(len(w))))
    return first, values / np.abs(np.fft.ifft(on_grid(first, values, min(size, coarse)))).sum()


def gaussian_1d(sigma, size, xp=np):
    """The spectrum of the low-pass of width sigma, at most 0.1, on a grid of `size` bins: `(size,)` float64.

    Args:
        xp: NumPy, or `keras.ops` when the size is a tensor that is known only at run time.
    """
    w = xp.arange(size, dtype="float64") / as_float(size, xp)
    spectrum = sum(xp.exp(-((w - period) ** 2) / (2 * sigma**2)) for period in range(-1, 3))
    return spectrum / spectrum[0]


def support(spectrum):
    """Samples from the centre of a low-pass beyond which at most 1e-3 of half its L1 norm lies."""
    half = np.abs(np.fft.ifft(spectrum))[: len(spectrum) // 2]
    tail = np.cumsum(half[::-1])[::-1]
    return int(np.argmax(tail <= 1e-3)) + 1 if tail[-1] <= 1e-3 else len(spectrum) // 2

"""Scattering of signals once more, in plain NumPy and as directly as it can be written.

Nothing here is shared with the package: filters are Gaussians summed over periods of frequency, and every path is
computed on its own, depth first, by FFTs of complex numbers.
"""

import math
from typing import NamedTuple

import numpy as np


class Wavelet(NamedTuple):
    xi: float  # centre, cycles a sample
    sigma: float  # width in frequency, cycles a sample
    j: int  # its modulus may be decimated by 2**j


class Path(NamedTuple):
    order: int
    n: tuple
    xi: tuple
    sigma: tuple
    j: tuple


def wavelets(J, Q):
    """From high to low frequencies: by a constant ratio, then in Q - 1 constant steps."""
    ratio, narrowest = 2 ** (1 / Q), 0.1 / 2**J
    xi = max(1 / (1 + ratio**3), 0.35)
    sigma = xi * (ratio - 1) / (ratio + 1) / math.sqrt(math.log(2))
    found = []
    if sigma > narrowest:
        found.append((xi, sigma))
        while sigma > narrowest * ratio:
            xi, sigma = xi / ratio, sigma / ratio
            found.append((xi, sigma))
    else:
        xi = sigma
    found += [(xi * (1 - step / Q), narrowest) for step in range(1, Q)]
    return [Wavelet(xi, sigma, math.floor(-math.log2(min(xi + 5 * sigma, 0.5))) - 1) for xi, sigma in found]


def banks(J, Q, order):
    """The wavelets of order 1, 2, ...; an integer Q is that of the first order alone."""
    Q = (Q, 1) if isinstance(Q, int) else Q
    return [wavelets(J, Q[min(m, len(Q) - 1)]) for m in range(order)]


def paths(J, Q=1, order=2):
    """All paths by order and then by n, `j` increases along a path."""
    found = [((), ())]
    for path, along in found:
        for n, wavelet in enumerate(banks(J, Q, order)[len(path)] if len(path) < order else ()):
            if not path or wavelet.j > along[-1].j:
                found.append(((*path, n), (*along, wavelet)))
    return [Path(len(n), n, *(tuple(part) for part in (zip(*along) if along else ((), (), ())))) for n, along in found]


def bell(size, xi, sigma, centred=False):
    """A Gaussian in frequency, the mean over periods."""
    periods = min(math.ceil(math.sqrt(-2 * sigma**2 * math.log(1e-7)) + 1), 5)
    omega = np.arange((1 - periods) * size, periods * size) / size
    if periods == 1 and centred:
        omega = np.fft.fftfreq(size)
    return np.exp(-((omega - xi) ** 2) / (2 * sigma**2)).reshape(-1, size).mean(0)


def unit(spectrum):
    return spectrum / np.abs(np.fft.ifft(spectrum)).sum()


def gaussian(size, sigma):
    return unit(bell(size, 0, sigma, centred=True))


def morlet(size, xi, sigma):
    oscillation, envelope = bell(size, xi, sigma), bell(size, 0, sigma, centred=True)
    return unit(oscillation - oscillation[0] / envelope[0] * envelope)


def support(spectrum):
    """Samples from the centre of a low-pass until a thousandth of its L1 norm is left on one side."""
    half = np.abs(np.fft.ifft(spectrum))[: len(spectrum) // 2]
    for n in range(1, len(half) + 1):
        if half[n - 1 :].sum() <= 1e-3:
            return n
    return len(spectrum) // 2


def margins(size, T):
    wanted = math.ceil(math.log2(size + 6 * support(gaussian(size, 0.1 / T))))
    total = 2 ** min(wanted, math.floor(math.log2(3 * size - 2))) - size
    return total // 2, total - total // 2


def level(spectrum, r, convention):
    """A filter on the grid that is coarser by 2**r; Kymatio 0.3.0 makes it too small by that factor."""
    blocks = spectrum.reshape(2**r, -1)
    return blocks.sum(0) if convention == "main" else blocks.mean(0)


def decimate(spectrum, r):
    return spectrum.reshape(2**r, -1).mean(0)


def without_margins(u, start, stop, r):
    for _ in range(r):
        start, stop = (start + 1) // 2, (stop + 1) // 2
    return u[start:stop]


def scattering(signal, J, Q=1, T=None, stride=None, order=2, padding="reflect", convention="main", output="scattering"):
    """Maps `{n: (time,)}` of one signal `(time,)`, in float64 and in the order of `paths`.

    T = 0 does not average, T = "global" sums whatever there is, margins included. With the padding "periodic" the
    signal is the period, and its length a multiple of 2**J and of the stride. The outputs "modulus" and "wavelet" are
    what is averaged otherwise, and the complex waves before the modulus.
    """
    x = np.asarray(signal, float)
    width = 2**J if T in (None, 0, "global") else T
    log2_stride = int(math.log2(stride or width))
    left, right = (0, 0) if padding == "periodic" else margins(len(x), width)
    padded = np.pad(x, (left, right), "constant" if padding == "zeros" else "reflect")
    psi = [[morlet(len(padded), w.xi, w.sigma) for w in bank] for bank in banks(J, Q, order)]
    phi = gaussian(len(padded), 0.1 / width)
    found = {}

    def filtered(u, h, r, to):
        return np.fft.ifft(decimate(np.fft.fft(u) * level(h, r, convention), to - r))

    def averaged(u, r):
        if T == "global":
            return u.sum(keepdims=True)
        if T != 0:
            u, r = filtered(u, phi, r, log2_stride).real, log2_stride
        return without_margins(u, left, left + len(x), r)

    def visit(wave, r, path, j):
        u = np.abs(wave) if path else wave
        wanted = wave if output == "wavelet" else u
        found[path] = averaged(u, r) if output == "scattering" else without_margins(wanted, left, left + len(x), r)
        for n, wavelet in enumerate(banks(J, Q, order)[len(path)] if len(path) < order else ()):
            if wavelet.j > j:
                to = wavelet.j if T in (0, "global") else min(wavelet.j, log2_stride)
                visit(filtered(u, psi[len(path)][n], r, to), to, (*path, n), wavelet.j)

    visit(padded, 0, (), -1)
    return {path.n: found[path.n] for path in paths(J, Q, order)}

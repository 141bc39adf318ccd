"""Joint time-frequency scattering once more, in plain NumPy: a Fourier transform along n1 for every wavelet.

The time axis is that of `numpy_twin_1d`. Along n1 there are zeros behind the last wavelet, and then it starts again.
"""

import math
from typing import NamedTuple

import numpy as np
import numpy_twin_1d as time


class Row(NamedTuple):
    order: int
    n1: tuple
    n2: int
    n_fr: int
    values: np.ndarray  # (time,) or (n1, time)


class Frequencies:
    """Sizes and filters along n1."""

    def __init__(self, J, Q, J_fr, Q_fr, F, stride_fr):
        self.average = {0: "none", "global": "global"}.get(F, "local")
        self.F = 2**J_fr if F in (None, 0, "global") else F
        self.log2_stride = int(math.log2(stride_fr)) if stride_fr else int(math.log2(self.F))
        self.size = int(((J + 1) * Q + 8 * min(self.F, 2**J_fr)) // 2**J_fr) * 2**J_fr
        rising = time.wavelets(J_fr, Q_fr)
        self.wavelets = [time.Wavelet(0.0, 0.1 / 2**J_fr, J_fr), *rising]
        self.wavelets += [wavelet._replace(xi=-wavelet.xi) for wavelet in rising]
        self.filters = [time.gaussian(self.size, 0.1 / 2**J_fr)]
        self.filters += [time.morlet(self.size, wavelet.xi, wavelet.sigma) for wavelet in self.wavelets[1:]]

    def level(self, n):
        j = self.wavelets[n].j
        return min(j, self.log2_stride) if self.average == "local" else j

    def averaged(self, u, n):
        """Averages of `(n1, time)`, and their distance; None for a sum."""
        level = self.level(n)
        if n == 0 or self.average == "none":
            return u, 2**level
        if self.average == "global":
            return u.sum(0, keepdims=True), None
        phi = time.level(time.gaussian(self.size, 0.1 / self.F), level, "main")
        spectrum = (np.fft.fft(u, axis=0) * phi[:, None]).reshape(2 ** (self.log2_stride - level), -1, u.shape[1])
        return np.fft.ifft(spectrum.mean(0), axis=0).real, 2**self.log2_stride


def scattering(signal, J, J_fr, Q, Q_fr=1, T=None, F=None, stride=None, stride_fr=None, format="time"):
    """`Row`s of one signal `(time,)`, in output order; with the format "joint" all samples along n1."""
    x, Q = np.asarray(signal, float), (Q, 1) if isinstance(Q, int) else Q
    T_width = 2**J if T in (None, 0, "global") else T
    log2_stride = int(math.log2(stride or T_width))
    left, right = time.margins(len(x), T_width)
    padded = np.pad(x, (left, right), "reflect")
    first, second = (time.wavelets(J, q) for q in Q)
    phi = time.gaussian(len(padded), 0.1 / T_width)
    frequencies = Frequencies(J, Q[0], J_fr, Q_fr, F, stride_fr)

    def level_of(j):
        return j if T in (0, "global") else min(j, log2_stride)

    def filtered(u, h, r, to):
        return np.fft.ifft(time.decimate(np.fft.fft(u) * time.level(h, r, "main"), to - r))

    def averaged(u, r):
        if T == "global":
            return u.sum(-1, keepdims=True)
        if T != 0:
            u, r = np.stack([filtered(row, phi, r, log2_stride).real for row in np.atleast_2d(u)]), log2_stride
        return time.without_margins(u.T, left, left + len(x), r).T

    zero = x if T == 0 else averaged(padded, 0)
    found = [Row(0, (), -1, -1, np.ravel(zero))]
    moduli = []
    for wavelet in first:
        r = level_of(wavelet.j)
        moduli.append((wavelet.j, r, abs(filtered(padded, time.morlet(len(padded), *wavelet[:2]), 0, r))))
    stacks = [(-1, log2_stride, [filtered(u, phi, r, log2_stride).real for _, r, u in moduli])]
    for n2, wavelet in enumerate(second):
        h, to = time.morlet(len(padded), *wavelet[:2]), level_of(wavelet.j)
        stacks.append((n2, to, [filtered(u, h, r, max(r, to)) for j, r, u in moduli if j < wavelet.j]))
    for n2, r, stack in stacks:
        if not stack:
            continue
        count, order = len(stack), 1 if n2 < 0 else 2
        spectrum = np.fft.fft(np.pad(np.stack(stack), [(0, frequencies.size - count), (0, 0)]), axis=0)
        for n, (wavelet, h) in enumerate(zip(frequencies.wavelets, frequencies.filters)):
            if order == 1 and wavelet.xi < 0:
                continue
            product = (spectrum * h[:, None]).reshape(2 ** frequencies.level(n), -1, spectrum.shape[1])
            u = abs(np.fft.ifft(product.mean(0), axis=0))
            u = time.without_margins(u.T, left, left + len(x), r).T if order == 1 and T != "global" else averaged(u, r)
            u, step = frequencies.averaged(u, n)
            centres = range(0, count, step or count)
            if format == "time":
                found += [Row(order, (n1,), n2, n, u[i]) for i, n1 in enumerate(centres)]
            else:
                found.append(Row(order, tuple(centres), n2, n, u))
    return found

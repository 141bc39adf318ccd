"""Bump-steerable wavelets of images in frequency: they vanish beyond twice their centre frequency.

Reference: S. Cheng et al., Scattering spectra models for physics, PNAS Nexus 3 (2024); the constants are those of the
program that its authors publish, whose angular power is `L / 2 + 1`.
"""

import itertools
import math

import numpy as np

from keras_scatter.filters.morlet import XI, angle


def bump_spectra(j, L, height, width):
    """Fourier transforms of the L wavelets of scale j, `(L, height, width)` float64: real, and zero at frequency 0.

    `c exp(-(|w| - k)^2 / (k^2 - (|w| - k)^2)) cos(a - a_t)^(L / 2 + 1)` where `|w| < 2 k` and the direction a of w is
    within a quarter turn of the angle a_t; `k = 3 pi / 4 / 2**j`. Aliases are added up.

    Args:
        L: number of angles, at least 2.

    Example:

    >>> spectra = bump_spectra(j=1, L=4, height=16, width=16)
    >>> spectra.shape, round(float(spectra.max()), 2)
    ((4, 16, 16), 0.78)
    """
    centre = XI / 2**j
    directions = angle(np.arange(L), L)[:, None, None]
    total = np.zeros((L, height, width))
    for turns in itertools.product((0, 1), repeat=2):
        rows, columns = (2 * np.pi * (np.arange(n) / n - turn) for n, turn in zip((height, width), turns))
        radius = np.hypot(rows[:, None], columns)
        inside = (radius > 0) & (radius < 2 * centre)
        off = np.where(inside, radius - centre, 0)
        radial = np.where(inside, np.exp(-(off**2) / (centre**2 - off**2)), 0)
        cosine = np.maximum(np.cos(np.arctan2(columns, rows[:, None]) - directions), 0)
        total += radial * cosine ** (L / 2 + 1)
    total[:, 0, 0] = 0
    norm = 1.29 * math.sqrt(L / 2 * math.gamma(L - 1))
    return 2 ** (L / 2 - 1) * math.gamma(L / 2) / norm * total

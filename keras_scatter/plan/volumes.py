"""Plans of the solid harmonic scattering of volumes: scales and degrees, all at full resolution, without margins."""

import itertools
import math
from typing import NamedTuple

import numpy as np

from keras_scatter.cache import cached
from keras_scatter.filters.paths import HarmonicPath, Paths
from keras_scatter.filters.solid_harmonic import harmonic_polynomials
from keras_scatter.filters.spectra import as_float
from keras_scatter.plan.axis import Axis
from keras_scatter.plan.tree import MOST_PATHS, Plan, Wavelet, tree


class VolumeFilters(NamedTuple):
    """The filters of a plan, and what becomes of moduli.

    Attributes:
        J, L: largest scale and degree.
        sigma_0: width of the Gaussian of scale 0, voxels.
        covariant: whether a modulus is over all m of a degree; otherwise it is that of `m = -l`.
        powers: exponents of the moduli.
        kept: which of all powers of all rows are outputs.
    """

    J: int
    L: int
    sigma_0: float
    covariant: bool
    powers: tuple
    kept: tuple

    def scale(self, j):
        """Width of the Gaussian of scale j, voxels."""
        return self.sigma_0 * 2**j

    def polynomials(self, degree):
        """Coefficients of the wavelets under one root, see `harmonic_polynomials`."""
        found = harmonic_polynomials(degree)
        # That of m = -l is made of two real ones.
        return found if self.covariant or not degree else found[[0, -1]] / math.sqrt(2)

    def lowpass(self, size, level, xp=np):
        """Spectrum of the Gaussian of scale J along one axis."""
        k = xp.arange(size, dtype="float64") / as_float(size, xp)
        w = 2 * math.pi * self.scale(self.J) * xp.minimum(k, 1 - k)
        return xp.exp(-(w**2) / 2)


@cached
def volume_plan(geometry, order, powers, average, order_0, paths=None):
    """The plan of a transform of volumes: a wavelet acts on moduli of the same degree and of smaller scales.

    Args:
        geometry: `(J, L, sigma_0, rotation_covariant)`.
        powers: tuple of exponents.
        average: `"integral"` or `"local"`.
        order_0: whether powers of the volume itself are outputs.
        paths: None, or a tuple of those that are wanted.
    """
    J, L, sigma_0, covariant = geometry
    order = min(order, J + 1)  # longer paths do not exist
    _check_count(J, L, order, len(powers))
    bank = {kind: _wavelet(kind, J) for kind in itertools.product(range(J + 1), range(L + 1))}
    named = [((), HarmonicPath(0, (), -1, power)) for power in powers if order_0]
    for m in range(1, order + 1):
        for scales, degree in itertools.product(itertools.combinations(range(J + 1), m), range(L + 1)):
            row = tuple(bank[j, degree] for j in scales)
            named += [(row, HarmonicPath(m, scales, degree, power)) for power in powers]
    if paths is not None:
        wanted = set(paths)
        named = [(row, path) for row, path in named if path in wanted]
    rows = tuple(dict.fromkeys(row for row, _ in named))
    nodes = tree([tuple(bank.values())], order, None, lambda wavelet: 0, set(rows))
    index = {row: i * len(powers) for i, row in enumerate(rows)}
    kept = tuple(index[row] + powers.index(path.power) for row, path in named)
    filters = VolumeFilters(J, L, sigma_0, covariant, powers, kept)
    level = J if average == "local" else 0
    return Plan(nodes, Paths(path for _, path in named), rows, level, level, "periodic", Axis, filters, average)


def _wavelet(kind, J):
    j, degree = kind
    return Wavelet(degree * (J + 1) + j, j, kind)


def _check_count(J, L, order, powers):
    received = f"J={J}, L={L}, order={order}, {powers} integral_powers"
    total = 0
    for m in range(order + 1):
        total += math.comb(J + 1, m) * (L + 1) * powers
        if total > MOST_PATHS:
            raise ValueError(f"A transform must have at most {MOST_PATHS} paths. Received: {received}")

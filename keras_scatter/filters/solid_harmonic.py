"""Solid harmonic wavelets of volumes in frequency, as polynomials times a Gaussian: Kymatio's constants.

`psi_{j,l,m}(w) = (-i)^l c_l P_{l,m}(s w) exp(-|s w|^2 / 2)`, `s = sigma_0 2**j` voxels, w in radians a voxel, P the
real solid harmonics `|w|^l Y_{l,m}`. Kymatio's are complex, and mixed from these by a unitary matrix, so that the sum
over m of squared moduli is the same. Everything is separable: a polynomial is a sum of products of powers along the
axes.
Reference: M. Eickenberg et al., Solid Harmonic Wavelet Scattering for Predictions of Molecule Properties, J. Chem.
Phys. 148 (2018).
"""

import itertools
import math

import numpy as np
from numpy.polynomial import legendre, polynomial

from keras_scatter.cache import cached
from keras_scatter.filters.spectra import as_float

NEGLIGIBLE = {"float32": 1e-6, "float64": 1e-14}  # of a wavelet's peak, at the Nyquist frequency


@cached
def harmonic_polynomials(degree):
    """The `c_l P_{l,m}` for m = -l..l as coefficients: `(2 l + 1, l + 1, l + 1, l + 1)`.

    Entry `[l + m, a, b, c]` belongs to `z^a y^b x^c`, for axes z, y, x of a volume.

    Example:

    >>> harmonic_polynomials(1)[:, [1, 0, 0], [0, 1, 0], [0, 0, 1]].round(3).tolist()
    [[0.0, 0.627, 0.0], [0.627, 0.0, 0.0], [0.0, 0.0, 0.627]]
    """
    found = np.zeros((2 * degree + 1, *[degree + 1] * 3))
    for m in range(degree + 1):
        # In powers of z / |w|: what |w| is missing is made of squares.
        powers = polynomial.polyder(legendre.leg2poly([0] * degree + [1]), m)
        norm = math.sqrt((2 * degree + 1) / (4 * math.pi) * math.factorial(degree - m) / math.factorial(degree + m))
        for p in range((degree - m) % 2, degree - m + 1, 2):
            for (i, j, k), ways in _multinomial((degree - m - p) // 2):
                for b in range(m + 1):
                    value = norm * powers[p] * ways * math.comb(m, b) * 1j**b
                    at = p + 2 * i, b + 2 * j, m - b + 2 * k
                    found[degree + m, *at] += value.real * (math.sqrt(2) if m else 1)
                    found[degree - m, *at] += value.imag * math.sqrt(2)
    return _constant(degree) * found


def axis_factors(size, scale, degree, xp=np):
    """What the wavelets of a scale are along one axis: `(2, degree + 1, size)`, powers 0 to `degree` times a Gaussian.

    The second half has the Nyquist frequency of an even size as positive, the first one as negative. A wavelet is
    Kymatio's where all axes are taken from the first half, and its mirror image where they are from the second one.

    Args:
        size: an int, or a tensor with `keras.ops` as `xp`.
        scale: s, voxels.
    """
    k = xp.arange(size, dtype="float64")
    length = as_float(size, xp)
    found = []
    for nyquist in (2 * k >= length, 2 * k > length):
        w = 2 * math.pi * scale * xp.where(nyquist, k - length, k) / length
        bell = xp.exp(-(w**2) / 2)
        found.append(xp.stack([w**power * bell for power in range(degree + 1)]))
    return xp.stack(found)


def reaches_nyquist(scale, degree, dtype):
    """Whether wavelets are larger at the Nyquist frequency than the rounding of the dtype.

    Their values there have no mirror image on the grid, so that waves are complex. Where they are that small, they make
    no difference to a modulus.
    """
    if degree == 0:
        return False  # even along all axes
    ratio = math.pi * scale / math.sqrt(degree)
    return ratio <= 1 or degree * (math.log(ratio) + (1 - ratio**2) / 2) > math.log(NEGLIGIBLE[dtype])


def support(scale, degree):
    """Voxels across which a wavelet is more than about a hundredth of its peak."""
    return 2 * scale * (math.sqrt(degree) + 2.5)


def _multinomial(power):
    """Exponents (i, j, k) and coefficients of the power of a sum of three."""
    for i, j in itertools.product(range(power + 1), repeat=2):
        if i + j <= power:
            yield (i, j, power - i - j), math.comb(power, i) * math.comb(power - i, j)


def _constant(degree):
    if degree % 2:
        halves = math.factorial((degree + 1) // 2)
        norm = 2 ** ((degree + 3) / 2) * math.sqrt(math.pi * (2 * degree + 1)) * halves
    else:
        norm = 2 * math.pi * math.sqrt(degree + 0.5) * math.prod(range(degree + 1, 0, -2))
    return (2 * math.pi) ** 1.5 / norm

"""Solid harmonic scattering of volumes: waves of all orders m under one root, powers of moduli."""

import functools
import itertools
from typing import NamedTuple

import numpy as np
from keras import ops

from keras_scatter.backend import fourier
from keras_scatter.backend.arrays import take
from keras_scatter.backend.constants import constants
from keras_scatter.backend.modulus import power, smooth_root
from keras_scatter.backend.programs import compiled
from keras_scatter.backend.recomputation import recomputed
from keras_scatter.backend.sizes import is_static
from keras_scatter.cache import cached
from keras_scatter.filters.solid_harmonic import axis_factors, reaches_nyquist
from keras_scatter.functional import cascade, smoothing


class Terms(NamedTuple):
    """The wavelets of a scale and degree on half a spectrum, without their factor `(-i)^l`: sums of products.

    Attributes:
        first: `(K, B, D, H)`, for powers 0 to l along the last axis. Where wavelets reach the Nyquist frequency there
            are as many terms again for their mirror images, and all are halved.
        last: `(K, W // 2 + 1)`.
    """

    first: object
    last: object


def matrices(plan, axes, dtype):
    """The matrices of all transforms of a plan."""
    sizes = [tuple(axis.length for axis in axes)]
    return fourier.matrices(sizes, sizes, dtype)


def harmonic_bank(plan, axes, dtype):
    """`Terms` by scale and degree."""
    lengths = tuple(axis.length for axis in axes)
    kinds = sorted({band.wavelets[0].kind for band in plan.bands})
    return {kind: _terms(plan.filters, kind, lengths, dtype) for kind in kinds}


def _terms(filters, kind, lengths, dtype):
    if is_static(*lengths):
        return Terms(*constants(_kept_terms(filters, kind, lengths, dtype)))
    return Terms(*(ops.cast(part, dtype) for part in _products(filters, kind, lengths, dtype, ops)))


@cached
def _kept_terms(filters, kind, lengths, dtype):
    return tuple(part.astype(dtype) for part in _products(filters, kind, lengths, dtype, np))


def _products(filters, kind, lengths, dtype, xp):
    scale, degree = filters.scale(kind[0]), kind[1]
    z, y, x = (axis_factors(length, scale, degree, xp) for length in lengths)
    x, polynomials = x[..., : lengths[2] // 2 + 1], filters.polynomials(degree)
    if reaches_nyquist(scale, degree, dtype):
        halves = [(polynomials / 2, z[i], y[i], x[i]) for i in (0, 1)]
    else:
        halves = [(polynomials, *((factors[0] + factors[1]) / 2 for factors in (z, y, x)))]
    first = [xp.einsum("mabc,az,by->cmzy", polynomials, z, y) for polynomials, z, y, _ in halves]
    return xp.concatenate(first), xp.concatenate([x for *_, x in halves])


class Arrays(NamedTuple):
    """The arrays of `program`.

    Attributes:
        bank: `Terms` by scale and degree.
        matrices: as in `fourier.Arrays`.
    """

    bank: dict
    matrices: dict | None = None


class HarmonicStages(cascade.Stages):
    """Stages of `cascade`: waves are computed with their moduli, and again for the gradient."""

    def __init__(self, plan, axes, arrays, dtype):
        self.axes, self._plan = axes, plan
        self._bank, by_products = arrays
        self._fourier = fourier.transforms(by_products)
        self.in_parts = by_products is None
        self._sizes = tuple(axis.length for axis in axes)
        if plan.average == "local":
            self._lowpass = smoothing.matrices(plan, axes, 0, dtype)

    def pad(self, planes):
        return planes  # they are periodic

    def analyse(self, moduli, node):
        return self._fourier.spectrum(moduli, 3)

    def waves(self, spectrum, band):
        return spectrum, band.wavelets[0].kind

    def modulus(self, waves):
        spectrum, (j, degree) = waves
        modulus = functools.partial(self._modulus, degree=degree)
        if self.in_parts:
            modulus = recomputed(modulus, is_program=True)
        return modulus(spectrum, self._bank[j, degree])

    def average(self, moduli, level):
        if self._plan.nodes[0].emits:
            moduli = ops.absolute(moduli)  # of the volume itself, which may be negative
        found = [power(moduli, q) for q in self._plan.filters.powers]
        if self._plan.average == "local":
            found = [smoothing.smooth(part, self._lowpass) for part in found]
        else:
            found = [smoothing.total(part, 3)[..., 0, 0, 0] for part in found]
        return ops.stack(found, axis=2)

    def _modulus(self, spectrum, terms, degree):
        """`sqrt(sum_m |u * psi_m|^2)`, or that of m = -l alone."""
        first, last = terms
        spectrum = self._fourier.turned(spectrum) if degree % 2 else spectrum
        real = self._waves(spectrum, first, last)
        if first.shape[0] == degree + 1:
            return smooth_root(_sum_of_squares(real))
        # Besides the half that has a mirror image there is one that has none: waves of it are imaginary.
        last = ops.concatenate([last[: degree + 1], -last[degree + 1 :]])
        imaginary = self._waves(self._fourier.turned(spectrum), first, last)
        if self._plan.filters.covariant:
            return smooth_root(_sum_of_squares(itertools.chain(real, imaginary)))
        # psi_{-l} is the second wavelet minus i times the first one.
        (a, b), (c, d) = real, imaginary
        return smooth_root(_sum_of_squares([a - d, b + c]))

    def _waves(self, spectrum, first, last):
        """The waves `(N, R, D, H, W)` of each wavelet in turn: nothing waits for the others, and stays in the cache."""
        for wavelet in range(first.shape[1]):
            product = self._fourier.product_of_terms(spectrum, first[:, wavelet : wavelet + 1], last)
            yield self._fourier.real_inverse(product, self._sizes)


def _sum_of_squares(waves):
    return sum(wave * wave for wave in waves)


def _scatter(volumes, arrays, plan, output):
    """Solid harmonic scattering of volumes `(N, D, H, W)`: `(N, K)`, or `(N, K, d, h, w)` where it is local.

    Args:
        arrays: `Arrays`.
        output: `"scattering"`.
    """
    found = cascade.scatter(volumes, arrays, HarmonicStages, plan, output)
    _, rows, powers, *sizes = ops.shape(found)
    return take(ops.reshape(found, (-1, rows * powers, *sizes)), np.array(plan.filters.kept), axis=1)


# See `fourier.program`.
program = compiled(xla_under_tensorflow=True)(_scatter)
program_of_products = compiled(xla_under_tensorflow=False)(_scatter)

"""Filters of signals in the Fourier domain, for any size."""

from typing import NamedTuple

import numpy as np
from keras import ops

from keras_scatter.backend.constants import constants
from keras_scatter.backend.sizes import is_static
from keras_scatter.cache import cached
from keras_scatter.filters.morlet_1d import constant_q


class Bins(NamedTuple):
    """Filters where they do not vanish: `values` `(B, bins)` from the frequency bin `first` on."""

    first: int
    values: object


def signal_bank(plan, axes, dtype):
    """`Bins` for every one of `plan.bands`, over their decimations; arrays of all bins where the size is not known."""
    (axis,) = axes
    if is_static(axis.length):
        return tuple(Bins(first, *constants([values])) for first, values in _kept_bank(plan, axis.length, dtype))
    return tuple(_in_graph(plan.filters, band, axis.length, dtype) for band in plan.bands)


@cached
def _kept_bank(plan, size, dtype):
    found = (plan.filters.wavelets(band, size, dtype) for band in plan.bands)
    return tuple((first, values / 2 ** (band.level - band.source)) for band, (first, values) in zip(plan.bands, found))


def _in_graph(filters, band, size, dtype):
    """All bins of a band in FFT order, for a size that is known at run time only."""
    bank = constant_q(filters.J, filters.Q[band.bank])
    xi, sigma = (np.array([[bank[w.n][i]] for w in band.wavelets]) for i in (0, 1))
    w = ops.arange(size, dtype="float64") / ops.cast(size, "float64")

    def bells(centre):
        return sum(ops.exp(-((w + period - centre) ** 2) / (2 * sigma**2)) for period in range(-4, 5))

    spectra = bells(xi)
    low = bells(0 * xi)
    spectra = spectra - spectra[:, :1] / low[:, :1] * low
    norm = ops.sum(ops.sqrt(sum(part**2 for part in ops.fft((spectra, ops.zeros_like(spectra))))), axis=1)
    grid = size // 2**band.source
    spectra = ops.sum(ops.reshape(spectra, (len(xi), 2**band.source, grid)), axis=1)
    scale = ops.cast(size, "float64") / norm[:, None] / 2 ** (band.level - band.source)
    return ops.cast(spectra * scale, dtype)

"""Filters of images in the Fourier domain, for any size."""

import math

import numpy as np
from keras import ops

from keras_scatter.backend.constants import constants
from keras_scatter.backend.sizes import is_static
from keras_scatter.cache import cached
from keras_scatter.filters.spectra import low_band

CONSTANT = 2**24  # bytes of a bank that is a constant of programs


def image_bank(plan, axes, dtype):
    """Spectra `(B, h, w)` for every one of `plan.bands`, on its grid, over the product of its decimations.

    NumPy arrays, kept for the next call, where sizes are known and the bank has at most `CONSTANT` bytes. A larger one
    is made of products of tensors, computed in every call: as a constant a graph would hold many copies of it, and a
    file one. Where sizes are known at run time only, all is computed from them.
    """
    lengths = tuple(axis.length for axis in axes)
    if not is_static(*lengths):
        return _bank(plan, lambda band: plan.filters.factors(band, lengths, ops), dtype, ops)
    pixels = sum(len(band.wavelets) * math.prod(lengths) >> 2 * plan.filters.grid(band) for band in plan.bands)
    if pixels * np.dtype(dtype).itemsize <= CONSTANT:
        return _kept_bank(plan, lengths, dtype)
    return _bank(plan, lambda band: constants(_kept_factors(plan, band, lengths, dtype)), dtype, ops)


@cached
def _kept_bank(plan, lengths, dtype):
    return _bank(plan, lambda band: plan.filters.factors(band, lengths), dtype, np)


@cached
def _kept_factors(plan, band, lengths, dtype):
    return tuple(factor.astype(dtype) for factor in plan.filters.factors(band, lengths))


def _bank(plan, factors, dtype, xp):
    """Filters of all bands; bands of equal wavelets have the same spectra on different grids."""
    spectra, bank = {}, []
    for band in plan.bands:
        if band.wavelets not in spectra:
            spectra[band.wavelets] = xp.matmul(*factors(band))
        coarser = plan.filters.grid(band) - plan.filters.grid(band._replace(source=0))
        found = low_band(spectra[band.wavelets], coarser, (-2, -1), xp) / 4 ** (band.level - band.source)
        bank.append(found.astype(dtype) if xp is np else ops.cast(found, dtype))
    return tuple(bank)

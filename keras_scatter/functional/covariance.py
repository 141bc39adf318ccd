"""Scattering covariances of images: Gram matrices of the spectra of moduli, in the band of an outer wavelet."""

import functools
import math
import operator

import keras
import numpy as np
from keras import ops

from keras_scatter.backend import fourier
from keras_scatter.backend.chunks import chunk_size, map_chunks
from keras_scatter.backend.programs import compiled
from keras_scatter.cache import cached
from keras_scatter.functional.statistics import average, filtered, gram, row, spectra, weighted


@cached
def covariance_bank(filters, sizes, dtype):
    """Spectra `(J, L, *sizes)`, real."""
    return filters.spectra(sizes).astype(dtype)


@cached
def peer_bands(J, sizes):
    """The bands that Cheng's program sums over, as those of `bands`: about `size / 2**j` on both sides of 0."""
    found = []
    for j in range(J):
        counts = (max(8, min(-(-size // 2**j), size // 2)) for size in sizes)
        # Those of small axes would overlap.
        ends = ((min(n + size % 2, size), n) for n, size in zip(counts, sizes))
        found.append(tuple((first, min(last, size - first)) for (first, last), size in zip(ends, sizes)))
    return tuple(found)


def bands(bank):
    """Where wavelets do not vanish.

    Returns:
        By scale, for both axes: how many frequencies from 0 on are kept, and how many below 0.
    """
    found = []
    for wavelets in bank:
        seen = abs(wavelets) > np.finfo(wavelets.dtype).eps / 10 * abs(wavelets).max()
        found.append(tuple(_band(seen.any(axis)) for axis in ((0, 2), (0, 1))))
    return tuple(found)


def _band(seen):
    size = len(seen)
    frequencies = np.fft.fftfreq(size, 1 / size)[seen]
    low, high = int(min(0, frequencies.min())), int(max(0, frequencies.max()))
    return min(high + 1, size), min(-low, size - high - 1)


@compiled(xla_under_tensorflow=False)
def moments(items, bank, plan, bands, chunk=None):
    """Moments of a `plan.covariance.covariance_plan`, `(N, M)`.

    Args:
        items: `(N, fields, H, W)`, or weights behind the fields, see `statistics.weighted`.
        bank: `(J, L, H, W)`.
        bands: see the function; None for sums over space, which weights need.
        chunk: number of items at a time; None means as many as fit the cache.
    """
    chunk = chunk or chunk_size(4 * _peak(plan, bank.shape, bands))
    return map_chunks(functools.partial(program, bank=bank, plan=plan, bands=bands), items, chunk)


def _peak(plan, shape, bands):
    """About how many real numbers of an item are alive at once."""
    J, L, *sizes = shape
    kept = [math.prod(sizes if bands is None else map(sum, bands[j])) for j, _ in plan.outer]
    rows = [4 * L * plan.fields * (1 + (j + 1) * L) for j, _ in plan.outer]
    return 3 * plan.fields * J * L * math.prod(sizes) + max(map(operator.mul, kept, rows), default=0)


@compiled(xla_under_tensorflow=True)
def program(items, bank, plan, bands):
    """See `moments`."""
    fields, mean, share = weighted(items, plan.fields)
    _, _, *sizes = ops.shape(items)
    J, L = bank.shape[:2]
    count = math.prod(sizes)
    variance = average(fields * fields, share) * (count / (count - 1))
    planes = ops.reshape(fields, (-1, 1, *sizes))
    found = filtered(spectra(planes, 2), ops.reshape(bank, (J * L, *sizes)), 2)
    moduli = fourier.modulus(found)
    of_item = ops.reshape(moduli, (-1, plan.fields * J * L, *sizes))
    parts = [mean, variance, average(of_item * of_item, share), average(of_item, share)]
    if plan.fields == 2:
        parts += _between(fourier.parts(found), share)
    if plan.outer and bands is None:
        parts += _in_space(planes, moduli, share, bank, plan)
    elif plan.outer:
        parts += _in_bands(ops.concatenate([planes, moduli], axis=1), bank, plan, bands)
    return row(parts)


def _between(parts, share):
    """Mean products of the waves of two fields, real and imaginary parts."""
    (one, other), (of_one, of_other) = (_by_item(part, 2) for part in parts)
    return [average(one * other + of_one * of_other, share), average(of_one * other - one * of_other, share)]


def _in_bands(sources, bank, plan, bands):
    """Gram matrices by outer scale: of the spectra of a field and of its moduli, `(N, 1 + J L, ...)`."""
    _, _, *sizes = ops.shape(sources)
    of_sources = [part / math.prod(sizes) for part in fourier.parts(spectra(sources, 2))]
    found = []
    for j, left in plan.outer:
        L, rows = bank.shape[1], (j + 1) * bank.shape[1]
        wavelets = ops.reshape(_low(bank[j], bands[j]), (L, 1, 1, -1))
        parts = []
        for part in of_sources:
            part = _low(part[:, : 1 + rows], bands[j])
            part = ops.reshape(part, (-1, plan.fields, 1 + rows, wavelets.shape[-1]))
            outside = ops.repeat(part[:, None, :, 0], L, axis=1)
            parts.append(_rows(outside, part[:, None, :, 1:] * wavelets))
        found.append(_by_angle(gram(*parts, left), L))
    return found


def _in_space(planes, moduli, share, bank, plan):
    """As `_in_bands`, with weights: of the field and of what the outer wavelets make of its moduli."""
    count, of_moduli, found = math.prod(ops.shape(planes)[2:]), spectra(moduli, 2), []
    for j, left in plan.outer:
        L, rows = bank.shape[1], (j + 1) * bank.shape[1]
        parts = []
        inner = keras.tree.map_structure(lambda part, rows=rows: part[:, :rows], of_moduli)
        for k, part in enumerate(fourier.parts(filtered(inner, bank[j], 2))):
            part = ops.transpose(ops.reshape(part, (-1, plan.fields, rows, L, count)), (0, 3, 1, 2, 4))
            outside = ops.reshape(planes * (1 - k), (-1, 1, plan.fields, count))
            parts.append(_rows(ops.repeat(outside, L, axis=1), part))
        weights = ops.repeat(ops.reshape(share, (-1, 1, count)), L, axis=0)
        found.append(_by_angle(gram(*parts, left, weights), L))
    return found


def _by_item(planes, fields):
    """`(N * fields, ...)` as arrays `(N, ...)` by field."""
    planes = ops.reshape(planes, (-1, fields, *ops.shape(planes)[1:]))
    return [planes[:, f] for f in range(fields)]


def _rows(outside, moduli):
    """Rows of Gram matrices `(N * L, R, n)`: of fields `(N, L, F, n)`, and of moduli `(N, L, F, R, n)`."""
    _, _, fields, rows, count = moduli.shape
    _, L = outside.shape[:2]
    joined = ops.concatenate([outside, ops.reshape(moduli, (-1, L, fields * rows, count))], axis=2)
    return ops.reshape(joined, (-1, fields * (1 + rows), count))


def _by_angle(matrices, L):
    """`(N * L, 2, ...)` as `(N, 2, L, ...)`."""
    return ops.transpose(ops.reshape(matrices, (-1, L, *matrices.shape[1:])), (0, 2, 1, 3, 4))


def _low(values, band):
    """The frequencies of the last two axes that a band keeps."""
    for axis, (first, last) in zip((-2, -1), band):
        size, behind = values.shape[axis], (slice(None),) * (-1 - axis)
        if first + last < size:
            parts = [values[(..., slice(0, first), *behind)], values[(..., slice(size - last, size), *behind)]]
            values = ops.concatenate(parts, axis=axis)
    return values

"""What statistics of all ranks share: waves, Gram matrices, and the sums of moments that a plan names."""

import math

import keras
import numpy as np
from keras import ops

from keras_scatter.backend import fourier
from keras_scatter.backend.arrays import complex_array, take
from keras_scatter.backend.programs import compiled


def spectra(planes, rank):
    """Spectra of real planes `(N, R, ...)`, whole."""
    found = fourier.spectrum(planes, rank)
    return fourier.whole(found, planes.shape[-1]) if rank == 1 else found


def filtered(spectrum, filters, rank):
    """Complex waves `(N, R * B, ...)` of spectra, and of filters `(B, ...)`: real ones, in frequency."""
    return fourier.inverse(fourier.product(spectrum, fourier.filters(filters), (1,) * rank), rank)


def weighted(items, fields):
    """Fields without their means, these, and what is averaged with.

    Args:
        items: `(N, fields, ...)`, or with one more plane, weights >= 0. Where a weight is 0 a field counts for nothing,
            and may be NaN.

    Returns:
        Fields, 0 where the weight is; their means `(N, fields)`; and weights of sum 1 `(N, 1, ...)`, or None.
    """
    axes = tuple(range(2, len(items.shape)))
    if items.shape[1] == fields:
        mean = _mean(items, axes, keepdims=True)
        return items - mean, ops.squeeze(mean, axes), None
    fields, weight = items[:, :fields], items[:, fields:]
    share, is_there = weight / ops.sum(weight, axis=axes, keepdims=True), weight > 0
    fields = ops.where(is_there, fields, 0.0)
    mean = ops.sum(share * fields, axis=axes, keepdims=True)
    return ops.where(is_there, fields - mean, 0.0), ops.squeeze(mean, axes), share


def average(values, share):
    """Means `(N, R)` of `(N, R, ...)`."""
    axes = tuple(range(2, len(values.shape)))
    return _mean(values, axes) if share is None else ops.sum(values * share, axis=axes)


def gram(real, imag, left=0, share=None):
    """Sums of `row * conj(row)` over the last axis of `(N, R, n)`: `(N, 2, left, R)`, real and imaginary parts.

    Args:
        left: how many of the rows are factors without a conjugate; 0 for all.
        share: weights of the sums, `(N, 1, n)`.
    """
    rows = real.shape[1]
    left = left or rows
    both = ops.concatenate([real, imag], axis=1)
    first = both if left == rows else ops.concatenate([real[:, :left], imag[:, :left]], axis=1)
    products = first @ ops.transpose(both if share is None else both * share, (0, 2, 1))
    one, other = products[:, :left], products[:, left:]
    return ops.stack([one[..., :rows] + other[..., rows:], other[..., :rows] - one[..., rows:]], axis=1)


def row(parts):
    """Moments of a batch as one row of numbers each."""
    return ops.concatenate([ops.reshape(part, (-1, int(np.prod(part.shape[1:])))) for part in parts], axis=1)


def divisors(moments, plan):
    """What moments `(N, M)` are divided by, inverted, `(N, D)`: 0 in the place of divisors that vanish."""
    parts = [ops.ones_like(moments[:, :1]), _inverse(take(moments, plan.divisors.roots, axis=1), 0.5)]
    if len(plan.divisors.means):
        parts.append(_inverse(_mean(_taken(moments, plan.divisors.means), (-1,)), 1.0))
    return ops.concatenate(parts, axis=1)


def of_reference(inverses, powers, plan):
    """`divisors` with the roots of other powers, `(N or 1, P)`, in the place of the last roots."""
    last = 1 + len(plan.divisors.roots)
    inverse = _inverse(powers, 0.5) * ops.ones_like(inverses[:, :1])
    return ops.concatenate([inverses[:, : last - powers.shape[1]], inverse, inverses[:, last:]], axis=1)


@compiled(xla_under_tensorflow=False)
def features(moments, inverses, plan):
    """The statistics `(N, K)` of `plan.paths`.

    Args:
        moments: `(N, M)`.
        inverses: `divisors` of these, or of others, `(1, D)`; None for their own.
    """
    inverses = divisors(moments, plan) if inverses is None else inverses
    found = _sums(moments, inverses, plan.terms)
    if not plan.logs.any():
        return found
    is_log, dtype = plan.logs > 0, _dtype(moments)
    least = np.where(is_log, _smallest(moments) ** plan.logs, 1.0)
    least = ops.convert_to_tensor(least.astype(dtype))
    logs = ops.log(ops.where(ops.logical_and(is_log, found > least), found, least))
    return ops.where(is_log, logs, found)


@compiled(xla_under_tensorflow=False)
def arrays(moments, inverses, plan):
    """All statistics by name, `(N, ...)`, without logarithms: NaN where there are none. As `features`."""
    inverses = divisors(moments, plan) if inverses is None else inverses
    moments = ops.concatenate([moments, ops.full_like(moments[:, :1], np.nan)], axis=1)
    found = {}
    for name, (real, imag) in plan.arrays.items():
        parts = [_product(moments, inverses, terms) for terms in (real, imag) if terms is not None]
        found[name] = complex_array(*parts) if len(parts) == 2 else parts[0]
    return found


def _sums(moments, inverses, terms):
    found = _product(moments, inverses, terms)
    if (terms.weight == 1).all() and terms.weight.shape[1] == 1:
        return found[..., 0]
    return ops.sum(found * ops.convert_to_tensor(terms.weight.astype(_dtype(moments))), axis=-1)


def _product(moments, inverses, terms):
    found = _taken(moments, terms.at)
    for place in terms[1:3]:
        if np.any(place):
            found = found * _taken(inverses, np.broadcast_to(place, terms.at.shape))
    return found


def _taken(numbers, index):
    return ops.reshape(take(numbers, index.ravel(), axis=1), (-1, *index.shape))


def _mean(values, axes, keepdims=False):
    """That of `keras.ops` sums in float32 under JAX, whatever the dtype."""
    return ops.sum(values, axis=axes, keepdims=keepdims) / math.prod(values.shape[axis] for axis in axes)


def _inverse(numbers, exponent):
    is_there = numbers > _smallest(numbers)
    return ops.where(is_there, ops.where(is_there, numbers, 1.0) ** -exponent, 0.0)


def _smallest(numbers):
    """A number that the powers of nothing stay below: see `backend.modulus`."""
    return 4 * float(np.finfo(_dtype(numbers)).tiny)


def _dtype(numbers):
    return keras.backend.standardize_dtype(numbers.dtype)

"""Discrete Fourier transforms of one axis as products with real matrices, for runtimes that have no other ones.

A complex array has its real and imaginary parts in the axis before the last one: `(N, 2, n)`. Matrices stand on the
right of every product: LiteRT makes a fully connected layer of that, and gives wrong numbers in int8 for the other.
"""

import math
from typing import NamedTuple

import numpy as np
from keras import ops

from keras_scatter.cache import cached

# What the steps between two factors take, in real products for each complex number, as measured in ONNX Runtime and
# LiteRT.
BETWEEN = 128


class Dft(NamedTuple):
    """The arrays of a transform: one matrix, or two with a factor for each number between them (Cooley and Tukey).

    Attributes:
        first: `(a * m, 2 * m)`, from all of an axis, or from every `n / m`-th sample; a is 1 for real numbers and 2 for
            complex ones. `(2 * m, n)` where the result is real.
        between: `(2, n / m, m)`, cosines and sines; None for one matrix.
        last: `(2 * n / m, 2 * k)`; None for one matrix.
        size: number of results that are kept.
    """

    first: object
    between: object
    last: object
    size: int


@cached
def dft(kind, size, dtype):
    """The arrays of a transform along an axis.

    Args:
        kind: `"real"`, from real numbers to the whole spectrum; `"half"`, from these to its bins from 0 to
            `size // 2`; `"complex"`, from complex numbers to their spectrum; `"inverse"`, from this to complex
            numbers; or `"real_inverse"`, from half of it to real numbers.
        size: of the axis.

    Returns:
        A `Dft` of NumPy arrays.
    """
    if kind == "real_inverse":
        return Dft(_to_real(size).astype(dtype), None, None, size)
    sign, scale = (1, 1 / size) if kind == "inverse" else (-1, 1)
    from_real, kept = kind in ("real", "half"), size // 2 + 1 if kind == "half" else size
    m = factor(size)
    if m == 1:
        return Dft(_matrix(_waves(size, size, kept, sign) * scale, from_real).astype(dtype), None, None, kept)
    n = size // m
    between = _waves(size, n, m, sign)
    last = _waves(n, n, -(-kept // m), sign) * scale
    arrays = _matrix(_waves(m, m, m, sign), from_real), np.stack([between.real, between.imag]), _matrix(last, False)
    return Dft(*(array.astype(dtype) for array in arrays), kept)


def factor(size):
    """The smaller one of the two factors of a size whose transforms take least work; 1 where one matrix does.

    Example:

    >>> factor(40), factor(240), factor(2048), factor(251)
    (1, 15, 32, 1)
    """
    m = next(m for m in range(math.isqrt(size), 0, -1) if size % m == 0)
    return m if 4 * (m + size // m) + BETWEEN < 4 * size else 1


def apply(found, arrays):
    """The transform of `(N, n)`, or of `(N, 2, n)`, along the last axis: `(N, 2, k)`.

    Args:
        found: a tensor.
        arrays: a `Dft` of tensors.
    """
    if arrays.between is None:
        found = ops.reshape(found, (-1, arrays.first.shape[0])) @ arrays.first
        return ops.reshape(found, (-1, 2, arrays.size))
    (_, n, m), parts = arrays.between.shape, arrays.first.shape[0] // arrays.between.shape[2]
    found = ops.transpose(ops.reshape(found, (-1, parts, m, n)), (0, 3, 1, 2))
    found = ops.reshape(ops.reshape(found, (-1, parts * m)) @ arrays.first, (-1, n, 2, m))
    real, imag = found[:, :, 0], found[:, :, 1]
    cos, sin = arrays.between[0], arrays.between[1]
    found = ops.stack([real * cos - imag * sin, real * sin + imag * cos], axis=1)
    found = ops.reshape(ops.transpose(found, (0, 3, 1, 2)), (-1, 2 * n)) @ arrays.last
    found = ops.reshape(found, (-1, m, 2, arrays.last.shape[1] // 2))
    found = ops.reshape(ops.transpose(found, (0, 2, 3, 1)), (-1, 2, m * found.shape[3]))
    return found[..., : arrays.size]


def to_real(half, arrays):
    """Real numbers `(N, n)` of half a spectrum `(N, 2, k)`."""
    return ops.reshape(half, (-1, arrays.first.shape[0])) @ arrays.first


def _waves(period, rows, columns, sign):
    """`exp(sign * 2 pi i t k / period)` for `t < rows` and `k < columns`."""
    # Angles below 2 pi: those of large products lose digits.
    turns = np.arange(rows)[:, None] * np.arange(columns) % period
    return np.exp(sign * 2j * np.pi / period * turns)


def _matrix(waves, from_real):
    """The real matrix that multiplies real parts, or real and imaginary ones, by complex numbers."""
    rows = [np.concatenate([waves.real, waves.imag], axis=1)]
    if not from_real:
        rows.append(np.concatenate([-waves.imag, waves.real], axis=1))
    return np.concatenate(rows)


def _to_real(size):
    """From half a spectrum; imaginary parts of bins that have no mirror image do not count, as in any FFT."""
    k = np.arange(size // 2 + 1)
    waves = _waves(size, len(k), size, 1) / size * np.where((k == 0) | (2 * k == size), 1, 2)[:, None]
    alone = (k == 0) | (2 * k == size)
    return np.concatenate([waves.real, np.where(alone[:, None], 0, -waves.imag)])

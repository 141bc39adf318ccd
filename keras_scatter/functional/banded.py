"""Filters along one axis of images, computed as products with matrices.

Filters that read few samples make a matrix with zeros away from its diagonal: a banded one. All filters of an axis
stand side by side in one matrix, so that a single product computes them.

Planes have the shape `(N, A, a, B, b)`. There are N of them. One image axis has a samples in each of A groups, the
other one b samples in each of B groups. An axis that is not filtered yet is one group of samples in order, or two: its
even samples and its odd ones. A filtered axis has a group for each filter.
"""

from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
from keras import ops

from keras_scatter.backend.arrays import rows_times
from keras_scatter.backend.constants import constants
from keras_scatter.backend.sizes import is_static
from keras_scatter.cache import cached

TILE = 32  # outputs of a group that one matrix makes; a longer axis has mostly zeros in a single matrix


class MirroredAxis(NamedTuple):
    """An axis that is mirrored half a sample outside of its ends.

    Attributes:
        length: number of samples, with those that were added at the ends.
        size: number of samples before any were added.
        source: function from positions on the axis to the samples that lie there; None where none were added.
    """

    length: int
    size: int
    source: Callable | None = None


class Product(NamedTuple):
    """What `multiply` filters an axis with.

    Attributes:
        groups: number of groups of the filtered axis.
        spans: for each matrix the first sample that it reads and the one behind the last; None means all samples.
        matrices: each makes some outputs of every group.
    """

    groups: int
    spans: tuple
    matrices: tuple


def mirrored(position, length, xp=np):
    """Positions on a mirrored axis as samples: -1 is sample 0 again, and `length` is sample `length - 1`.

    Example:

    >>> mirrored(np.arange(-3, 7), 4).tolist()
    [2, 1, 0, 0, 1, 2, 3, 3, 2, 1]
    """
    position = position % (2 * length)
    return xp.minimum(position, 2 * length - 1 - position)


def interleaved(position, length):
    """Where a sample is on an axis whose even samples come before its odd ones.

    Example:

    >>> interleaved(np.arange(6), 6).tolist()
    [0, 3, 1, 4, 2, 5]
    """
    return position % 2 * (length // 2) + position // 2


def filter_matrix(bands, step, axis, xp=np):
    """The matrix `(size, groups * length // step)` that filters a mirrored axis, float64.

    Args:
        bands: pairs of `filters.dtcwt_taps.Reading`. Each reading is a filter and makes a group.
        step: decimation of the outputs.
        axis: a `MirroredAxis`.
        xp: NumPy, or `keras.ops` when sizes are tensors.
    """
    first = step * xp.arange(axis.length // step, dtype="int32")[:, None]
    columns = []
    for reading in (reading for band in bands for reading in band):
        read = first + (reading.start + reading.stride * np.arange(len(reading.taps), dtype="int32"))
        read = mirrored(read, axis.length, xp)
        read = axis.source(read) if axis.source else read
        hit = read[:, :, None] == xp.arange(axis.size, dtype="int32")
        columns.append(xp.sum(xp.where(hit, reading.taps[None, :, None], np.float64(0)), axis=1))
    return xp.transpose(xp.concatenate(columns, axis=0))


def products(steps, dtype):
    """The `Product` of every step in nested lists.

    A step is a frozen dataclass that says how one axis is filtered. It has:

    * `size`, from which the size of the matrix follows: an int, or a tensor whose value is known at run time;
    * `groups`, the numbers of groups before and after;
    * `matrix(xp)`, the matrix in float64, made by NumPy or, if `size` is a tensor, by `keras.ops`.
    """
    return keras.tree.map_structure(lambda step: _product(step, dtype), steps)


def _product(step, dtype):
    if not is_static(step.size):
        return Product(step.groups[1], (None,), (ops.cast(step.matrix(ops), dtype),))
    found = _tiled(step, dtype)
    return found._replace(matrices=constants(found.matrices))


@cached
def _tiled(step, dtype):
    """The product with NumPy arrays: on a long axis several small matrices, which leave most of the zeros out."""
    before, after = step.groups
    dense = step.matrix(np)
    dense = dense.reshape(before, -1, after, dense.shape[1] // after)
    count = dense.shape[3] // TILE
    if count <= 1:
        return Product(after, (None,), (_flat(dense, dtype),))
    spans, matrices = [], []
    for part in np.array_split(dense, count, axis=3):
        read = np.flatnonzero(part.any((0, 2, 3)))
        spans.append((int(read[0]), int(read[-1]) + 1))
        matrices.append(_flat(part[:, slice(*spans[-1])], dtype))
    return Product(after, tuple(spans), tuple(matrices))


def _flat(matrix, dtype):
    """`(groups, samples, groups, outputs)` as a matrix."""
    return matrix.reshape(matrix.shape[0] * matrix.shape[1], -1).astype(dtype)


def multiply(planes, product):
    """Filter the last axis: `(N, A, a, B, b)` to `(N, A, a, groups, m)`."""
    _, outer, rows, inner, length = ops.shape(planes)
    parts = []
    for span, matrix in zip(product.spans, product.matrices):
        start, stop = span or (0, length)
        part = planes[..., start:stop] if span else planes
        part = rows_times(ops.reshape(part, (-1, outer, rows, inner * (stop - start))), matrix)
        parts.append(ops.reshape(part, (-1, outer, rows, product.groups, ops.shape(matrix)[1] // product.groups)))
    return parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=-1)


def multiply_both(planes, products):
    """Filter both axes and exchange them: `(N, A, a, B, b)` to `(N, groups, m, groups, n)`.

    Args:
        products: of the last axis, which comes first in the result, and of the other one.
    """
    planes = multiply(planes, products[0])
    return multiply(ops.transpose(planes, (0, 3, 4, 1, 2)), products[1])

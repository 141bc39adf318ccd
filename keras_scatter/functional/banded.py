"""Filtering and decimation of one axis at a time as products with banded matrices, all filters of an axis in one.

Planes are `(N, A, a, B, b)`: two image axes, each in groups. An axis is one group of its samples in order, or two, its
even samples and its odd ones; filtered axes have a group for each filter and tree.
"""

import functools

import numpy as np
from keras import ops

from keras_scatter.backend.sizes import is_static

TILE = 32  # samples a group of output that are computed together: a longer axis has mostly zeros in its matrix


def mirrored(position, length, xp=np):
    """Positions on an axis that is mirrored half a sample outside: -1 is 0 again, `length` is `length - 1`.

    Example:

    >>> mirrored(np.arange(-3, 7), 4).tolist()
    [2, 1, 0, 0, 1, 2, 3, 3, 2, 1]
    """
    position = position % (2 * length)
    return xp.minimum(position, 2 * length - 1 - position)


def interleaved(position, length):
    """Where the sample at `position` is on an axis of two groups, even samples and odd ones."""
    return position % 2 * (length // 2) + position // 2


def filter_matrix(bands, step, length, source=None, size=None, xp=np):
    """Matrix `(size, groups * length // step)` of filters on a mirrored axis, float64.

    Args:
        bands: pairs of `filters.dtcwt_taps.Reading`; every reading makes a group.
        step: decimation of each reading.
        length: samples of the axis that is mirrored.
        source: function from positions on that axis to those on an axis of `size` samples, from which it is made.
        xp: NumPy, or `keras.ops` when sizes are tensors.
    """
    size = length if size is None else size
    first = step * xp.arange(length // step, dtype="int32")[:, None]
    columns = []
    for reading in (reading for band in bands for reading in band):
        read = first + (reading.start + reading.stride * np.arange(len(reading.taps), dtype="int32"))
        read = mirrored(read, length, xp)
        read = source(read) if source else read
        hit = read[:, :, None] == xp.arange(size, dtype="int32")
        columns.append(xp.sum(xp.where(hit, reading.taps[None, :, None], np.float64(0)), axis=1))
    return xp.transpose(xp.concatenate(columns, axis=0))


def plan(matrix, groups, size, *arguments, dtype):
    """The products that filter an axis of `size` samples: `((groups, spans), matrices)` for `multiply`.

    Args:
        matrix: function `matrix(size, *arguments, xp)` of the dense matrix.
        groups: of the input and of the output.
    """
    if not is_static(size):
        # A single product; its span is not used.
        return (groups[1], ((0, 0),)), (ops.cast(matrix(size, *arguments, ops), dtype),)
    spans, matrices = _tiled(matrix, groups, size, arguments, dtype)
    return (groups[1], spans), tuple(map(ops.convert_to_tensor, matrices))


@functools.lru_cache(maxsize=256)
def _tiled(matrix, groups, size, arguments, dtype):
    """Products of slices of the axis, without the zeros of a long band."""
    into, out = groups
    dense = matrix(size, *arguments, np)
    dense = dense.reshape(into, -1, out, dense.shape[1] // out)
    count = max(1, dense.shape[3] // TILE)
    spans, matrices = [], []
    for part in np.array_split(dense, count, axis=3):
        read = np.flatnonzero(part.any((0, 2, 3))) if count > 1 else [0, part.shape[1] - 1]
        spans.append((int(read[0]), int(read[-1]) + 1))
        part = part[:, slice(*spans[-1])]
        matrices.append(part.reshape(part.shape[0] * part.shape[1], -1).astype(dtype))
    return tuple(spans), tuple(matrices)


def split(plans):
    """Static part and tensors of nested plans, for a compiled function."""
    if isinstance(plans, tuple):
        return plans
    parts = [split(part) for part in plans]
    return tuple(static for static, _ in parts), tuple(tensors for _, tensors in parts)


def multiply(planes, static, matrices):
    """Filter the last axis: `(N, A, a, B, b)` to `(N, A, a, groups, m)`."""
    groups, spans = static
    _, outer, rows, inner, length = ops.shape(planes)
    parts = []
    for (start, stop), matrix in zip(spans, matrices):
        part = planes if len(spans) == 1 else planes[..., start:stop]
        width = length if len(spans) == 1 else stop - start
        # One product of two matrices: with planes as a batch TensorFlow 2.21 crashes for some shapes. The operator
        # stands for `ops.matmul`, which returns float32 for float64 under PyTorch.
        part = ops.reshape(part, (-1, inner * width)) @ matrix
        parts.append(ops.reshape(part, (-1, outer, rows, groups, ops.shape(matrix)[1] // groups)))
    return parts[0] if len(parts) == 1 else ops.concatenate(parts, axis=-1)


def multiply_both(planes, static, matrices):
    """Filter the last axis, then the other, which is the last one of the result: `(N, groups, m, groups, n)`."""
    planes = multiply(planes, static[0], matrices[0])
    return multiply(ops.transpose(planes, (0, 3, 4, 1, 2)), static[1], matrices[1])

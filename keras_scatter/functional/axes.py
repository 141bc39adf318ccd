"""Margins of planes `(N, ...)`, and what is left of coarser grids without them: one axis after the other."""

from keras import ops

from keras_scatter.backend.arrays import take
from keras_scatter.backend.sizes import is_static


def pad(planes, axes):
    """Planes with the margins of their axes."""
    for i, axis in enumerate(axes, start=1):
        if axis.padding == "zeros":
            margins = [(axis.before, axis.after) if k == i else (0, 0) for k in range(len(axes) + 1)]
            planes = ops.pad(planes, margins)
        elif axis.padding == "reflect":
            # A triangle wave, so that margins longer than the axis bounce to and fro.
            position = ops.arange(-axis.before, axis.size + axis.after, dtype="int32") % (2 * axis.size - 2)
            planes = take(planes, ops.minimum(position, 2 * axis.size - 2 - position), axis=i)
    return planes


def cut(maps, axes, level):
    """Maps `(N, R, ...)` of a level without margins."""
    kept = (slice(first, first + count) for first, count in (axis.kept(level) for axis in axes))
    return maps[(slice(None), slice(None), *kept)]


def wrap(planes, before, after, rank):
    """Periodic extension of the axes 1 to `rank` of planes. Margins longer than the planes are allowed: they repeat."""
    for axis in range(1, rank + 1):
        size = ops.shape(planes)[axis]
        if is_static(size) and size >= max(before, after):
            # TensorFlow joins slices four times as fast as it gathers.
            first = (slice(None),) * axis
            planes = ops.concatenate(
                [planes[(*first, slice(size - before, None))], planes, planes[(*first, slice(0, after))]], axis
            )
        else:
            planes = take(planes, ops.arange(-before, size + after, dtype="int32") % size, axis=axis)
    return planes

"""Arrays with channels: each channel is transformed as a plane, and what comes out lies as what went in."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import keras
from keras import ops

from keras_scatter.backend.chunks import map_chunks
from keras_scatter.backend.programs import compiled
from keras_scatter.functional.cascade import planes_at_a_time
from keras_scatter.plan.tree import Plan


class Transform(NamedTuple):
    """What is done to planes.

    Attributes:
        program: function of planes `(N, ...)`, arrays, plan and output that returns what `cascade.scatter` does.
        plan: a `plan.tree.Plan`, or one of another kind that has its methods.
        output: `"scattering"`, `"modulus"` or `"wavelet"`.
        chunk: number of planes at a time; None means as many as fit the cache, 0 all of them.
        row_axis: the axis of paths of coefficients, see `cascade.Stages`.
    """

    program: Callable
    plan: Plan
    output: str
    chunk: int | None
    row_axis: int = 1


class Layout(NamedTuple):
    """How arrays lie.

    Attributes:
        rank: number of axes beside batch and channels.
        channels_last: whether channels are the last axis; otherwise the second one.
        dtype: what is computed in.
        output_dtype: that of the outputs.
    """

    rank: int
    channels_last: bool
    dtype: str
    output_dtype: str


@compiled(xla_under_tensorflow=False)
def transform(inputs, arrays, of_planes, layout):
    """Features of arrays with channels; feature `c * K + k` is path k of channel c.

    All of it is one program: under JAX every operation on its own would be one more program for each new shape.

    Args:
        arrays: filters, in nested tuples and dicts.
        of_planes: a `Transform`.
        layout: a `Layout`.

    Returns:
        An array of features, or for other outputs a tuple by path of arrays, or of pairs, with the channels of the
        inputs.
    """
    planes = channels_second(ops.cast(inputs, layout.dtype), layout.channels_last)
    _, channels, *sizes = ops.shape(planes)
    program, plan, output, chunk, row_axis = of_planes
    if chunk is None:
        chunk = planes_at_a_time(plan, plan.axes(sizes))
    program = functools.partial(program, arrays=arrays, plan=plan, output=output)
    found = map_chunks(program, ops.reshape(planes, (-1, *sizes)), chunk)
    if output == "scattering":
        return _features(found, channels, row_axis, layout)
    return keras.tree.map_structure(lambda maps: _features(maps[:, None], channels, 1, layout), found)


def channels_second(inputs, channels_last):
    """The axes as batch, channels, sizes."""
    if not channels_last:
        return inputs
    axes = range(len(inputs.shape))
    return ops.transpose(inputs, (0, axes[-1], *axes[1:-1]))


def _features(maps, channels, row_axis, layout):
    """Maps `(N, K, *sizes)`, or `(N, *sizes, K)`, as features."""
    _, *shape = ops.shape(maps)
    paths, axis = (shape[0], 2) if row_axis == 1 else (shape[-1], 1 + len(shape))
    sizes = shape[1:] if row_axis == 1 else shape[:-1]
    maps = ops.reshape(maps, (-1, channels, *shape))
    others = [k for k in range(2, 2 + len(shape)) if k != axis]
    if layout.channels_last:
        maps, shape = ops.transpose(maps, (0, *others, 1, axis)), (*sizes, channels * paths)
    else:
        maps, shape = ops.transpose(maps, (0, 1, axis, *others)), (channels * paths, *sizes)
    return ops.cast(ops.reshape(maps, (-1, *shape)), layout.output_dtype)

"""Paths of one shape: transforms of a single path that differ in nothing but the values of their filters.

A program that takes the filters of one of them, whichever that is, serves all.
"""

import hashlib
from typing import NamedTuple

import numpy as np
from keras import ops

from keras_scatter.backend.arrays import take
from keras_scatter.backend.constants import constants, outside_of_programs
from keras_scatter.backend.programs import ARRAY, join, split
from keras_scatter.functional.channels import Layout, Transform, transform
from keras_scatter.functional.signal_bank import Bins
from keras_scatter.plan.time_frequency import TimeFrequencyPlan


class Leaf(NamedTuple):
    """An array of the filters of every path of a class.

    Attributes:
        values: `(n, ...)`, those that differ.
        index: `(members,)`, which of them each path has.
    """

    values: np.ndarray
    index: np.ndarray


class PathClass:
    """The transform of any one path of a class.

    Args:
        layer: one of them, a layer with a single path.
        members: pairs of a skeleton and arrays, as `programs.split` gives them, of the filters of each path.
        sizes: of what it transforms, numbers.
    """

    def __init__(self, layer, members, sizes):
        self._layer = layer
        program, chunk, row_axis = layer._program_for(layer._plan.axes(sizes))
        self._of_planes = Transform(program, layer._plan, layer._kind, chunk, row_axis)
        self._layout = Layout(layer.rank, layer._channels_last, layer._working_dtype(), layer.compute_dtype)
        self._skeleton, members = _on_common_bins(members)
        self._leaves = [_leaf(values) for values in zip(*members)]

    def __call__(self, member, inputs):
        """What a layer with this path alone gives for inputs.

        Args:
            member: index of the path, a scalar that may be known when a program runs.
        """
        arrays = []
        for values, index in self._leaves:
            (values,) = constants((values,))
            if len(index) > 1:
                (index,) = constants((index,))
                values = take(values, take(index, ops.reshape(member, (1,)), axis=0), axis=0)
            arrays.append(values[0])
        filters = join(iter(self._skeleton), iter(arrays))
        return transform(inputs, filters, self._of_planes, self._layout)


def path_classes(layer, sizes):
    """The classes of all paths of a layer.

    Args:
        sizes: of what it transforms, numbers.

    Returns:
        A list of `PathClass`; the index of its class for each path, and its index in that, `(K,)` int32.
    """
    found, of_path, of_member, kept, config = {}, [], [], {}, layer.get_config()
    for path in layer.paths:
        alone = type(layer).from_config({**config, "paths": [list(path)]})
        with outside_of_programs():
            skeleton, arrays = split(alone._arrays(alone._plan.axes(sizes)))
            # Most paths have arrays in common, which are held once.
            arrays = [kept.setdefault(*_by_content(ops.convert_to_numpy(array))) for array in arrays]
        key = _signature(alone._plan), _of_any_bins(skeleton, arrays)
        _, members = found.setdefault(key, (alone, []))
        of_path.append(list(found).index(key))
        of_member.append(len(members))
        members.append((skeleton, arrays))
    classes = [PathClass(*entry, sizes) for entry in found.values()]
    return classes, np.array(of_path, "int32"), np.array(of_member, "int32")


def _by_content(array):
    return (array.shape, hashlib.sha256(array.tobytes()).digest()), array


def _signature(plan):
    """All of a plan of one path but which wavelets they are."""
    if isinstance(plan, TimeFrequencyPlan):
        stacks = tuple((stack.wavelet is None, stack.count, stack.level) for stack in plan.stacks)
        nodes = tuple((node.level, len(node.rows)) for node in plan.first_nodes)
        return stacks, nodes, plan.order_0, tuple(len(path.n1) for path in plan.paths)
    nodes = tuple(
        (node.source, node.emits, *((band.source, band.level, band.wavelets[0].kind) if (band := node.band) else ()))
        for node in plan.nodes
    )
    return nodes, getattr(plan.filters, "kept", ())


def _bins(skeleton):
    """Where the first bins of `Bins` stand in a skeleton; the array of their values is the next entry."""
    return [i + 1 for i, entry in enumerate(skeleton) if entry == (Bins, 2)]


def _of_any_bins(skeleton, arrays):
    """Skeleton and shapes, but for where bins begin and end."""
    firsts, skeleton = _bins(skeleton), list(skeleton)
    places = [i for i, entry in enumerate(skeleton) if entry is ARRAY]
    shapes = [
        (array.shape[:-1] if i - 1 in firsts else array.shape, str(array.dtype)) for i, array in zip(places, arrays)
    ]
    for i in firsts:
        skeleton[i] = None
    return tuple(skeleton), tuple(shapes)


def _on_common_bins(members):
    """One skeleton, and the arrays of all members, where bins of all of them have been filled up with zeros."""
    skeleton, found = list(members[0][0]), [list(arrays) for _, arrays in members]
    places = [i for i, entry in enumerate(skeleton) if entry is ARRAY]
    for place in _bins(skeleton):
        k = places.index(place + 1)
        ends = [(other[place], other[place] + arrays[k].shape[-1]) for (other, _), arrays in zip(members, found)]
        first, last = min(start for start, _ in ends), max(stop for _, stop in ends)
        skeleton[place] = first
        for arrays, (start, stop) in zip(found, ends):
            arrays[k] = np.pad(arrays[k], [(0, 0), (start - first, last - stop)])
    return tuple(skeleton), found


def _leaf(values):
    index, different = [], {}
    for value in values:
        index.append(different.setdefault(value.tobytes(), len(different)))
    kept = dict(zip(index, values))
    index = np.array(index, "int32") if len(different) > 1 else np.zeros(1, "int32")
    return Leaf(np.stack([kept[i] for i in range(len(different))]), index)

"""The only loop over wavelets: a plan, executed with the stages of a transform."""

import functools

import keras
import numpy as np
from keras import ops

from keras_scatter.backend.arrays import take
from keras_scatter.backend.chunks import chunk_size, map_chunks
from keras_scatter.backend.sizes import is_static
from keras_scatter.cache import cached
from keras_scatter.functional.axes import cut, pad


class Stages:
    """What a transform does in the loop. Subclasses have these methods beside those below:

    * `analyse(moduli, node)`: what bands read, spectra for example.
    * `waves(analysed, band)`: complex waves of all rows and wavelets, in a form of their own.
    * `modulus(waves)`, `parts(waves)`: their moduli, or their real and imaginary parts.
    * `average(moduli, level)`: coefficients, with an axis of rows.

    Attributes:
        axes: those of the planes.
        in_parts: whether a node with large moduli goes on for a part of its rows at a time.
        row_axis: the axis of rows of coefficients: 1 in `(N, R, ...)`, or -1 in `(N, ..., R)`.
    """

    in_parts = True
    row_axis = 1

    def pad(self, planes):
        """Planes `(N, ...)` with margins."""
        return pad(planes, self.axes)

    def start(self, planes):
        """Planes as moduli of one row."""
        return planes[:, None]

    def planes(self, moduli):
        """Every row of moduli as a plane: `(N * R, ...)`."""
        return ops.reshape(moduli, (-1, *ops.shape(moduli)[2:]))

    def count(self, moduli):
        """The number of rows of all planes."""
        return moduli.shape[0] and moduli.shape[0] * moduli.shape[1]

    def chunk(self, bytes_a_row):
        """How many rows go through at a time."""
        return chunk_size(bytes_a_row)


def scatter(planes, arrays, make, plan, output):
    """What a transform gives for planes `(N, ...)`.

    Args:
        arrays: filters, in nested tuples and dicts.
        make: a class of `Stages`, called with plan, axes, arrays and the dtype of the planes.
        plan: a `plan.tree.Plan`.
        output: `"scattering"`, `"modulus"` or `"wavelet"`.

    Returns:
        Coefficients in the order of `plan.paths`, `(N, K, ...)` or as `Stages.row_axis` has it. Or a tuple of moduli
        `(N, ...)` without margins, in that order. Or one of pairs, the real and imaginary parts of waves, for all paths
        that have a wavelet.
    """
    axes = plan.axes(ops.shape(planes)[1:])
    stages = make(plan, axes, arrays, keras.backend.standardize_dtype(planes.dtype))
    moduli = stages.start(stages.pad(planes))
    found = run(plan, stages, moduli, output)
    if plan.nodes[0].emits and output != "wavelet":
        found[0] = stages.average(moduli, 0) if output == "scattering" else moduli
    if output != "scattering":
        return _by_path(plan, axes, found)
    return in_output_order(plan, found, stages.row_axis)


def in_output_order(plan, found, axis=1):
    """Coefficients by node as one array, whose rows are those of `plan.paths`."""
    maps = [found[i] for i in plan.emitted]
    joined = ops.concatenate(maps, axis=axis) if len(maps) > 1 else maps[0]
    if plan.position == tuple(range(len(plan.position))):
        return joined
    return take(joined, np.array(plan.position), axis=axis)


def _by_path(plan, axes, found):
    """Maps of nodes `(N, R, ...)` as a tuple of maps of paths `(N, ...)`, without margins."""
    rows = {}
    for i, maps in found.items():
        maps = keras.tree.map_structure(functools.partial(cut, axes=axes, level=plan.nodes[i].level), maps)
        for r, row in enumerate(plan.nodes[i].rows):
            rows[row] = keras.tree.map_structure(lambda part, r=r: part[:, r], maps)
    return tuple(rows[row] for row in plan.rows if row in rows)


def run(plan, stages, moduli, output, first=0):
    """Outputs of the nodes that descend from one, by node; `moduli` are those of node `first`."""
    held, found = {}, {}
    if plan.nodes[first].end > first + 1:
        held[first] = stages.analyse(moduli, first)
    i = first + 1
    while i < plan.nodes[first].end:
        node = plan.nodes[i]
        held = {k: analysed for k, analysed in held.items() if i < plan.nodes[k].end}
        waves = stages.waves(held[node.source], node.band)
        moduli = stages.modulus(waves)
        if node.emits and output == "scattering":
            found[i] = stages.average(moduli, node.level)
        elif node.emits:
            found[i] = stages.parts(waves) if output == "wavelet" else moduli
        size = rows_at_a_time(plan, stages, i, moduli) if node.end > i + 1 and stages.in_parts else None
        if size:
            below = functools.partial(run, plan, stages, output=output, first=i)
            rows = len(node.rows) // len(plan.nodes[first].rows)
            found |= _in_parts(stages, below, stages.planes(moduli), rows, size)
            i = node.end
            continue
        if node.end > i + 1:
            held[i] = stages.analyse(moduli, i)
        i += 1
    return found


def planes_at_a_time(plan, axes):
    """How many planes are transformed at a time, or None where sizes are known only at run time."""
    return chunk_size(_bytes(plan, axes)) if is_static(*(axis.length for axis in axes)) else None


def rows_at_a_time(plan, stages, first, moduli):
    """How many rows of a node go on at a time; None if it is all of them."""
    count = stages.count(moduli)
    if not is_static(count, *(axis.length for axis in stages.axes)):
        return None
    size = stages.chunk(_bytes(plan, stages.axes, first))
    return size if size < count else None


@cached
def _bytes(plan, axes, *first):
    """What a plane, or a row of a node, and all that descends from it take in float32."""
    return 4 * plan.peak(axes, *first)


def _in_parts(stages, below, planes, rows, size):
    """What descends from a node, for some of its rows, given as planes, at a time."""
    found = map_chunks(lambda part: below(stages.start(part)), planes, size)

    def by_plane(maps):
        # The axes of a plane between those of rows and of descendants, or behind both.
        maps = ops.reshape(maps, (-1, rows, *ops.shape(maps)[1:]))
        if stages.row_axis == -1:
            maps = ops.moveaxis(maps, 1, -2)
            return ops.reshape(maps, (*ops.shape(maps)[:-2], rows * ops.shape(maps)[-1]))
        return ops.reshape(maps, (-1, rows * ops.shape(maps)[2], *ops.shape(maps)[3:]))

    return keras.tree.map_structure(by_plane, found)

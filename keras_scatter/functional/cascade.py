"""The only loop over wavelets: a plan, executed with the stages of a transform.

Stages are an object with these methods. Moduli and maps are `(N, R, ...)`: planes, rows of a node, axes.

* `pad(planes)`: planes `(N, ...)` with margins.
* `analyse(moduli, node)`: what bands read, spectra for example.
* `waves(analysed, band)`: complex waves of all rows and wavelets, in a form of their own.
* `modulus(waves)`, `parts(waves)`: their moduli, or their real and imaginary parts.
* `average(moduli, level)`: coefficients.
* `in_parts`: whether a node with large moduli goes on for a part of its rows at a time.
"""

import functools

import keras
import numpy as np
from keras import ops

from keras_scatter.backend.arrays import take
from keras_scatter.backend.chunks import chunk_size, map_chunks
from keras_scatter.backend.sizes import is_static
from keras_scatter.cache import cached
from keras_scatter.functional.axes import cut


def scatter(planes, arrays, make, plan, output):
    """What a transform gives for planes `(N, ...)`.

    Args:
        arrays: filters, in nested tuples and dicts.
        make: the class of the stages, called with plan, axes, arrays and the dtype of the planes.
        plan: a `plan.tree.Plan`.
        output: `"scattering"`, `"modulus"` or `"wavelet"`.

    Returns:
        Coefficients `(N, K, ...)` in the order of `plan.paths`. Or a tuple of moduli `(N, ...)` without margins, in
        that order. Or one of pairs, the real and imaginary parts of waves, for all paths that have a wavelet.
    """
    axes = plan.axes(ops.shape(planes)[1:])
    stages = make(plan, axes, arrays, keras.backend.standardize_dtype(planes.dtype))
    moduli = stages.pad(planes)[:, None]
    found = run(plan, stages, moduli, output)
    if plan.nodes[0].emits and output != "wavelet":
        found[0] = stages.average(moduli, 0) if output == "scattering" else moduli
    if output != "scattering":
        return _by_path(plan, axes, found)
    maps = [found[i] for i in sorted(found)]
    return take(ops.concatenate(maps, axis=1) if len(maps) > 1 else maps[0], np.array(plan.position), axis=1)


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
    held, found = {first: stages.analyse(moduli, first)}, {}
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
        if node.end > i + 1 and stages.in_parts and (size := rows_at_a_time(plan, stages.axes, i, moduli)):
            found |= _in_parts(functools.partial(run, plan, stages, output=output, first=i), moduli, size)
            i = node.end
            continue
        if node.end > i + 1:
            held[i] = stages.analyse(moduli, i)
        i += 1
    return found


def planes_at_a_time(plan, axes):
    """How many planes are transformed at a time, or None where sizes are known only at run time."""
    return chunk_size(_bytes(plan, axes)) if is_static(*(axis.length for axis in axes)) else None


def rows_at_a_time(plan, axes, first, moduli):
    """How many rows of a node go on at a time; None if it is all of them."""
    count, rows, *_ = ops.shape(moduli)
    if not is_static(count, *(axis.length for axis in axes)):
        return None
    size = chunk_size(_bytes(plan, axes, first))
    return size if size < count * rows else None


@cached
def _bytes(plan, axes, *first):
    """What a plane, or a row of a node, and all that descends from it take in float32."""
    return 4 * plan.peak(axes, *first)


def _in_parts(below, moduli, size):
    """What descends from a node, for some of its rows at a time."""
    _, rows, *sizes = ops.shape(moduli)
    found = map_chunks(below, ops.reshape(moduli, (-1, 1, *sizes)), size)

    def by_plane(maps):
        _, descendants, *sizes = ops.shape(maps)
        return ops.reshape(maps, (-1, rows * descendants, *sizes))

    return keras.tree.map_structure(by_plane, found)

"""The dual-tree complex wavelet transform of images, and scattering with it.

Images are `(batch, height, width, C)` or `(batch, C, height, width)`. Inside, every channel is a plane
`(N, A, a, B, b)`, see `functional.banded`. Each level filters the last axis and then the other one, and so exchanges
them: after level 1 the first axis is the width of the image, after level 2 its height again.

Reference: I. W. Selesnick, R. G. Baraniuk, N. G. Kingsbury, The dual-tree complex wavelet transform, IEEE Signal
Processing Magazine 22 (2005). Order and signs of the subbands are those of the Python ports of Kingsbury's toolbox.
"""

import functools
from dataclasses import dataclass
from typing import NamedTuple

import keras
import numpy as np
from keras import ops

from keras_scatter.backend.arrays import take
from keras_scatter.backend.modulus import smooth_root
from keras_scatter.backend.programs import compiled
from keras_scatter.filters.dtcwt_taps import level_1, level_2
from keras_scatter.functional.axes import cut
from keras_scatter.functional.banded import MirroredAxis, filter_matrix, interleaved, multiply_both
from keras_scatter.plan.dual_tree import ORIENTATIONS, first_length, later_length, multiple
from keras_scatter.plan.tree import Plan

# Groups of the low-pass, of the high-pass, and of the band-pass that some filters have for the diagonals.
LOW, HIGH, BAND = slice(0, 2), slice(2, 4), slice(4, 6)


@dataclass(frozen=True)
class FirstLevel:
    """Level 1 along an axis of `size` samples.

    The axis is extended to a multiple of 2 by its last sample, to a multiple of 8 by copies of the blocks at its ends.
    """

    size: int
    biort: str
    multiple: int = 2

    @property
    def groups(self):
        return 1, 2 * len(level_1(self.biort))

    def matrix(self, xp=np):
        """`(size, groups * length / 2)`."""
        length = first_length(self.size, self.multiple)
        before = (length - self.size) // 2
        after = length - self.size - before

        def source(position):
            inner = position - before
            first = xp.where(inner < 0, position, inner)
            return xp.where(inner >= self.size, inner - after, first)

        return filter_matrix(level_1(self.biort), 2, MirroredAxis(length, self.size, source), xp)


@dataclass(frozen=True)
class LaterLevel:
    """A later level along an axis of `size` samples, which come in two groups. It is extended by its end samples."""

    size: int
    qshift: str

    @property
    def groups(self):
        return 2, 2 * len(level_2(self.qshift))

    def matrix(self, xp=np):
        """`(size, groups * length / 4)`."""
        length = later_length(self.size)
        margin = (length - self.size) // 2

        def source(position):
            return interleaved(xp.clip(position - margin, 0, self.size - 1), self.size)

        return filter_matrix(level_2(self.qshift), 4, MirroredAxis(length, self.size, source), xp)


def forward_steps(shape, filters, levels, multiple=2):
    """Steps of every level, a pair each: along the axis that is last then, and along the other one.

    Args:
        shape: height and width of the image.
        filters: a `FilterNames`.
        multiple: what height and width are extended to a multiple of, for level 1.
    """
    steps = [[FirstLevel(size, filters.biort, multiple) for size in shape[::-1]]]
    sizes = [first_length(size, multiple) for size in shape]
    for _ in range(levels - 1):
        steps.append([LaterLevel(size, filters.qshift) for size in sizes])
        sizes = [later_length(size) // 2 for size in sizes[::-1]]
    return steps


def scattering_steps(shape, filters, J):
    """Steps of the levels 1 to J and, for J = 2, of level 1 on the moduli of level 1."""
    steps = forward_steps(shape, filters, J, multiple(J))
    if J == 2:
        steps.append([FirstLevel(first_length(size, multiple(J)) // 2, filters.biort) for size in shape])
    return steps


def to_planes(images, channels_last):
    """`(N, 1, height, 1, width)` and the number of channels."""
    if channels_last:
        images = ops.transpose(images, (0, 3, 1, 2))
    _, channels, height, width = ops.shape(images)
    return ops.reshape(images, (-1, 1, height, 1, width)), channels


def _by_groups(planes):
    """Planes `(N, A, a, B, b)` as a list of lists of `(N, a, b)`, by group of the first axis, then of the second.

    The gradient of these is one concatenation, that of slices a sum of padded planes.
    """
    return [ops.unstack(rows, axis=2) for rows in ops.unstack(planes, axis=1)]


def _quad(parts, first, second):
    """The four polyphase parts of a subband, of those of `_by_groups`."""
    return [part for rows in parts[first] for part in rows[second]]


def subbands(parts, exchanged, angles=range(ORIENTATIONS)):
    """Real and imaginary parts `(N, len(angles), a, b)` of complex subbands; angle t is 15 + 30 t degrees.

    `z = ((a - d) + i (b + c)) / sqrt(2)` and `((a + d) + i (b - c)) / sqrt(2)` for the quad a b / c d of a real
    subband.

    Args:
        parts: planes, filtered along both axes, `_by_groups`.
        exchanged: whether the first axis is the image's width.
    """
    diagonal = BAND if len(parts) == 6 else HIGH
    found = {}
    # Low-pass along the width and high-pass along the height comes first.
    for t, (rows, columns) in enumerate(((HIGH, LOW), (diagonal, diagonal), (LOW, HIGH))):
        mirror = ORIENTATIONS - 1 - t
        if t in angles or mirror in angles:
            a, b, c, d = _quad(parts, *((columns, rows) if exchanged else (rows, columns)))
            b, c = (c, b) if exchanged else (b, c)
            found[t], found[mirror] = (a - d, b + c), (a + d, b - c)
    return tuple(ops.stack([found[t][i] for t in angles], axis=1) * 0.5**0.5 for i in (0, 1))


def _arranged(planes, channels, exchanged, channels_last):
    """Subbands `(N, 6, a, b)` as `(batch, h, w, 6, C)` or `(batch, C, 6, h, w)`."""
    planes = ops.reshape(planes, (-1, channels, *ops.shape(planes)[1:]))
    h, w = (4, 3) if exchanged else (3, 4)
    return ops.transpose(planes, (0, h, w, 2, 1) if channels_last else (0, 1, 2, h, w))


def _low_image(planes, channels, exchanged, channels_last):
    """The low-pass `(N, 2, a, 2, b)` as an image, its samples in order again."""
    _, _, first, _, second = ops.shape(planes)
    planes = ops.reshape(planes, (-1, channels, 2, first, 2, second))
    h, w = ((5, 4), (3, 2)) if exchanged else ((3, 2), (5, 4))
    first, second = (second, first) if exchanged else (first, second)
    planes = ops.transpose(planes, (0, *h, *w, 1) if channels_last else (0, 1, *h, *w))
    if channels_last:
        return ops.reshape(planes, (-1, 2 * first, 2 * second, channels))
    return ops.reshape(planes, (-1, channels, 2 * first, 2 * second))


@compiled(xla_under_tensorflow=True)
def forward(images, products, channels_last):
    """The transform: `(low, high)`, high a tuple of `(real, imag)` by level.

    Args:
        products: those of `forward_steps`.
    """
    planes, channels = to_planes(images, channels_last)
    high = []
    for level, pair in enumerate(products, 1):
        planes = multiply_both(planes, pair)
        exchanged = level % 2 == 1
        waves = subbands(_by_groups(planes), exchanged)
        high.append(tuple(_arranged(part, channels, exchanged, channels_last) for part in waves))
        planes = planes[:, LOW, :, LOW]
    return _low_image(planes, channels, exchanged, channels_last), tuple(high)


class Scattering(NamedTuple):
    """What `scatter` computes.

    Attributes:
        plan: a `plan.dual_tree.scattering_plan`.
        output: `"scattering"`, `"modulus"` or `"wavelet"`.
        bias: b of the modulus `sqrt(re^2 + im^2 + b^2) - b`.
        joint: whether all channels of an image have one modulus.
        channels_last: the layout of images and features.
    """

    plan: Plan
    output: str = "scattering"
    bias: float = 0.0
    joint: bool = False
    channels_last: bool = True


@compiled(xla_under_tensorflow=True)
def scatter(images, products, options):
    """Scattering with the dual-tree transform.

    Args:
        products: those of `scattering_steps`.
        options: a `Scattering`.

    Returns:
        Features `(batch, h, w, K * C)` or `(batch, K * C, h, w)`, path by path. For other outputs a tuple with an
        image, or a pair of images, for each path that has a wavelet.
    """
    planes, channels = to_planes(images, options.channels_last)
    found = _by_node(planes, channels, products, options)
    if options.output == "scattering":
        return _features(found, channels, options)
    *_, height, _, width = ops.shape(planes)
    return _by_path(found, 1 if options.joint else channels, (height, width), options)


def _by_node(planes, channels, products, options):
    """Maps `(N, R, B, a, b)` of the nodes that are outputs: R rows of the node that is read, B wavelets."""
    plan, output = options.plan, options.output
    levels = _levels(planes, products, options)
    found, filtered = {}, {}
    if plan.nodes[0].emits and output == "scattering":
        found[0] = _low_mean(levels[plan.level])[:, None, None]
    for i, node in enumerate(plan.nodes[1:], 1):
        angles = tuple(wavelet.n % ORIENTATIONS for wavelet in node.band.wavelets)
        waves = subbands(filtered[node.source] if node.source else levels[node.level], node.level == 1, angles)
        averaged = output == "scattering" and node.level < plan.level
        is_read = node.end > i + 1
        if is_read or output != "wavelet":
            moduli = _moduli(waves, channels if options.joint and not node.source else 1, options.bias)
        if is_read or averaged:
            filtered[i] = _filtered(moduli, products[-1])
        if node.emits:
            maps = waves if output == "wavelet" else moduli
            shape = len(plan.nodes[node.source].rows), len(angles)
            found[i] = _split(_low_mean(filtered[i]) if averaged else maps, shape)
    return found


def _levels(planes, products, options):
    """The image filtered by level 1, and by level 2 where something needs that: by level, `_by_groups`."""
    plan = options.plan
    low = plan.nodes[0].emits and options.output == "scattering"
    deepest = plan.level if low else max((node.level for node in plan.nodes if node.source == 0), default=0)
    levels = {}
    for level in range(1, deepest + 1):
        planes = multiply_both(planes, products[level - 1])
        levels[level] = _by_groups(planes)
        planes = planes[:, LOW, :, LOW]
    return levels


def _filtered(moduli, products):
    """Moduli `(N, B, a, b)`, filtered as images of their own, `_by_groups`."""
    *_, first, second = ops.shape(moduli)
    return _by_groups(multiply_both(ops.reshape(moduli, (-1, 1, first, 1, second)), products))


def _low_mean(parts):
    """Means of the quads of the low-pass: `(N, a, b)`."""
    return sum(_quad(parts, LOW, LOW)) * 0.25


def _moduli(waves, joined, bias):
    """Smooth moduli of waves `(N, B, a, b)`, one for as many planes as are joined."""
    real, imag = waves
    square = real * real + imag * imag
    if joined > 1:
        square = ops.sum(ops.reshape(square, (-1, joined, *ops.shape(square)[1:])), axis=1)
    return smooth_root(square, bias)


def _split(maps, shape):
    """Maps `(..., a, b)`, or a pair of them, as `(N, *shape, a, b)`."""
    return keras.tree.map_structure(lambda part: ops.reshape(part, (-1, *shape, *ops.shape(part)[-2:])), maps)


def _features(found, channels, options):
    """Maps of nodes as features: by path, and for each path by channel."""
    plan, last = options.plan, options.channels_last
    features, paths = [], []
    for i in sorted(found, key=lambda i: (len(plan.nodes[i].rows[0]), i)):
        _, rows, wavelets, *_ = ops.shape(found[i])
        features.append(_image(found[i], 1 if options.joint and i else channels, plan.level == 1, last))
        paths += [plan.nodes[i].rows[r * wavelets + b] for b in range(wavelets) for r in range(rows)]
    if tuple(paths) != plan.rows:
        # The path without a wavelet is the first one in any case.
        first = 1 if 0 in found else 0
        others = _joined(features[first:], last)
        index = np.array([paths.index(row) for row in plan.rows[first:]]) - first
        features[first:] = [_reordered(others, index, last)]
    return _joined(features, last)


def _image(maps, channels, exchanged, channels_last):
    """Maps `(N, R, B, a, b)` as an image of B R C channels: the wavelet is slowest, the channel fastest."""
    _, rows, wavelets, first, second = ops.shape(maps)
    maps = ops.reshape(maps, (-1, channels, rows, wavelets, first, second))
    h, w = (5, 4) if exchanged else (4, 5)
    maps = ops.transpose(maps, (0, h, w, 3, 2, 1) if channels_last else (0, 3, 2, 1, h, w))
    height, width = (second, first) if exchanged else (first, second)
    count = channels * rows * wavelets
    return ops.reshape(maps, (-1, height, width, count) if channels_last else (-1, count, height, width))


def _joined(images, channels_last):
    return images[0] if len(images) == 1 else ops.concatenate(images, axis=-1 if channels_last else 1)


def _reordered(features, index, channels_last):
    """Features whose paths come in another order."""
    shape, axis = ops.shape(features), 3 if channels_last else 1
    by_path = (*shape[:axis], len(index), shape[axis] // len(index), *shape[axis + 1 :])
    return ops.reshape(take(ops.reshape(features, (-1, *by_path[1:])), index, axis=axis), (-1, *shape[1:]))


def _by_path(found, channels, shape, options):
    """Maps of nodes, or pairs of them, as a tuple of images by path, without margins."""
    plan, images = options.plan, {}
    for i, maps in found.items():
        node = plan.nodes[i]
        exchanged = node.level == 1
        axes = plan.axes(shape[::-1] if exchanged else shape)
        maps = _split(maps, (len(node.rows),))
        maps = keras.tree.map_structure(functools.partial(cut, axes=axes, level=node.level), maps)
        arranged = functools.partial(
            _image, channels=channels, exchanged=exchanged, channels_last=options.channels_last
        )
        for r, row in enumerate(node.rows):
            images[row] = keras.tree.map_structure(lambda part, r=r, f=arranged: f(part[:, r, None, None]), maps)
    return tuple(images[row] for row in plan.rows if row)

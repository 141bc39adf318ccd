"""The dual-tree complex wavelet transform of images, its inverse, and scattering with it.

Images are `(batch, height, width, C)` or `(batch, C, height, width)`. Inside, all channels are planes
`(N, A, a, B, b)` as in `functional.banded`; each level filters the last axis and then the other, and so exchanges them.

Reference: I. W. Selesnick, R. G. Baraniuk, N. G. Kingsbury, The dual-tree complex wavelet transform, IEEE Signal
Processing Magazine 22 (2005). Order and signs of the subbands are those of the Python ports of Kingsbury's toolbox.
"""

import numpy as np
from keras import ops

from keras_scatter.backend.modulus import smooth_root
from keras_scatter.backend.programs import compiled
from keras_scatter.filters import dtcwt_taps
from keras_scatter.functional.banded import filter_matrix, interleaved, multiply_both, plan

ORIENTATIONS = 6
# Groups of the low-pass, the high-pass and, where it replaces the high-pass on the diagonals, the band-pass.
LOW, HIGH, BAND = slice(0, 2), slice(2, 4), slice(4, 6)


def first_length(size, multiple=2):
    """Samples of an axis that is extended to a multiple."""
    return -(-size // multiple) * multiple


def later_length(size):
    """Samples of the low-pass of a level, extended for the next one to a multiple of four."""
    return size + size % 4


def low_sizes(size, levels):
    """Samples of the low-pass of each level, of an image axis of `size`.

    Example:

    >>> low_sizes(35, 3)
    [36, 18, 10]
    """
    sizes = [first_length(size)]
    for _ in range(levels - 1):
        sizes.append(later_length(sizes[-1]) // 2)
    return sizes


def first_matrix(size, biort, multiple, xp):
    """Level 1 on an axis of `size` samples: `(size, groups * length / 2)`.

    The axis is extended to a multiple of 2 by its last sample, to a multiple of 8 by copies of the blocks at its ends.
    """
    length = first_length(size, multiple)
    before = (length - size) // 2
    after = length - size - before

    def source(position):
        inner = position - before
        first = xp.where(inner < 0, position, inner)
        return xp.where(inner >= size, inner - after, first)

    return filter_matrix(dtcwt_taps.level_1(biort), 2, length, source, size, xp)


def later_matrix(size, qshift, xp):
    """A later level on an axis of `size` samples in two groups: `(size, groups * length / 4)`."""
    length = later_length(size)
    margin = (length - size) // 2

    def source(position):
        return interleaved(xp.clip(position - margin, 0, size - 1), size)

    return filter_matrix(dtcwt_taps.level_2(qshift), 4, length, source, size, xp)


def forward_plans(shape, biort, qshift, levels, dtype, multiple=2):
    """Plans of both axes for every level: of the width and the height, then of the height and the width, and so on."""
    groups = 2 * len(dtcwt_taps.level_1(biort))
    plans = [[plan(first_matrix, (1, groups), size, biort, multiple, dtype=dtype) for size in shape[::-1]]]
    if levels == 1:
        return plans
    groups = 2 * len(dtcwt_taps.level_2(qshift))
    sizes = [first_length(size, multiple) for size in shape]
    for _ in range(levels - 1):
        plans.append([plan(later_matrix, (2, groups), size, qshift, dtype=dtype) for size in sizes])
        sizes = [later_length(size) // 2 for size in sizes[::-1]]
    return plans


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


def subbands(parts, exchanged):
    """Real and imaginary parts `(N, 6, a, b)` of the complex subbands, 15, 45, 75, 105, 135 and 165 degrees.

    `z = ((a - d) + i (b + c)) / sqrt(2)` and `((a + d) + i (b - c)) / sqrt(2)` for the quad a b / c d of a real
    subband.

    Args:
        parts: planes, filtered along both axes, `_by_groups`.
        exchanged: whether the first axis is the image's width.
    """
    diagonal = BAND if len(parts) == 6 else HIGH
    real, imag = [], []
    # Low-pass along the width and high-pass along the height comes first.
    for rows, columns in ((HIGH, LOW), (diagonal, diagonal), (LOW, HIGH)):
        a, b, c, d = _quad(parts, *((columns, rows) if exchanged else (rows, columns)))
        b, c = (c, b) if exchanged else (b, c)
        real += [a - d, a + d]
        imag += [b + c, b - c]
    order = [0, 2, 4, 5, 3, 1]
    return tuple(ops.stack([found[i] for i in order], axis=1) * 0.5**0.5 for found in (real, imag))


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
def forward(images, matrices, *, static, channels_last):
    """The transform: `(low, high)`, high a tuple of `(real, imag)` by level."""
    planes, channels = to_planes(images, channels_last)
    high = []
    for level in range(len(static)):
        planes = multiply_both(planes, static[level], matrices[level])
        exchanged = level % 2 == 0
        pair = subbands(_by_groups(planes), exchanged)
        high.append(tuple(_arranged(part, channels, exchanged, channels_last) for part in pair))
        planes = planes[:, LOW, :, LOW]
    return _low_image(planes, channels, exchanged, channels_last), tuple(high)


def _low_mean(parts):
    """Means of the quads of the low-pass: `(N, a, b)`."""
    return sum(_quad(parts, LOW, LOW)) * 0.25


def _moduli(parts, exchanged, channels, bias, joint):
    """Smooth moduli `(N, 6, a, b)`, or one for all channels of an image."""
    real, imag = subbands(parts, exchanged)
    square = real * real + imag * imag
    if joint:
        square = ops.sum(ops.reshape(square, (-1, channels, *ops.shape(square)[1:])), axis=1)
    return smooth_root(square, bias)


def _features(planes, channels, exchanged, channels_last):
    """Maps `(N, K1, ..., a, b)` as features: the last K is the slowest index, the channel the fastest."""
    *paths, first, second = ops.shape(planes)[1:]
    planes = ops.reshape(planes, (-1, channels, *paths, first, second))
    n = len(paths)
    height, width = (n + 3, n + 2) if exchanged else (n + 2, n + 3)
    order = (*range(n + 1, 1, -1), 1)
    planes = ops.transpose(planes, (0, height, width, *order) if channels_last else (0, *order, height, width))
    first, second = (second, first) if exchanged else (first, second)
    count = channels * int(np.prod(paths))
    return ops.reshape(planes, (-1, first, second, count) if channels_last else (-1, count, first, second))


@compiled(xla_under_tensorflow=True)
def scattering_1(images, matrices, *, static, bias, channels_last, joint):
    """Low-pass and moduli of level 1: `(batch, h, w, 7 C)` or `(batch, 7 C, h, w)`, path by path."""
    planes, channels = to_planes(images, channels_last)
    parts = _by_groups(multiply_both(planes, static[0], matrices[0]))
    low, moduli = _low_mean(parts), _moduli(parts, True, channels, bias, joint)
    if not joint:
        return _features(ops.concatenate([low[:, None], moduli], axis=1), channels, True, channels_last)
    maps = [_features(low, channels, True, channels_last), _features(moduli, 1, True, channels_last)]
    return ops.concatenate(maps, axis=-1 if channels_last else 1)


@compiled(xla_under_tensorflow=True)
def scattering_2(images, matrices, *, static, bias, channels_last, joint):
    """Two levels and two orders: `(batch, h, w, 49 C)` or `(batch, 49 C, h, w)`.

    `[S0, |W1 x| averaged, |W2 x|, |W1 |W1 x||]`, where W1 and W2 are the subbands of levels 1 and 2.
    """
    planes, channels = to_planes(images, channels_last)
    planes = multiply_both(planes, static[0], matrices[0])
    moduli = _moduli(_by_groups(planes), True, channels, bias, joint)
    later = _by_groups(multiply_both(planes[:, LOW, :, LOW], static[1], matrices[1]))
    *_, first, second = ops.shape(moduli)
    again = multiply_both(ops.reshape(moduli, (-1, 1, first, 1, second)), static[2], matrices[2])
    *_, height, _, width = ops.shape(again)
    again = _by_groups(again)
    single = 1 if joint else channels
    parts = [
        (_low_mean(later), channels),
        (ops.reshape(_low_mean(again), (-1, ORIENTATIONS, height, width)), single),
        (_moduli(later, False, channels, bias, joint), single),
        (_nested(_moduli(again, False, 1, bias, False)), single),
    ]
    maps = [_features(part, count, False, channels_last) for part, count in parts]
    return ops.concatenate(maps, axis=-1 if channels_last else 1)


def _nested(moduli):
    """`(N * 6, 6, h, w)` as `(N, 6, 6, h, w)`."""
    *_, height, width = ops.shape(moduli)
    return ops.reshape(moduli, (-1, ORIENTATIONS, ORIENTATIONS, height, width))


def scattering_plans(shape, biort, qshift, J, dtype):
    """Plans for `scattering_1` and `scattering_2`: of level 1, of level 2 and of level 1 on the moduli."""
    if J == 1:
        return forward_plans(shape, biort, qshift, 1, dtype)
    plans = forward_plans(shape, biort, qshift, 2, dtype, multiple=8)
    groups = 2 * len(dtcwt_taps.level_1(biort))
    halves = [first_length(size, 8) // 2 for size in shape]
    return [*plans, [plan(first_matrix, (1, groups), size, biort, 2, dtype=dtype) for size in halves]]

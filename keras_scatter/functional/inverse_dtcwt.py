"""The inverse dual-tree complex wavelet transform: the steps of `functional.dtcwt` undone, from the last level."""

import functools

import keras
import numpy as np
from keras import ops

from keras_scatter.backend.sizes import is_static
from keras_scatter.filters import dtcwt_taps
from keras_scatter.functional.banded import filter_matrix, multiply_both, plan
from keras_scatter.functional.dtcwt import to_planes


def is_solved(name):
    """Whether the way back has no published filters, and is found by solving linear equations for a known size.

    The published filters of `near_sym_a2` reconstruct to two percent, those of `farras` not at a mirror, those of
    `qshift_32` to 1e-9; a band-pass on the diagonals is no part of a filter bank.
    """
    return name in ("farras", "near_sym_a2", "near_sym_b_bp", "qshift_32", "qshift_b_bp")


def _bands(name, level, synthesis=False):
    return dtcwt_taps.level_2(name) if level else dtcwt_taps.level_1(name, synthesis)


def _dense(n, level, bands, xp=np):
    """Analysis matrix `(length, groups * n)` of some bands, without extension of the axis."""
    step = 4 if level else 2
    return filter_matrix(bands, step, step * n, xp=xp)


def synthesis_matrix(n, name, level, size, xp):
    """From low-pass and high-pass, `4 n` samples, to the `size` of the level before: `(4 n, size)`.

    Later levels drop margins on both sides, and keep even and odd samples apart.
    """
    if is_solved(name) and not name.endswith("_bp"):
        matrix = np.linalg.pinv(_dense(n, level, _bands(name, level)))
    else:
        matrix = xp.transpose(_dense(n, level, _bands(name, level, synthesis=True)[:2], xp))
    return xp.take(matrix, _kept(n, level, size, xp), axis=1)


def _kept(n, level, size, xp):
    if not level:
        return xp.arange(size, dtype="int32")
    margin = (4 * n - size) // 2
    even = margin + 2 * xp.arange(size // 2, dtype="int32")
    return xp.concatenate([even, even + 1])


def unmixing_matrix(n, name, xp):
    """Inverse of the band-pass as it sees the high-pass: `(2 n, 2 n)`."""
    _, high, band = (_dense(n, 1, [bands]) for bands in _bands(name, 1))
    return np.linalg.inv(high.T @ band)


def leakage_matrix(n, name, xp):
    """What the band-pass, unmixed, sees of low-pass and high-pass: `(4 n, 2 n)`."""
    bands = _bands(name, 1)
    return _dense(n, 1, bands[:2]).T @ _dense(n, 1, bands[2:]) @ unmixing_matrix(n, name, xp)


def adjoint_matrix(n, name, xp):
    """The transpose of level 1 with a band-pass, and the cosine transform, in which its filters are factors."""
    return _dense(n, 0, _bands(name, 0)).T @ _cosines(2 * n).T


def cosine_matrix(length, size, xp):
    """Back from the cosine transform of an axis, `size` samples of which are kept."""
    return _cosines(length)[:, :size]


def _cosines(length):
    k = np.arange(length)
    matrix = np.cos(np.pi / length * k[:, None] * (k + 0.5))
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


@functools.lru_cache(maxsize=64)
def frame_factors(name, sizes, dtype):
    """Reciprocal of the gain of level 1 with a band-pass, followed by its transpose, for each product of cosines."""
    (low, high, band), (low_b, high_b, band_b) = (_gains(n, name) for n in sizes)
    total = np.outer(low, low_b + high_b) + np.outer(high, low_b) + np.outer(band, band_b)
    return (1 / total).astype(dtype)[:, None, :]


def _gains(n, name):
    cosines = _cosines(2 * n)
    return [((cosines @ _dense(n, 0, [bands])) ** 2).sum(1) for bands in _bands(name, 0)]


def backward_plans(shapes, size, biort, qshift, dtype):
    """Plans of the steps of each level, from the last to the first, on the axes in the order of `backward`.

    Args:
        shapes: height and width of the subbands of each level.
        size: height and width of the image.
    """
    targets = [size, *((2 * height, 2 * width) for height, width in shapes[:-1])]
    plans = []
    for level in reversed(range(len(shapes))):
        axes = list(zip(shapes[level], targets[level]))
        # Each level filters the last axis first, and exchanges them.
        axes = axes[::-1] if (len(shapes) - level) % 2 else axes
        plans.append(_level_plans(axes, qshift if level else biort, level, dtype))
    return plans


def _level_plans(axes, name, level, dtype):
    if is_solved(name) and not all(is_static(n) for n, _ in axes):
        argument = "qshift" if level else "biort"
        raise ValueError(
            f"The inverse needs to know the sizes of its coefficients for some filters: give height and width in the "
            f"Input, or choose others. Received: {argument}={name!r}"
        )

    def both(matrix, groups, *arguments):
        return [plan(matrix, groups, n, name, *arguments, dtype=dtype) for n, _ in axes]

    if name == "near_sym_b_bp":
        back = [plan(cosine_matrix, (1, 1), 2 * n, size, dtype=dtype) for n, size in axes[::-1]]
        return [both(adjoint_matrix, (6, 1)), back]
    out = 2 if level else 1
    synthesis = [plan(synthesis_matrix, (4, out), n, name, level, size, dtype=dtype) for n, size in axes]
    if name == "qshift_b_bp":
        return [synthesis, both(unmixing_matrix, (2, 2)), both(leakage_matrix, (4, 2))]
    return [synthesis]


def backward(low, high, tensors, static, biort, channels_last):
    """The image `(batch, height, width, C)` or `(batch, C, height, width)`.

    Args:
        low: low-pass image.
        high: for each level `(real, imag)`, `(batch, h, w, 6, C)` or `(batch, C, 6, h, w)`.
        tensors, static: `backward_plans`, split.
    """
    planes, channels = to_planes(low, channels_last)
    planes = _even_and_odd(planes)
    exchanged = False
    for parts, spans, matrices in zip(reversed(high), static, tensors):
        real, imag = (_aligned(part, exchanged, channels_last) for part in parts)
        lh, hh, hl = (_quad(real, imag, pair, exchanged) for pair in ((0, 5), (1, 4), (2, 3)))
        # lh is low-pass along the width, hl along the height, which is the first axis unless they are exchanged.
        beside, below = (lh, hl) if exchanged else (hl, lh)
        if len(spans) == 2:
            planes = _from_frame(planes, beside, below, hh, spans, matrices, biort)
            continue
        if len(spans) == 3:
            hh = _unmixed(planes, beside, below, hh, spans, matrices)
        planes = multiply_both(_blocks([[planes, beside], [below, hh]]), spans[0], matrices[0])
        exchanged = not exchanged
    return _to_image(planes, channels, exchanged, channels_last)


def _even_and_odd(planes):
    """An image plane `(N, 1, a, 1, b)` with its samples in groups, `(N, 2, a / 2, 2, b / 2)`."""
    _, _, first, _, second = ops.shape(planes)
    return ops.transpose(ops.reshape(planes, (-1, first // 2, 2, second // 2, 2)), (0, 2, 1, 4, 3))


def _aligned(part, exchanged, channels_last):
    """Subbands as planes `(N, 6, a, b)`."""
    order = (0, 4, 3, 1, 2) if channels_last else (0, 1, 2, 3, 4)
    order = (*order[:3], order[4], order[3]) if exchanged else order
    part = ops.transpose(part, order)
    return ops.reshape(part, (-1, *ops.shape(part)[2:]))


def _quad(real, imag, pair, exchanged):
    """The real subband `(N, 2, a, 2, b)` of which a pair of orientations was made."""
    (first_real, second_real), (first_imag, second_imag) = ([part[:, i] for i in pair] for part in (real, imag))
    a, b = first_real + second_real, first_imag + second_imag
    c, d = first_imag - second_imag, second_real - first_real
    b, c = (c, b) if exchanged else (b, c)
    return ops.stack([ops.stack([a, b], axis=2), ops.stack([c, d], axis=2)], axis=1) * 0.5**0.5


def _blocks(rows):
    """Subbands put together: along the second axis in a row, along the first one from row to row."""
    return ops.concatenate([ops.concatenate(row, axis=3) for row in rows], axis=1)


def _unmixed(low, beside, below, band, static, tensors):
    """The high-pass on the diagonals from the band-pass, less what that sees of the other subbands."""
    others = _blocks([[low, beside], [below, ops.zeros_like(band)]])
    high = multiply_both(band, static[1], tensors[1]) - multiply_both(others, static[2], tensors[2])
    return ops.transpose(high, (0, 3, 4, 1, 2))


def _from_frame(low, beside, below, band, static, tensors, biort):
    """Least squares: the transpose of level 1, divided by its gain in the cosine transform. Axes keep their order."""
    zero = ops.zeros_like(low)
    planes = _blocks([[low, beside, zero], [below, zero, zero], [zero, zero, band]])
    planes = multiply_both(planes, static[0], tensors[0])
    sizes = tuple(size // 2 for size in (planes.shape[2], planes.shape[4]))
    factors = frame_factors(biort, sizes, keras.backend.standardize_dtype(planes.dtype))
    return multiply_both(planes * ops.convert_to_tensor(factors), static[1], tensors[1])


def _to_image(planes, channels, exchanged, channels_last):
    _, _, first, _, second = ops.shape(planes)
    planes = ops.reshape(planes, (-1, channels, first, second))
    height, width = (3, 2) if exchanged else (2, 3)
    return ops.transpose(planes, (0, height, width, 1) if channels_last else (0, 1, height, width))

"""The inverse of the dual-tree complex wavelet transform: its levels undone, from the last to the first."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from keras import ops

from keras_scatter.backend.programs import compiled
from keras_scatter.backend.sizes import is_static
from keras_scatter.cache import cached
from keras_scatter.filters import dtcwt_taps
from keras_scatter.functional.banded import MirroredAxis, filter_matrix, multiply_both, products
from keras_scatter.functional.dual_tree import to_planes


def is_solved(name):
    """Whether linear equations are solved for the filters of the way back, which needs known sizes.

    The published filters of `near_sym_a2` reconstruct to two percent, those of `farras` not at a mirror, those of
    `qshift_32` to 1e-9; a band-pass on the diagonals is no part of a filter bank.
    """
    return name in ("farras", "near_sym_a2", "near_sym_b_bp", "qshift_32", "qshift_b_bp")


def _bands(name, level, synthesis=False):
    return dtcwt_taps.level_2(name) if level else dtcwt_taps.level_1(name, synthesis)


def _analysis(n, level, bands, xp=np):
    """The matrix `(length, groups * n)` that filters an axis with some bands; the axis is not extended."""
    step = 4 if level else 2
    return filter_matrix(bands, step, MirroredAxis(step * n, step * n), xp)


@dataclass(frozen=True)
class Synthesis:
    """From low-pass and high-pass, `size` samples in each of 4 groups, to `target` samples of the level before.

    Level 0 is the first. The others drop margins on both sides, and keep even and odd samples apart.
    """

    size: int
    name: str
    level: int
    target: int

    @property
    def groups(self):
        return 4, 2 if self.level else 1

    def matrix(self, xp=np):
        if is_solved(self.name) and not self.name.endswith("_bp"):
            matrix = np.linalg.pinv(_analysis(self.size, self.level, _bands(self.name, self.level)))
        else:
            bands = _bands(self.name, self.level, synthesis=True)[:2]
            matrix = xp.transpose(_analysis(self.size, self.level, bands, xp))
        return xp.take(matrix, self._kept(xp), axis=1)

    def _kept(self, xp):
        if not self.level:
            return xp.arange(self.target, dtype="int32")
        margin = (4 * self.size - self.target) // 2
        even = margin + 2 * xp.arange(self.target // 2, dtype="int32")
        return xp.concatenate([even, even + 1])


@dataclass(frozen=True)
class Unmixing:
    """From the band-pass to the high-pass, as far as it sees that: 2 groups of `size` samples."""

    size: int
    name: str
    groups = (2, 2)

    def matrix(self, xp=np):
        _, high, band = (_analysis(self.size, 1, [bands]) for bands in _bands(self.name, 1))
        return np.linalg.inv(high.T @ band)


@dataclass(frozen=True)
class Leakage:
    """What the band-pass, unmixed, sees of low-pass and high-pass: 4 groups of `size` samples to 2."""

    size: int
    name: str
    groups = (4, 2)

    def matrix(self, xp=np):
        bands = _bands(self.name, 1)
        mixed = _analysis(self.size, 1, bands[:2]).T @ _analysis(self.size, 1, bands[2:])
        return mixed @ Unmixing(self.size, self.name).matrix()


@dataclass(frozen=True)
class Adjoint:
    """The transpose of level 1 with a band-pass, and the cosine transform, in which its filters are factors."""

    size: int
    name: str
    groups = (6, 1)

    def matrix(self, xp=np):
        return _analysis(self.size, 0, _bands(self.name, 0)).T @ _cosines(2 * self.size).T


@dataclass(frozen=True)
class FromCosines:
    """Back from the cosine transform of an axis of `size` samples, `kept` of which are kept."""

    size: int
    kept: int
    groups = (1, 1)

    def matrix(self, xp=np):
        return _cosines(self.size)[:, : self.kept]


def _cosines(length):
    k = np.arange(length)
    matrix = np.cos(np.pi / length * k[:, None] * (k + 0.5))
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


@cached
def frame_factors(name, sizes, dtype):
    """Reciprocal of the gain of level 1 with a band-pass, followed by its transpose, for each product of cosines."""
    (low, high, band), (low_b, high_b, band_b) = (_gains(n, name) for n in sizes)
    total = np.outer(low, low_b + high_b) + np.outer(high, low_b) + np.outer(band, band_b)
    return (1 / total).astype(dtype)[:, None, :]


def _gains(n, name):
    cosines = _cosines(2 * n)
    return [((cosines @ _analysis(n, 0, [bands])) ** 2).sum(1) for bands in _bands(name, 0)]


class Subbands(NamedTuple):
    """The real subbands of a level, `(N, 2, a, 2, b)`.

    Attributes:
        low: low-pass along both axes.
        beside: high-pass along the second axis alone.
        below: high-pass along the first axis alone.
        diagonal: high-pass, or band-pass, along both.
    """

    low: object
    beside: object
    below: object
    diagonal: object


class FilterBank(NamedTuple):
    """The way back through a level without a band-pass.

    Attributes:
        synthesis: products of both axes.
    """

    synthesis: list
    exchanges = True

    def undo(self, parts):
        """The planes that the level filtered."""
        planes = _blocks([[parts.low, parts.beside], [parts.below, parts.diagonal]])
        return multiply_both(planes, self.synthesis)


class UnmixedFilterBank(NamedTuple):
    """The way back through a later level with a band-pass.

    The high-pass on the diagonals is what the band-pass gives, less what that sees of the other subbands.
    """

    synthesis: list
    unmixing: list
    leakage: list
    exchanges = True

    def undo(self, parts):
        others = _blocks([[parts.low, parts.beside], [parts.below, ops.zeros_like(parts.diagonal)]])
        high = multiply_both(parts.diagonal, self.unmixing) - multiply_both(others, self.leakage)
        return FilterBank(self.synthesis).undo(parts._replace(diagonal=ops.transpose(high, (0, 3, 4, 1, 2))))


class Frame(NamedTuple):
    """The way back through level 1 with a band-pass, by least squares.

    The transpose of the level is divided by its gain in the cosine transform. Axes keep their order.
    """

    adjoint: list
    factors: object
    cosines: list
    exchanges = False

    def undo(self, parts):
        low, beside, below, diagonal = parts
        zero = ops.zeros_like(low)
        planes = _blocks([[low, beside, zero], [below, zero, zero], [zero, zero, diagonal]])
        return multiply_both(multiply_both(planes, self.adjoint) * self.factors, self.cosines)


def _blocks(rows):
    """Subbands put together: along the second axis in a row, along the first one from row to row."""
    return ops.concatenate([ops.concatenate(row, axis=3) for row in rows], axis=1)


def ways_back(shapes, size, filters, dtype):
    """The ways back through all levels, from the last one to the first.

    Args:
        shapes: height and width of the subbands of each level.
        size: height and width of the image.
        filters: a `FilterNames`.
    """
    targets = [size, *((2 * height, 2 * width) for height, width in shapes[:-1])]
    ways = []
    for level in reversed(range(len(shapes))):
        axes = list(zip(shapes[level], targets[level]))
        # Each level filters the last axis first, and exchanges them.
        axes = axes[::-1] if (len(shapes) - level) % 2 else axes
        ways.append(_way_back(axes, filters.qshift if level else filters.biort, level, dtype))
    return ways


def _way_back(axes, name, level, dtype):
    """The way back through a level, for pairs of samples of a subband and of what it is made of, one an axis."""
    sizes = tuple(n for n, _ in axes)
    if is_solved(name) and not is_static(*sizes):
        argument = "qshift" if level else "biort"
        raise ValueError(
            f"The inverse needs to know the sizes of its coefficients for some filters: give height and width in the "
            f"Input, or choose others. Received: {argument}={name!r}"
        )
    if name == "near_sym_b_bp":
        adjoint = [Adjoint(n, name) for n in sizes]
        cosines = [FromCosines(2 * n, target) for n, target in axes[::-1]]
        factors = ops.convert_to_tensor(frame_factors(name, sizes, dtype))
        return Frame(products(adjoint, dtype), factors, products(cosines, dtype))
    synthesis = products([Synthesis(n, name, level, target) for n, target in axes], dtype)
    if name != "qshift_b_bp":
        return FilterBank(synthesis)
    unmixing, leakage = ([kind(n, name) for n in sizes] for kind in (Unmixing, Leakage))
    return UnmixedFilterBank(synthesis, products(unmixing, dtype), products(leakage, dtype))


@compiled(xla_under_tensorflow=False)
def backward(low, high, ways, channels_last):
    """The image `(batch, height, width, C)` or `(batch, C, height, width)`.

    Args:
        low: low-pass image.
        high: for each level `(real, imag)`, `(batch, h, w, 6, C)` or `(batch, C, 6, h, w)`.
        ways: `ways_back`.
    """
    planes, channels = to_planes(low, channels_last)
    planes = _even_and_odd(planes)
    exchanged = False
    for pair, way in zip(reversed(high), ways):
        real, imag = (_aligned(part, exchanged, channels_last) for part in pair)
        lh, hh, hl = (_quad(real, imag, angles, exchanged) for angles in ((0, 5), (1, 4), (2, 3)))
        # lh is low-pass along the width, hl along the height, which is the first axis unless they are exchanged.
        beside, below = (lh, hl) if exchanged else (hl, lh)
        planes = way.undo(Subbands(planes, beside, below, hh))
        exchanged = exchanged != way.exchanges
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


def _to_image(planes, channels, exchanged, channels_last):
    _, _, first, _, second = ops.shape(planes)
    planes = ops.reshape(planes, (-1, channels, first, second))
    height, width = (3, 2) if exchanged else (2, 3)
    return ops.transpose(planes, (0, height, width, 1) if channels_last else (0, 1, height, width))

"""Plans of the scattering of images: scales and angles, Kymatio's margins."""

import functools
from typing import NamedTuple

import numpy as np

from keras_scatter.cache import cached
from keras_scatter.filters.morlet import coarsest_grid, gaussian_spectrum, morlet_factors
from keras_scatter.filters.paths import Path, Paths
from keras_scatter.filters.spectra import low_band
from keras_scatter.plan.axis import Axis
from keras_scatter.plan.tree import MOST_PATHS, Plan, Wavelet, check_count, in_output_order, tree


class ImageFilters(NamedTuple):
    """The filters of a plan: Morlet wavelets and a separable Gaussian, as spectra on a grid of given sizes."""

    J: int
    L: int

    def grid(self, band):
        """log2 of the decimation of the grid on which a band is filtered: the coarsest that holds its wavelets."""
        return max(band.source, coarsest_grid(band.wavelets[0].j, self.L))

    def factors(self, band, lengths, xp=np):
        """Two matrices whose product is the spectra of the wavelets of a band, `(B, h, w)`: of one scale.

        They are on the grid of a band of source 0.
        """
        left, right = morlet_factors(band.wavelets[0].j, self.L, *lengths, xp, self.grid(band._replace(source=0)))
        angles = np.array([wavelet.n % self.L for wavelet in band.wavelets])
        return (left if len(angles) == self.L else xp.take(left, angles, axis=0)), right

    def lowpass(self, length, level, xp=np):
        """The low-pass along one axis of moduli of a level, `(length / 2**level,)`."""
        return low_band(gaussian_spectrum(self.J, length, xp), level, (-1,), xp)


@cached
def image_plan(J, L, order, padding, paths=None):
    """The plan of a transform of images: wavelet `n = j L + t` acts on the moduli of those of smaller scales.

    Args:
        padding: `"reflect"`, `"zeros"` or `"periodic"`.
        paths: None, or a tuple of those that are wanted.
    """
    nodes = _nodes(J, L, order, 0, paths)
    axis = functools.partial(image_axis, J=J, padding=padding)
    return Plan(nodes, *_named(nodes, L), J, J, padding, axis, ImageFilters(J, L))


@cached
def block_plan(J, L, paths=None):
    """The plan of the paper's network: every block halves the size, also that of its own moduli, and pads by zeros."""
    nodes = _nodes(J, L, J, 1, paths)
    return Plan(nodes, *_named(nodes, L), J, J, "zeros", Axis, None)


def _nodes(J, L, order, more, paths):
    """The tree of a transform whose moduli of scale j are decimated by 2**(j + more)."""
    received = f"J={J}, L={L}, order={order}"
    if J * L > MOST_PATHS:
        raise ValueError(f"A transform must have at most {MOST_PATHS} paths. Received: {received}")
    check_count([dict.fromkeys(range(J), L)], order, received)
    bank = tuple(Wavelet(j * L + t, j) for j in range(J) for t in range(L))
    wanted = None
    if paths is not None:
        wanted = {tuple(bank[j * L + t] for j, t in zip(scales, angles)) for _, scales, angles in paths}
    return tree([bank], order, lambda first, second: second.j > first.j, lambda wavelet: wavelet.j + more, wanted)


def _named(nodes, L):
    """The paths of the outputs, and these as rows, in order."""
    rows = in_output_order(row for node in nodes if node.emits for row in node.rows)
    return Paths(Path(len(row), tuple(w.j for w in row), tuple(w.n % L for w in row)) for row in rows), rows


def image_axis(size, J, padding):
    """An axis with Kymatio's margins: a multiple of 2**J samples, one coarse one of which is dropped at both ends.

    Example:

    >>> axis = image_axis(33, J=3, padding="reflect")
    >>> axis.before, axis.after
    (7, 8)
    """
    if padding == "periodic":
        return Axis(size)
    total = ((size + 2**J) // 2**J + 1) * 2**J - size
    return Axis(size, total // 2, (total + 1) // 2, padding)

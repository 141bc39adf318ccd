"""Plans of the dual-tree transform and of scattering with it: sizes of its levels, and the tree of its paths."""

import functools

from keras_scatter.cache import cached
from keras_scatter.filters.paths import Path, Paths
from keras_scatter.plan.axis import Axis
from keras_scatter.plan.tree import Plan, Wavelet, tree

ORIENTATIONS = 6
LARGEST_LEVEL = 32


def first_length(size, multiple=2):
    """Samples of an axis that is extended to a multiple, for level 1."""
    return -(-size // multiple) * multiple


def later_length(size):
    """Samples of the low-pass of a level, extended to a multiple of four for the next level."""
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


def multiple(J):
    """What the sizes of an image are extended to a multiple of, before it is scattered."""
    return 2 if J == 1 else 8


class CellAxis(Axis):
    """An axis on whose coarser grids a sample stands for the cell of 2**level samples that begins with its own."""

    __slots__ = ()

    def kept(self, level):
        """The cell of the first sample that is no margin, and how many cells the input fills."""
        return self.before // 2**level, -(-self.size // 2**level)


def scattering_axis(size, J):
    """An axis of an image that is scattered, with its margins.

    Example:

    >>> axis = scattering_axis(19, J=2)
    >>> axis.before, axis.after, axis.kept(1)
    (2, 3, (1, 10))
    """
    added = first_length(size, multiple(J)) - size
    return CellAxis(size, added // 2, added - added // 2, "copies")


@cached
def scattering_plan(J, paths=None):
    """The plan of scattering with the dual-tree transform; the second of two angles changes slowest in its paths.

    Args:
        J: 1 or 2. Wavelets of scale j are those of level j + 1.
        paths: None, or a tuple of those that are wanted.
    """
    bank = tuple(Wavelet(j * ORIENTATIONS + t, j) for j in range(J) for t in range(ORIENTATIONS))
    wanted = None
    if paths is not None:
        wanted = {tuple(bank[j * ORIENTATIONS + t] for j, t in zip(scales, angles)) for _, scales, angles in paths}
    nodes = tree([bank], J, lambda first, second: second.j > first.j, lambda wavelet: wavelet.j + 1, wanted)
    rows = (row for node in nodes if node.emits for row in node.rows)
    rows = tuple(sorted(rows, key=lambda row: (len(row), row[::-1])))
    named = Paths(Path(len(row), tuple(w.j for w in row), tuple(w.n % ORIENTATIONS for w in row)) for row in rows)
    return Plan(nodes, named, rows, J, J, "copies", functools.partial(scattering_axis, J=J), None)

"""Trees of wavelets: which of them act on the moduli of which others, in which order and at which decimation."""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

MOST_PATHS = 100_000


class Wavelet(NamedTuple):
    """A wavelet of a bank.

    Attributes:
        n: index in the bank of its order.
        j: its moduli may be sampled every 2**j.
        kind: only wavelets of one kind are applied together.
    """

    n: int
    j: int
    kind: object = None


class Band(NamedTuple):
    """Wavelets that are applied together.

    Attributes:
        bank: index of the bank that they are of.
        wavelets: tuple of `Wavelet`.
        source: log2 of the decimation of the moduli that they act on.
        level: that of their own moduli.
    """

    bank: int
    wavelets: tuple
    source: int
    level: int


class Node(NamedTuple):
    """Moduli that are computed together: those of a band, applied to all rows of another node.

    Attributes:
        source: index of that node; None for the root, which is the input.
        band: the `Band`; None for the root.
        rows: paths of the moduli, tuples of `Wavelet`: every row of the source with every wavelet in turn.
        emits: whether the rows are outputs.
        end: index after the last node that descends from this one.
    """

    source: int | None
    band: Band | None
    rows: tuple
    emits: bool
    end: int

    @property
    def level(self):
        """log2 of the decimation of the moduli."""
        return self.band.level if self.band else 0


@dataclass(frozen=True, eq=False)
class Plan:
    """A transform but for the size of its input; made once for equal arguments, and compared by identity.

    Attributes:
        nodes: tuple of `Node`, depth first: what descends from a node follows it at once.
        paths: what the outputs are called, in their order.
        rows: the same as tuples of `Wavelet`.
        level: log2 of the decimation of the outputs.
        scale: log2 of the smallest size that can be transformed.
        padding: what the margins hold; `"periodic"` where there are none, and sizes must be multiples.
        axis: function from the size of an axis to its `Axis`.
        filters: what makes the filters.
        average: how moduli become outputs: `"local"` by the low-pass, `"total"` as sums over all samples, `"integral"`
            as the same without axes of length 1, None as they are.
    """

    nodes: tuple
    paths: tuple
    rows: tuple
    level: int
    scale: int
    padding: str
    axis: Callable
    filters: object
    average: str | None = "local"

    @functools.cached_property
    def bands(self):
        """Every band once."""
        return tuple(dict.fromkeys(node.band for node in self.nodes if node.band))

    @functools.cached_property
    def emitted(self):
        """The nodes that have outputs, in the order of the first output of each."""
        first = {row: i for i, row in enumerate(self.rows)}
        return tuple(
            sorted((i for i, node in enumerate(self.nodes) if node.emits), key=lambda i: first[self.nodes[i].rows[0]])
        )

    @functools.cached_property
    def position(self):
        """Where the outputs are among those of the nodes in `emitted`, one node after the other."""
        found = {row: i for i, row in enumerate(row for k in self.emitted for row in self.nodes[k].rows)}
        return tuple(found[row] for row in self.rows)

    @functools.cached_property
    def deepest(self):
        """The highest level of what reads a node, by node; None where nothing does."""
        found = [None] * len(self.nodes)
        for node in self.nodes[1:]:
            found[node.source] = max(found[node.source] or 0, node.level)
        return tuple(found)

    def axes(self, shape):
        """The `Axis` of every size in `shape`."""
        return tuple(map(self.axis, shape))

    @property
    def levels(self):
        """Path and level of every output, in order."""
        level = {row: node.level for node in self.nodes if node.emits for row in node.rows}
        return tuple((path, level[row]) for path, row in zip(self.paths, self.rows))

    def output_shape(self, shape, level):
        """Sizes of maps of a level; None where one is not known."""
        if self.average == "total":
            return (1,) * len(shape)
        if self.average == "integral":
            return ()
        return tuple(None if size is None else self.axis(size).kept(level)[1] for size in shape)

    def samples(self, axes, level):
        """Samples of one row at a level."""
        return math.prod(axis.length // 2**level for axis in axes)

    def peak(self, axes, first=0):
        """Largest number of real values alive at once while all that descends from a row of a node is computed.

        They are spectra of moduli that are still read, and the complex waves of one node, of volumes one at a time.

        Args:
            axes: those of the input.
            first: index of the node.
        """
        held, largest = {}, 0
        for i in range(first, self.nodes[first].end):
            node = self.nodes[i]
            held = {k: size for k, size in held.items() if i < self.nodes[k].end}
            size = 2 * len(node.rows) // len(self.nodes[first].rows) * self.samples(axes, node.level)
            largest = max(largest, sum(held.values()) + size)
            if node.end > i + 1:
                held[i] = size
        return largest


def tree(banks, order, follows, level, wanted=None):
    """Nodes of a scattering tree, depth first. Rows of a node have the same descendants, so that they are one batch.

    Args:
        banks: tuples of `Wavelet` by order; the last one serves all further orders.
        order: largest number of wavelets on a path.
        follows: function of two wavelets: whether the second may act on the moduli of the first.
        level: function of a wavelet: log2 of the decimation at which its moduli are sampled.
        wanted: set of paths, tuples of `Wavelet`; only these and what leads to them are computed. None means all.

    Returns:
        Tuple of `Node`.
    """
    unique = functools.cache(_Subtree)

    @functools.cache
    def everything(last, m):
        bank = banks[min(m, len(banks) - 1)] if m < order else ()
        return unique(True, tuple((w, everything(w, m + 1)) for w in bank if last is None or follows(last, w)))

    def selected(paths, m):
        groups = {}
        for path in paths:
            if len(path) > m:
                groups.setdefault(path[m], []).append(path)
        children = tuple((w, selected(groups[w], m + 1)) for w in sorted(groups))
        return unique(any(len(path) == m for path in paths), children)

    nodes = []

    def grow(subtree, source, band, rows):
        index = len(nodes)
        nodes.append(None)
        at, bands = band.level if band else 0, {}
        for w, below in subtree.children:
            bands.setdefault((max(level(w), at), w.kind, below), []).append(w)
        for (deeper, _, below), wavelets in bands.items():
            found = Band(min(len(rows[0]), len(banks) - 1), tuple(wavelets), at, deeper)
            grow(below, index, found, tuple((*row, w) for row in rows for w in wavelets))
        nodes[index] = Node(source, band, rows, subtree.emits, len(nodes))

    grow(everything(None, 0) if wanted is None else selected(wanted, 0), None, None, ((),))
    return tuple(nodes)


@dataclass(frozen=True, eq=False)
class _Subtree:
    """What grows from the last wavelet of a path; equal ones are one object."""

    emits: bool
    children: tuple


def check_count(scales, order, received):
    """Refuse more than `MOST_PATHS` paths before anything is made for them.

    Args:
        scales: by order, how many wavelets each scale has, increasing; the last one serves all further orders.
        received: the arguments, for the error.
    """
    ending, total = {-1: 1}, 1  # paths by the scale of their last wavelet
    for m in range(order):
        found = scales[min(m, len(scales) - 1)]
        ending = {j: n * sum(count for last, count in ending.items() if last < j) for j, n in found.items()}
        total += sum(ending.values())
        if total > MOST_PATHS:
            raise ValueError(f"A transform must have at most {MOST_PATHS} paths. Received: {received}")
        if not any(ending.values()):
            return


def in_output_order(rows):
    """Rows by their number of wavelets, then by the indices of these."""
    return tuple(sorted(rows, key=lambda row: (len(row), row)))


def select(paths, wanted):
    """The paths of a transform that the argument `paths` of a layer keeps, in output order.

    Args:
        paths: all of them.
        wanted: None for all, a function of a path, or a sequence of paths.
    """
    if wanted is None:
        return paths
    kept = {path for path in paths if wanted(path)} if callable(wanted) else _checked(paths, wanted)
    if not kept:
        raise ValueError("paths must keep at least one path. Received: none")
    return tuple(path for path in paths if path in kept)


def _checked(paths, wanted):
    """The set of the paths in a sequence, each of them known and there once."""
    if not isinstance(wanted, (list, tuple)):
        raise TypeError(
            f"paths must be None, a sequence of paths or a function of a path. Received: {type(wanted).__name__}"
        )
    known, found = set(paths), [_as_tuple(path) for path in wanted]
    for i, path in enumerate(found):
        if path not in known or path in found[:i]:
            fault = "twice" if path in known else "which is none of them"
            raise ValueError(
                f"paths must be out of the {len(paths)} paths, such as {paths[-1]}. Received: {path}, {fault}"
            )
    return set(found)


def _as_tuple(path):
    """Nested sequences, such as those of a config from a file, as tuples."""
    return tuple(map(_as_tuple, path)) if isinstance(path, (list, tuple)) else path

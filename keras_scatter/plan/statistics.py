"""Plans of statistics: where the moments of a field lie in a row of numbers, and which of them make a statistic.

Moments are the means, powers and Gram matrices that `functional` computes. A statistic is a sum of terms
`weight * moment * divisor * divisor`, or the logarithm of one.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from keras_scatter.plan.tree import MOST_PATHS


class Terms(NamedTuple):
    """The terms of some statistics: arrays of one shape, or single numbers.

    Attributes:
        at: places of moments.
        first, second: places among the divisors, of which number 0 is 1.
        weight: factors.
    """

    at: object
    first: object
    second: object = 0
    weight: object = 1.0


class Divisors(NamedTuple):
    """What moments are divided by, behind a 1.

    Attributes:
        roots: places of moments whose roots are divisors.
        means: `(D, n)`, places of moments whose means are divisors.
    """

    roots: np.ndarray
    means: np.ndarray


class Layout:
    """Where named blocks of numbers lie, one behind the other.

    Args:
        shapes: dict by name.

    Example:

    >>> layout = Layout({"mean": (2,), "P00": (2, 3)})
    >>> layout.at("P00", 1, 2), layout.size
    (7, 8)
    """

    def __init__(self, shapes):
        self.shapes = shapes
        self._first, self.size = {}, 0
        for name, shape in shapes.items():
            self._first[name] = self.size
            self.size += math.prod(shape)

    def at(self, name, *index):
        """The place of a number of a block; of several, where an index is an array."""
        place = 0
        for i, size in zip(index, self.shapes[name], strict=True):
            place = place * size + i
        return self._first[name] + place


@dataclass(frozen=True, eq=False)
class StatisticsPlan:
    """What is computed, and what comes out.

    Attributes:
        filters: makes the spectra.
        fields: 1, or 2 for two fields and their cross statistics.
        outer: pairs of the outer scales that are needed, and how many rows of their Gram matrices are; 0 for all.
        paths: of the outputs.
        terms: `Terms` of them, arrays `(K, n)`.
        divisors: `Divisors`.
        logs: `(K,)`, 0 where no logarithm is taken. A logarithm stays where a number is no larger than this power of
            the smallest one of the dtype.
        arrays: dict of pairs of `Terms`, real and imaginary parts, that `statistics` returns by name; places that hold
            nothing are behind the last moment. None in the place of an imaginary part where there is none.
    """

    filters: object
    fields: int
    outer: tuple
    paths: tuple
    terms: Terms
    divisors: Divisors
    logs: np.ndarray
    arrays: dict


def pairs(fields):
    """The ordered pairs of fields of which statistics are taken.

    Example:

    >>> pairs(1), pairs(2)
    (((0, 0),), ((0, 0), (1, 1), (0, 1), (1, 0)))
    """
    return ((0, 0),) if fields == 1 else ((0, 0), (1, 1), (0, 1), (1, 0))


def named(pair, fields):
    """The `fields` of a path."""
    if fields == 1:
        return ()
    return pair if pair[0] != pair[1] else pair[:1]


def padded(rows):
    """`Terms` `(K, n)` of lists of terms, the shorter ones filled up by terms of weight 0."""
    longest = max(len(np.atleast_1d(row.at)) for row in rows)
    columns = []
    for i in range(4):
        column = np.zeros((len(rows), longest), "float64" if i == 3 else "int64")
        for k, row in enumerate(rows):
            values = np.broadcast_to(row[i], np.shape(np.atleast_1d(row.at)))
            column[k, : len(values)] = values
            if i < 3:
                column[k, len(values) :] = values[0]
        columns.append(column)
    return Terms(*columns)


def check_count(count, received):
    """Refuse more than `MOST_PATHS` statistics before anything is made for them."""
    if count > MOST_PATHS:
        raise ValueError(f"A transform must have at most {MOST_PATHS} paths. Received: {received}")


def needed(wanted, gram, rows):
    """The `outer` of a plan.

    Args:
        wanted: for every path, its outer scale and whether it reads more than the first rows of the Gram matrix.
        gram: all outer scales.
        rows: how many the first ones are.
    """
    found = []
    for scale in gram:
        reads = [more for outer, more in wanted if outer == scale]
        if reads:
            found.append((scale, 0 if any(reads) else rows))
    return tuple(found)

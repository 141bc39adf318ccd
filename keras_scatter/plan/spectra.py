"""Plans of the scattering spectra of signals: pairs and triples of scales, and their reduction to distances."""

import itertools
from typing import NamedTuple

import numpy as np

from keras_scatter.cache import cached
from keras_scatter.filters.battle_lemarie import battle_lemarie
from keras_scatter.filters.morlet_1d import SIGMA, Morlet1D, constant_q, gaussian_1d, morlet_1d
from keras_scatter.filters.paths import Paths, SpectraPath
from keras_scatter.filters.spectra import on_grid
from keras_scatter.plan.statistics import (
    Divisors,
    Layout,
    StatisticsPlan,
    Terms,
    check_count,
    named,
    needed,
    padded,
    pairs,
)


class OctaveFilters(NamedTuple):
    """The filters of a plan: one wavelet an octave, and a low-pass."""

    J: int
    wavelets: str

    def spectra(self, size):
        """`(J + 1, size)` float64 in FFT order, the low-pass last: real."""
        if self.wavelets == "battle_lemarie":
            wavelets, lowpass = battle_lemarie(self.J, size)
        else:
            xi, sigma, _ = constant_q(1, 1)[0]
            octaves = [Morlet1D(xi / 2**j, sigma / 2**j, j) for j in range(self.J)]
            wavelets = [on_grid(*morlet_1d(wavelet, size), size) for wavelet in octaves]
            lowpass = gaussian_1d(SIGMA / 2 ** (self.J - 1), size)
        return np.concatenate([wavelets, lowpass[None]])


@cached
def spectra_plan(filters, reduction, is_normalised, fields, paths=None):
    """The plan of the moments of waves, and of waves of moduli, of one scale.

    Args:
        filters: `OctaveFilters`.
        reduction: None or `"scale"`.
        is_normalised: whether waves are divided by the roots of their powers.
        fields: 1, or 2 for two signals and their cross statistics.
        paths: None, or a tuple of those that are wanted.
    """
    J = filters.J
    check_count((J + 2) ** 3 // 3 * len(pairs(fields)), f"J={J}")
    found = [path for paths in _by_kind(J, reduction, fields) for path in paths]
    if paths is not None:
        wanted = set(paths)
        found = [path for path in found if path in wanted]
    terms = [(path, list(_scales(path, J))) for path in found]
    reads = [
        (scales[-1], path.kind == "kurtosis")
        for path, rows in terms
        for scales in rows
        if path.kind in ("skewness", "kurtosis")
    ]
    outer = needed(reads, range(J + 1), fields)
    places = _Places(J, fields, outer, is_normalised)
    sums = padded([places.terms(path, rows) for path, rows in terms])
    arrays = places.arrays() if paths is None else {}
    logs = np.zeros(len(found))
    return StatisticsPlan(filters, fields, outer, Paths(found), sums, places.divisors, logs, arrays)


def _by_kind(J, reduction, fields):
    """The paths of each kind in output order. What another one is the conjugate of is left out."""
    alone = [named((f, f), fields) for f in range(fields)]
    yield [SpectraPath("sparsity", f, (j,), (), "real") for f in alone for j in range(J)]
    yield [SpectraPath("mean", f, (J,), (), "real") for f in alone]
    yield [
        SpectraPath("variance", named(pair, fields), (j,), (), part)
        for part, pair, j in itertools.product(("real", "imag"), pairs(fields)[:3], range(J + 1))
        if part == "real" or (pair[0] != pair[1] and j < J)
    ]
    skewness = [((r, j), ()) for j in range(J + 1) for r in range(min(j + 1, J))]
    kurtosis = [((r, j, k), ()) for j in range(J) for k in range(j + 1, J + 1) for r in range(j + 1)]
    if reduction == "scale":
        skewness = [row for row in skewness if row[0][-1] == J] + [((), (a,)) for a in range(J)]
        distances = [((), (a, b)) for a in range(J - 1) for b in range(J - 1, 0, -1) if a + b < J]
        kurtosis = [row for row in kurtosis if row[0][-1] == J] + distances
    for kind, rows in (("skewness", skewness), ("kurtosis", kurtosis)):
        yield [
            SpectraPath(kind, named(pair, fields), *row, part)
            for part, pair, row in itertools.product(("real", "imag"), pairs(fields), rows)
            if _is_there(kind, pair, *row, J, part)
        ]


def _is_there(kind, pair, scales, distances, J, part):
    """Whether a statistic is neither the conjugate of another one, nor the vanishing part of a real one."""
    of_lowpass = bool(scales) and scales[-1] == J
    if kind == "skewness":
        return part == "real" or not of_lowpass
    same_modulus = scales[0] == scales[1] if scales else distances[0] == 0
    if same_modulus and pair == (1, 0):
        return False
    return part == "real" or not (of_lowpass or (same_modulus and pair[0] == pair[1]))


def _scales(path, J):
    """The scales of a path, or all those with its distances."""
    if not path.distances:
        yield path.scales
    elif path.kind == "skewness":
        (a,) = path.distances
        yield from ((j - a, j) for j in range(a, J))
    else:
        a, b = path.distances
        yield from ((j - a, j, j + b) for j in range(a, J - b))


class _Places:
    """Where the moments of a plan are."""

    def __init__(self, J, fields, outer, is_normalised):
        self._J, self._fields, self._is_normalised = J, fields, is_normalised
        shapes = {"sparsity": (fields, J), "mean": (fields,), "variance": (2, fields, fields, J + 1)}
        for j, left in outer:
            rows = fields * (1 + min(j + 1, J))
            shapes[j] = (2, left or rows, rows)
        self._layout = Layout(shapes)
        self._divisors = Layout({"one": (1,), "variance": (fields, J + 1)})
        roots = [self._layout.at("variance", 0, f, f, j) for f in range(fields) for j in range(J + 1)]
        self.divisors = Divisors(np.array(roots), np.zeros((0, 1), "int64"))

    def terms(self, path, rows):
        """The terms of a path: the mean of the statistics of `rows`, tuples of scales."""
        pair = (*path.fields, *path.fields)[:2] or (0, 0)
        found = [self._term(path.kind, pair, scales, path.part)[:3] for scales in rows]
        return Terms(*map(np.array, zip(*found)), np.full(len(found), 1 / len(found)))

    def arrays(self):
        """`Terms` by name, of all statistics, with places behind the last moment where there are none."""
        J, n = self._J, self._fields
        alone, parts = [(f, f) for f in range(n)], ("real", "imag")
        one = [(j,) for j in range(J + 1)]
        found = {
            "sparsity": (self._filled("sparsity", alone, one[:J], "real"), None),
            "mean": (Terms(*(values[:, 0] for values in self._filled("mean", alone, [(0,)], "real")[:3])), None),
            "variance": tuple(self._filled("variance", pairs(n), one, part) for part in parts[:n]),
        }
        two = [(r, j) for j in range(J + 1) for r in range(min(j + 1, J))]
        three = [(r, j, k) for j in range(J) for k in range(j + 1, J + 1) for r in range(j + 1)]
        found |= {
            kind: tuple(self._filled(kind, pairs(n), scales, part) for part in parts)
            for kind, scales in (("skewness", two), ("kurtosis", three))
        }
        return {kind: (*terms, None)[:2] for kind, terms in found.items()}

    def _filled(self, kind, chosen, rows, part):
        shape = len(chosen), *(1 + max(column) for column in zip(*rows))
        found = [np.full(shape, value) for value in (self._layout.size, 0, 0)]
        for (i, pair), scales in itertools.product(enumerate(chosen), rows):
            for array, value in zip(found, self._term(kind, pair, scales, part)):
                array[(i, *scales)] = value
        return Terms(*found)

    def _term(self, kind, pair, scales, part):
        a, b = pair
        imag = int(part == "imag")
        root = lambda f, j: self._divisors.at("variance", f, j) if self._is_normalised else 0  # noqa: E731
        if kind == "sparsity":
            return Terms(self._layout.at("sparsity", a, scales[0]), root(a, scales[0]))
        if kind == "mean":
            return Terms(self._layout.at("mean", a), 0)
        if kind == "variance":
            return Terms(self._layout.at("variance", imag, a, b, scales[0]), 0)
        rows = min(scales[-1] + 1, self._J)
        # Rows of a Gram matrix are the waves of the fields, and those of their moduli.
        row = lambda f, j: self._fields + f * rows + j  # noqa: E731
        inner, left = scales[:2]
        of_wave = a if kind == "skewness" else row(a, left)
        return Terms(self._layout.at(scales[-1], imag, of_wave, row(b, inner)), root(a, left), root(b, inner))

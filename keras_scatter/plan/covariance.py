"""Plans of the scattering covariances of images: scales and angles, and their reductions."""

import itertools
from typing import NamedTuple

import numpy as np

from keras_scatter.cache import cached
from keras_scatter.filters.bump import bump_spectra
from keras_scatter.filters.morlet import morlet_spectra
from keras_scatter.filters.paths import CovariancePath, Paths
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

SPECTRA = {"morlet": morlet_spectra, "bump": bump_spectra}


class WaveletFilters(NamedTuple):
    """The wavelets of a plan."""

    J: int
    L: int
    wavelets: str

    def spectra(self, sizes):
        """`(J, L, *sizes)` float64 in FFT order: real, and 0 at frequency 0."""
        found = np.stack([SPECTRA[self.wavelets](j, self.L, *sizes) for j in range(self.J)])
        found[(..., *[0] * len(sizes))] = 0
        return found


@cached
def covariance_plan(filters, reduction, is_normalised, fields, paths=None):
    """The plan of the covariances of moduli, and of moduli with the field itself.

    Args:
        filters: `WaveletFilters`.
        reduction: None, `"isotropic"` or `"harmonic"`.
        is_normalised: whether covariances are divided by powers, and powers are logarithms.
        fields: 1, or 2 for two fields and their cross statistics.
        paths: None, or a tuple of those that are wanted.
    """
    J, L = filters.J, filters.L
    rough = J * (J + 1) * L**2 + J * (J + 1) * (J + 2) // 3 * L**3
    if reduction:
        rough = rough // L * (2 if reduction == "harmonic" else 1)
    check_count(rough * len(pairs(fields)), f"J={J}, L={L}, reduction={reduction!r}")
    found = list(_paths(J, L, reduction, fields))
    if paths is not None:
        wanted = set(paths)
        found = [path for path in found if path in wanted]
    reads = [(path.scales[-1], path.kind == "C11") for path in found if path.kind in ("C01", "C11")]
    outer = needed(reads, range(J), fields)
    places = _Places(filters, fields, outer, reduction == "harmonic", is_normalised)
    terms = padded([places.terms(path, reduction) for path in found])
    powers = {"P00": 1.0, "S1": 0.5} if is_normalised else {}
    logs = np.array([0.0 if path.harmonic else powers.get(path.kind, 0.0) for path in found])
    whole = paths is None
    return StatisticsPlan(
        filters, fields, outer, Paths(found), terms, places.divisors, logs, places.arrays() if whole else {}
    )


def _paths(J, L, reduction, fields):
    """All paths in output order. What another one is the conjugate of is left out."""
    waves = 1 if reduction else 0  # angles that are reduced
    harmonics = (0, 1) if reduction == "harmonic" else (0,)
    angles = lambda count: itertools.product(range(L), repeat=count - waves)  # noqa: E731
    for f in range(fields):
        yield CovariancePath("mean", named((f, f), fields), (), (), 0, "real")
    for kind, m in itertools.product(("P00", "S1"), harmonics):
        parts = ("real", "imag") if m and L > 2 else ("real",)
        for part, f, j, t in itertools.product(parts, range(fields), range(J), angles(1)):
            yield CovariancePath(kind, named((f, f), fields), (j,), t, m, part)
    parts = ("real",) if reduction == "isotropic" else ("real", "imag")
    for m, part, j, t in itertools.product(harmonics, parts, range(J) if fields == 2 else (), angles(1)):
        yield CovariancePath("C00", (0, 1), (j,), t, m, part)
    for kind, count in (("C01", 2), ("C11", 3)):
        scales = list(itertools.combinations_with_replacement(range(J), count))
        for m, part, pair, j, t in itertools.product(harmonics, parts, pairs(fields), scales, angles(count)):
            path = CovariancePath(kind, named(pair, fields), j, t, m, part)
            if count == 2 or j[0] < j[1] or not _is_redundant(path, pair, L, reduction):
                yield path


def _is_redundant(path, pair, L, reduction):
    """Whether a covariance of two moduli of one scale is that of the two in the other order, or vanishes."""
    same, imag = pair[0] == pair[1], path.part == "imag"
    if reduction is None:
        first, second, _ = path.angles
        return pair == (1, 0) or (same and (first > second or (first == second and imag)))
    turn, outer = path.angles
    if path.harmonic or imag:
        return pair != (0, 1) and not turn and imag and not path.harmonic
    return pair == (1, 0) or (same and path.angles > (-turn % L, (outer - turn) % L))


class _Places:
    """Where the moments of a plan are."""

    def __init__(self, filters, fields, outer, is_harmonic, is_normalised):
        self._J, self._L, self._fields, self._is_normalised = filters.J, filters.L, fields, is_normalised
        bank = fields, filters.J, filters.L
        shapes = {"mean": (fields,), "variance": (fields,), "P00": bank, "S1": bank}
        if fields == 2:
            shapes["C00"] = (2, *bank[1:])
        for j, left in outer:
            rows = fields * (1 + (j + 1) * filters.L)
            shapes[j] = (2, filters.L, left or rows, rows)
        self._layout = Layout(shapes)
        roots = [*range(self._layout.at("variance", 0), self._layout.at("S1", 0, 0, 0))]
        angles = np.arange(filters.L)
        means = [
            self._layout.at(kind, f, j, angles)
            for kind in ("P00", "S1")
            for f in range(fields)
            for j in range(filters.J)
            if is_harmonic
        ]
        self._divisors = Layout({"one": (1,), "variance": (fields,), "P00": bank, "P": bank[:2], "S": bank[:2]})
        self.divisors = Divisors(np.array(roots), np.reshape(means, (-1, filters.L)).astype("int64"))

    def terms(self, path, reduction):
        """The terms of a path."""
        pair = (*path.fields, *path.fields)[:2] or (0, 0)
        if reduction is None or path.kind == "mean":
            return self._term(path.kind, pair, path.scales, path.angles, path.part)
        first = np.arange(self._L)
        angles = [first, *(first + distance for distance in path.angles)]
        # A wavelet that is turned by half a turn gives the conjugate.
        sign = np.where(angles[-1] < self._L, 1, -1)
        angles = [angle % self._L for angle in angles]
        phase = 2 * np.pi * path.harmonic * first / self._L
        real = np.cos(phase) if path.part == "real" else -np.sin(phase)
        imag = sign * (np.sin(phase) if path.part == "real" else np.cos(phase))
        found = [(self._term(path.kind, pair, path.scales, angles, "real", path.harmonic), real)]
        if path.kind not in ("P00", "S1") and abs(imag).max() > 1e-9:
            found.append((self._term(path.kind, pair, path.scales, angles, "imag", path.harmonic), imag))
        found = [(*(np.broadcast_to(part, first.shape) for part in term[:3]), w / self._L) for term, w in found]
        return Terms(*(np.concatenate(parts) for parts in zip(*found)))

    def arrays(self):
        """`Terms` by name, of all statistics, with places behind the last moment where there are none."""
        J, L, n = self._J, self._L, range(self._fields)
        j, t = np.arange(J)[:, None], np.arange(L)
        found = {"mean": self._stacked(self._term("mean", (f, f), (), (), "real") for f in n)}
        for kind in ("P00", "S1"):
            found[kind] = self._stacked(self._term(kind, (f, f), (j,), (t,), "real") for f in n)
        parts = "real", "imag"
        if self._fields == 2:
            found["C00"] = tuple(self._stacked([self._term("C00", (0, 1), (j,), (t,), part)]) for part in parts)
        for kind, count in (("C01", 2), ("C11", 3)):
            found[kind] = tuple(self._filled(kind, count, part) for part in parts)
        return {name: terms if type(terms) is tuple else (terms, None) for name, terms in found.items()}

    def _filled(self, kind, count, part):
        chosen = pairs(self._fields)
        shape = len(chosen), *[self._J] * count, *[self._L] * count
        found = [np.full(shape, value) for value in (self._layout.size, 0, 0)]
        angles = np.ogrid[(slice(self._L),) * count]
        for i, pair in enumerate(chosen):
            for scales in itertools.combinations_with_replacement(range(self._J), count):
                for array, values in zip(found, self._term(kind, pair, scales, angles, part)):
                    array[(i, *scales)] = values
        return Terms(*found)

    def _stacked(self, terms):
        return Terms(*(np.stack(np.broadcast_arrays(*parts)) for parts in list(zip(*terms))[:3]))

    def _term(self, kind, pair, scales, angles, part, harmonic=0):
        """One term, or several where scales or angles are arrays."""
        a, b = pair
        imag = int(part == "imag")
        divisor, power = self._divisor, lambda f, i: self._divisors.at("P00", f, scales[i], angles[i])
        if kind == "mean":
            return Terms(self._layout.at("mean", a), divisor(self._divisors.at("variance", a)))
        if kind in ("P00", "S1"):
            whole = self._divisors.at(kind[0], a, scales[0]) if harmonic else 0
            return Terms(self._layout.at(kind, a, scales[0], angles[0]), divisor(whole))
        if kind == "C00":
            return Terms(self._layout.at("C00", imag, scales[0], angles[0]), divisor(power(0, 0)), divisor(power(1, 0)))
        rows = (scales[-1] + 1) * self._L
        # Rows of a Gram matrix are the fields, and the moduli of every field.
        row = lambda f, i: self._fields + f * rows + scales[i] * self._L + angles[i]  # noqa: E731
        if kind == "C01":
            at = self._layout.at(scales[1], imag, angles[1], a, row(b, 0))
            return Terms(at, divisor(power(a, 1)), divisor(power(b, 0)))
        at = self._layout.at(scales[2], imag, angles[2], row(a, 0), row(b, 1))
        return Terms(at, divisor(power(a, 0)), divisor(power(b, 1)))

    def _divisor(self, place):
        return place if self._is_normalised else 0 * place

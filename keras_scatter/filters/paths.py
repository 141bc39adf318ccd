"""The list of scattering paths: which scales and angles lead to which output channel."""

import collections
import html
from typing import Any, NamedTuple

from keras_scatter.arguments import shown


class Paths(tuple):
    """The paths of a layer in output order: a tuple that finds a path by its fields, and prints as a table.

    Example:

    >>> paths = ScatteringFFT(J=2, L=8).paths
    >>> paths
    <Paths: 1 of order 0, 16 of order 1, 64 of order 2>
    >>> paths.index(order=2, scales=(0, 1), angles=(3, 5))
    46
    >>> paths.index(paths[46])
    46
    """

    __slots__ = ()

    def index(self, path: Any = None, /, *between: Any, **fields: Any) -> int:
        """The position of a path, which is given whole, as to `tuple.index`, or by some of its fields.

        Raises:
            TypeError: a field that paths do not have.
            ValueError: no path has these fields, or more than one.
        """
        if path is not None or not fields:
            return super().index(path, *between)
        names = self[0]._fields
        for name in fields:
            if name not in names:
                raise TypeError(f"a path must be described by {', '.join(names)}. Received: {name}")
        found = [i for i, path in enumerate(self) if all(getattr(path, name) == fields[name] for name in fields)]
        if len(found) != 1:
            given = ", ".join(f"{name}={shown(value)}" for name, value in fields.items())
            raise ValueError(f"fields must be those of one path. Received: {given}, which {len(found)} paths have")
        return found[0]

    def __repr__(self) -> str:
        field = self[0]._fields[0] if self else "order"
        counts = collections.Counter(path[0] for path in self)
        return f"<Paths: {', '.join(f'{count} of {field} {value}' for value, count in counts.items()) or 0}>"

    def table(self) -> "PathTable":
        """All paths with their positions: a `PathTable`, which `print` and notebooks show."""
        return PathTable(self)


class PathTable:
    """Paths as rows. `str` of it is text, and notebooks show HTML.

    Example:

    >>> print(ScatteringFFT(J=1, L=2).paths.table())
    index  order  scales  angles  name
    0      0      ()      ()      order_0
    1      1      (0,)    (0,)    j0_t0
    2      1      (0,)    (1,)    j0_t1
    """

    def __init__(self, paths):
        names = paths[0]._fields if paths else ()
        self.heading = ("index", *names, "name")
        self.rows = [(i, *path, path.name) for i, path in enumerate(paths)]

    def __repr__(self):
        cells = [tuple(map(_cell, row)) for row in (self.heading, *self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells)]
        lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in cells)
        return "\n".join(lines)

    def _repr_html_(self):
        rows = [("th", self.heading), *(("td", row) for row in self.rows)]
        cells = ("".join(f"<{kind}>{html.escape(_cell(cell))}</{kind}>" for cell in row) for kind, row in rows)
        return "<table>" + "".join(f"<tr>{row}</tr>" for row in cells) + "</table>"


def _cell(value):
    """A value as text, floats with four digits."""
    if isinstance(value, tuple):
        return f"({', '.join(map(_cell, value))}{',' * (len(value) == 1)})"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


class Path(NamedTuple):
    """One scattering coefficient map, `S[p] x = |...|x * psi_{j1, t1}| ... * psi_{jm, tm}| * phi_J`.

    Attributes:
        order: m, the number of wavelets on the path.
        scales: `(j1, ..., jm)`, strictly increasing, each below J.
        angles: `(t1, ..., tm)`, indices of the angles, each below L.
    """

    order: int
    scales: tuple
    angles: tuple

    @property
    def name(self):
        """A string for files, such as `"j0_t3_j1_t5"`."""
        return "_".join(f"j{j}_t{t}" for j, t in zip(self.scales, self.angles)) or "order_0"


class ScaleAngle(NamedTuple):
    """The name of a wavelet of images.

    Attributes:
        j: its scale.
        t: index of its angle.
    """

    j: int
    t: int


def scattering_paths(J, L, order):
    """All paths up to `order`, by order and then by (j1, t1, j2, t2, ...).

    Example:

    >>> [len(scattering_paths(J=2, L=8, order=m)) for m in (0, 1, 2, 3)]
    [1, 17, 81, 81]
    """
    paths = [Path(0, (), ())]
    longest = paths
    for m in range(1, order + 1):
        longest = [
            Path(m, (*path.scales, j), (*path.angles, t))
            for path in longest
            for j in range(path.scales[-1] + 1 if path.scales else 0, J)
            for t in range(L)
        ]
        paths = paths + longest
    return Paths(paths)


class Path1D(NamedTuple):
    """One scattering coefficient of a signal, `S[p] x = |...|x * psi_{n1}| ... * psi_{nm}| * phi_T`.

    Attributes:
        order: m, the number of wavelets on the path.
        n: `(n1, ..., nm)`, indices of the wavelets from high to low frequency.
        xi, sigma: their centre frequencies and widths, cycles a sample.
        j: their scales, strictly increasing.
    """

    order: int
    n: tuple
    xi: tuple
    sigma: tuple
    j: tuple

    @property
    def name(self):
        """A string for files, such as `"n3_n1"`."""
        return "_".join(f"n{n}" for n in self.n) or "order_0"


class HarmonicPath(NamedTuple):
    """One scattering coefficient of a volume: a power of `U[p] x`, summed over all voxels or averaged.

    Attributes:
        order: m, the number of wavelets on the path.
        scales: `(j1, ..., jm)`, strictly increasing, at most J.
        degree: l of the solid harmonics, the same along a path; -1 for order 0.
        power: q, the exponent of the modulus.
    """

    order: int
    scales: tuple
    degree: int
    power: float

    @property
    def name(self):
        """A string for files, such as `"j0_j2_l1_q0.5"`."""
        names = [f"j{j}" for j in self.scales] + [f"l{self.degree}"] if self.order else ["order_0"]
        return "_".join([*names, f"q{self.power:g}"])


class TimeFrequencyPath(NamedTuple):
    """One coefficient, or one map along n1, of joint time-frequency scattering: `||x * psi1| * psi2| * psi_fr|`.

    Attributes:
        order: 0, 1 or 2, the number of wavelets in time.
        n1: indices of the first-order wavelets at which the outputs are centred, from high to low frequency; a single
            one with the format "time".
        n2: index of the second-order wavelet; -1 for orders 0 and 1.
        n_fr: index of the wavelet along n1; 0 is a low-pass. -1 for order 0.
        spin: sign of its frequency.
        xi: frequencies of the second-order wavelet, if any, in cycles a sample, and of that along n1, in cycles a step.
        j: their scales.
    """

    order: int
    n1: tuple
    n2: int
    n_fr: int
    spin: int
    xi: tuple
    j: tuple

    @property
    def name(self):
        """A string for files, such as `"n2_5_fr_3_n1_8"`."""
        if not self.order:
            return "order_0"
        second = [] if self.n2 < 0 else [f"n2_{self.n2}"]
        return "_".join([*second, f"fr_{self.n_fr}", *(f"n1_{n}" for n in self.n1 if len(self.n1) == 1)])


class CovariancePath(NamedTuple):
    """One scattering covariance of a field, a real number.

    Attributes:
        kind: `"mean"`, `"P00"`, `"S1"`, `"C00"`, `"C01"` or `"C11"`.
        fields: which of two fields the factors are of, `(0,)` or such as `(0, 1)`; empty for single fields.
        scales: `()`, `(j,)`, `(j1, j3)` or `(j1, j2, j3)`, not decreasing: the outer wavelet is the last.
        angles: of the wavelets, as many. Where angles are reduced they are those of the further wavelets less that of
            the first, modulo L: one fewer.
        harmonic: wave number along the first angle; 0 where angles are not reduced to harmonics.
        part: `"real"` or `"imag"`.
    """

    kind: str
    fields: tuple
    scales: tuple
    angles: tuple
    harmonic: int
    part: str

    @property
    def name(self):
        """A string for files, such as `"C01_real_j0_j2_t1_t3"`."""
        places = [f"f{f}" for f in self.fields] + [f"j{j}" for j in self.scales] + [f"t{t}" for t in self.angles]
        return "_".join([self.kind, self.part, *places, *[f"m{self.harmonic}"] * (self.harmonic > 0)])


class SpectraPath(NamedTuple):
    """One scattering spectrum of a signal, a real number. Scale J is the low-pass.

    Attributes:
        kind: `"sparsity"`, `"mean"`, `"variance"`, `"skewness"` or `"kurtosis"`.
        fields: which of two signals the factors are of, `(0,)` or such as `(0, 1)`; empty for single signals.
        scales: `(j,)`; `(j1, j2)` of skewness and `(j1, j2, j3)` of kurtosis, the scale of the outer wavelet last.
        distances: empty; or, where scales are reduced to distances, these in the place of scales.
        part: `"real"` or `"imag"`.
    """

    kind: str
    fields: tuple
    scales: tuple
    distances: tuple
    part: str

    @property
    def name(self):
        """A string for files, such as `"kurtosis_imag_j0_j1_j3"`."""
        places = [f"f{f}" for f in self.fields] + [f"j{j}" for j in self.scales] + [f"d{d}" for d in self.distances]
        return "_".join([self.kind, self.part, *places])

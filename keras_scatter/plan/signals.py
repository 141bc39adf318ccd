"""Plans of the scattering of signals: constant-Q wavelets, Kymatio's margins."""

import bisect
import collections
import functools
import math
from typing import NamedTuple

import numpy as np

from keras_scatter.cache import cached
from keras_scatter.filters import half_band
from keras_scatter.filters.morlet_1d import SIGMA, constant_q, gaussian_1d, morlet_1d, support
from keras_scatter.filters.paths import Path1D, Paths
from keras_scatter.filters.spectra import on_grid, without_zeros
from keras_scatter.plan.axis import Axis
from keras_scatter.plan.tree import Plan, Wavelet, check_count, in_output_order, tree

LARGEST_J = 40


class SignalFilters(NamedTuple):
    """The filters of a plan; `Q` by order, the last one for all further orders."""

    J: int
    Q: tuple
    T: float

    def wavelets(self, band, size, dtype):
        """Spectra of a band on the grid of its source, of an axis of `size` samples: the first bin and `(B, bins)`."""
        bank, grid = constant_q(self.J, self.Q[band.bank]), size >> band.source
        first, spectra = without_zeros(
            np.stack([on_grid(*morlet_1d(bank[w.n], size, dtype), grid) for w in band.wavelets])
        )
        return first, spectra.astype(dtype)

    def lowpass(self, size, level, xp=np):
        """The low-pass on the grid of a level, `(size / 2**level,)`: Kymatio adds up the blocks of the finest one."""
        spectrum = gaussian_1d(SIGMA / self.T, size, xp)
        return xp.sum(xp.reshape(spectrum, (2**level, size // 2**level)), axis=0)


@cached
def signal_plan(J, Q, T, order, stride, padding, paths=None):
    """The plan of a transform of signals: a wavelet acts on the moduli of those of smaller scale j.

    Args:
        Q: tuple of integers by order; the last one serves all further orders.
        T: samples of the averaging, None for 2**J, 0 for none, `"global"` for a sum over all.
        stride: of the outputs, a power of two; None means the largest up to T.
        paths: None, or a tuple of those that are wanted.
    """
    if J > LARGEST_J:
        raise ValueError(f"J must be at most {LARGEST_J}. Received: J={J}")
    check_count([{0: (J + 4) * max(Q)}], 1, f"J={J}, Q={Q}")
    average = {0: None, "global": "total"}.get(T, "local")
    filters = SignalFilters(J, Q, T if average == "local" and T else 2**J)
    log2_stride = math.floor(math.log2(filters.T)) if stride is None else stride.bit_length() - 1
    coarsest = log2_stride if average == "local" else LARGEST_J
    banks = [tuple(Wavelet(n, w.j) for n, w in enumerate(constant_q(J, q))) for q in Q]
    axis = functools.partial(signal_axis, T=filters.T, padding=padding)
    nodes, names, rows = _named_tree(filters, banks, order, lambda wavelet: min(wavelet.j, coarsest), paths)
    return Plan(nodes, names, rows, log2_stride, J, padding, axis, filters, average)


@cached
def half_band_plan(design, padding, paths=None):
    """The plan of a distilled transform of signals.

    Args:
        design: a `filters.half_band.Design`.
        padding, paths: as in `signal_plan`.
    """
    J, Q = design.J, design.Q
    check_count([{0: (J + 4) * max(Q)}], 1, f"J={J}, Q={Q}")

    def wavelet(n, found, m):
        # How coarsely moduli are sampled depends on more than the scale j.
        return Wavelet(n, found.j, kind=half_band.level(design, m, found))

    banks = [tuple(wavelet(n, w, m) for n, w in enumerate(constant_q(J, q))) for m, q in enumerate(Q)]
    reach = half_band.reach(design)
    axis = functools.partial(half_band_axis, T=design.T, padding=padding, reach=reach, step=design.stride)
    filters = SignalFilters(J, Q, design.T)
    found = _named_tree(filters, banks, design.order, lambda wavelet: wavelet.kind, paths)
    return Plan(*found, design.coarsest, J, padding, axis, design)


def _named_tree(filters, banks, order, level, paths):
    """Nodes, the paths of the outputs, and these as rows, in order."""
    J, Q = filters.J, filters.Q
    check_count([collections.Counter(w.j for w in bank) for bank in banks], order, f"J={J}, Q={Q}, order={order}")
    wanted = None
    if paths is not None:
        wanted = {tuple(banks[min(m, len(Q) - 1)][n] for m, n in enumerate(path[1])) for path in paths}
    nodes = tree(banks, order, lambda a, b: b.j > a.j, level, wanted)
    rows = in_output_order(row for node in nodes if node.emits for row in node.rows)
    named = [constant_q(J, q) for q in Q]
    return nodes, Paths(_path(row, named) for row in rows), rows


def _path(row, banks):
    waves = [banks[min(m, len(banks) - 1)][w.n] for m, w in enumerate(row)]
    return Path1D(len(row), tuple(w.n for w in row), *(tuple(w[i] for w in waves) for i in range(3)))


def signal_axis(size, T, padding):
    """An axis with Kymatio's margins: a power of two of samples in all, at most three times as many as there are.

    Example:

    >>> axis = signal_axis(1000, T=32, padding="reflect")
    >>> axis.before, axis.length
    (524, 2048)
    """
    if padding == "periodic":
        return Axis(size, partial=True)
    # The exponent of a tensor counts the steps that its size has reached: a quotient is -1 for the others.
    length = _length(size, T) if isinstance(size, int) else 2 ** sum(1 + (size - step) // 2**30 for step in _steps(T))
    return Axis(size, (length - size) // 2, (length - size + 1) // 2, padding, partial=True)


def half_band_axis(size, T, padding, reach, step):
    """An axis with margins up to where the filters reach, whose grids of averages are those of `signal_axis`.

    With zeros the first output is centred at the first sample, and nothing reaches from the end to the beginning.

    Args:
        reach: samples before and after an output that count for it.
        step: samples between outputs.

    Example:

    >>> half_band_axis(1000, T=32, padding="zeros", reach=600, step=32).kept(5)
    (0, 32)
    >>> axis = half_band_axis(10_000, T=32, padding="reflect", reach=600, step=32)
    >>> axis.before, axis.length, signal_axis(10_000, T=32, padding="reflect").before
    (600, 11200, 3192)
    """
    if padding == "zeros":
        return Axis(size, 0, (size + reach + step - 1) // step * step - size, padding, partial=True)
    axis = signal_axis(size, T, padding)
    if padding == "periodic" or not isinstance(size, int) or min(axis.before, axis.after) < reach:
        return axis
    before, after = (margin - (margin - reach) // step * step for margin in (axis.before, axis.after))
    return axis._replace(before=before, after=after)


@cached
def _length(size, T):
    wanted = size + 6 * support(gaussian_1d(SIGMA / T, size))
    return 2 ** min(math.ceil(math.log2(wanted)), math.floor(math.log2(max(3 * size - 2, 1))))


@cached
def _steps(T):
    """The sizes from which on the length is at least 2, 4, 8, ...: up to 2**30."""
    long = 2 ** math.ceil(math.log2(64 * T))  # where the support no longer depends on the size
    margins = 6 * support(gaussian_1d(SIGMA / T, long))
    steps = [bisect.bisect_left(range(long), 2**e, lo=2, key=lambda size: _length(size, T)) for e in range(1, 31)]
    return tuple(2 ** (e - 1) + 1 - margins if step == long else step for e, step in enumerate(steps, start=1))

"""The faithful design for signals: what its filter groups hold, and how they are made.

One half-band low-pass makes a pyramid of what it reads, each level with half the samples. A wavelet is read from the
deepest level that holds its band, by taps that are the solution of a linear least-squares problem: the pyramid and the
taps together are to be the wavelet. What is sampled coarsely are the moduli: every `2**level`. The wavelets of further
orders read moduli that are sampled so already; their taps depend on that rate, not on the path.
"""

import functools
import math
from typing import NamedTuple

import numpy as np
import scipy.linalg

from keras_scatter.arguments import check_integer, shown
from keras_scatter.cache import cached
from keras_scatter.filters.averaging import check_local_average, check_stride
from keras_scatter.filters.morlet_1d import SIGMA, by_order, check_Q, constant_q, morlet_1d
from keras_scatter.filters.spectra import on_grid

LARGEST = {"J": 16, "Q": 64, "T": 2**16, "kernel_size": 63}
KAISER = 5.0  # of the window of the low-pass
PASSBAND = 0.42  # cycles a sample of a level up to which it holds a band, three widths above the centre of a wavelet
# Widths in time to which the taps of a wavelet reach, half a one more where moduli are oversampled; fewer than 2.5 lose
# several percent.
SUPPORT = 3.0
# Moduli are sampled such that the width of their wavelet is at most this, in cycles a sample of theirs: for the first
# order, whose moduli are read on, and for others. Beyond, the cusps of a modulus alias into its average.
DENSITY = 0.12, 0.141
COARSER = 2  # levels above the decimation 2**j of the exact transform at which moduli are sampled at most
SIMILAR = 1.1  # ratio of their sizes up to which wavelets of a level are one kernel
FLOOR, TILT = 0.03, 0.01  # what errors weigh where a wavelet vanishes, and how little low frequencies weigh more
AVERAGED = 4.2  # widths in time to which the low-pass that averages reaches: 1.5e-4 of its peak


class Design(NamedTuple):
    """What determines a filter group; see `resolve`."""

    J: int
    Q: tuple
    T: float
    order: int
    stride: int
    kernel_size: int
    oversampling: tuple

    @property
    def coarsest(self):
        """log2 of the stride."""
        return self.stride.bit_length() - 1

    def bank(self, m):
        """Index of the wavelets of order m + 1."""
        return min(m, len(self.Q) - 1)

    def oversampled(self, m):
        """`oversampling` of order m + 1."""
        return self.oversampling[min(m, len(self.oversampling) - 1)]


class Group(NamedTuple):
    """Wavelets that are one kernel.

    Attributes:
        name: of the kernel, without `_real` and `_imag`.
        bank: index of the wavelets.
        source: log2 of the decimation of what is read.
        depth: levels of the pyramid above it.
        level: log2 of the decimation of the moduli.
        size: taps, `2**(source + depth)` samples apart.
        wavelets: their indices in the bank.
    """

    name: str
    bank: int
    source: int
    depth: int
    level: int
    size: int
    wavelets: tuple


def resolve(J, Q, T, order, stride, kernel_size, oversampling, design="half_band"):
    """The complete description of a filter group, checked: every argument valid and every default resolved."""
    if design != "half_band":
        raise ValueError(f'design must be "half_band" for signals. Received: design={shown(design)}')
    J = check_integer("J", J, 1, LARGEST["J"])
    Q = by_order(check_Q(Q))
    if max(Q) > LARGEST["Q"]:
        raise ValueError(f"Q must be at most {LARGEST['Q']}. Received: Q={shown(Q)}")
    T, order = check_local_average("T", T), check_integer("order", order)
    stride = check_stride(stride, T, J)
    T = 2**J if T is None else T
    if LARGEST["T"] < T:
        raise ValueError(f"T must be at most {LARGEST['T']}. Received: T={T}")
    return {
        "J": J,
        "Q": Q,
        "T": T,
        "order": order,
        "stride": 2 ** math.floor(math.log2(T)) if stride is None else stride,
        "kernel_size": _check_kernel_size(kernel_size),
        "oversampling": check_oversampling(oversampling),
        "design": "half_band",
    }


def _check_kernel_size(kernel_size):
    size = check_integer("kernel_size", kernel_size, 7)
    if size % 4 != 3 or size > LARGEST["kernel_size"]:
        raise ValueError(
            "kernel_size must be 7, 11, 15, ... up to 63, so that the taps of a half-band low-pass end with one that "
            f"is not zero. Received: kernel_size={size}"
        )
    return size


def check_oversampling(oversampling):
    """How many times moduli are sampled twice as densely: a tuple by order, the last entry for further orders."""
    several = isinstance(oversampling, (tuple, list)) and len(oversampling) > 0
    return tuple(check_integer("oversampling", n, 0) for n in (oversampling if several else [oversampling]))


def design_of(config):
    """The `Design` of a result of `resolve`."""
    return Design(*(config[name] for name in Design._fields))


def level(design, m, wavelet):
    """log2 of the decimation at which the moduli of a wavelet of order m + 1 are sampled."""
    found = min(wavelet.j + COARSER, math.floor(math.log2(DENSITY[min(m, 1)] / wavelet.sigma)))
    return max(0, min(found - design.oversampled(m), design.coarsest))


def wavelets_by_source(design):
    """Which wavelets are read from what: dict from bank and log2 of a decimation to a sorted tuple of indices."""
    found, before = {}, {(-1, 0)}
    for m in range(design.order):
        after = set()
        for j, source in before:
            for n, wavelet in enumerate(constant_q(design.J, design.Q[design.bank(m)])):
                if wavelet.j > j:
                    found.setdefault((design.bank(m), source), set()).add(n)
                    after.add((wavelet.j, max(source, level(design, m, wavelet))))
        before = after
        if not before:
            break
    return {key: tuple(sorted(found[key])) for key in sorted(found)}


@cached
def groups(design):
    """All `Group`s of a design, in order."""
    found = []
    for (bank, source), indices in wavelets_by_source(design).items():
        wavelets = constant_q(design.J, design.Q[bank])
        for n in indices:
            wavelet = wavelets[n]
            at = max(source, level(design, bank, wavelet))
            deepest = math.floor(math.log2(PASSBAND / (wavelet.xi + 3 * wavelet.sigma)))
            depth = max(0, min(deepest, at) - source)
            support = SUPPORT + design.oversampled(bank) / 2
            size = 2 * math.ceil(support / (2 * math.pi * wavelet.sigma * 2 ** (source + depth))) + 1
            last = found[-1] if found else None
            if last and last[1:5] == (bank, source, depth, at) and size <= SIMILAR * last.size:
                found[-1] = last._replace(size=max(size, last.size), wavelets=(*last.wavelets, n))
            else:
                read_from = f"level{source}_" if source else ""
                found.append(Group(f"psi_{bank + 1}_{read_from}n{n}", bank, source, depth, at, size, (n,)))
    return tuple(found)


def of_band(design, band):
    """The groups that a `plan.tree.Band` needs, each with the columns of its kernel: pairs."""
    wanted = {wavelet.n for wavelet in band.wavelets}
    found = []
    for group in groups(design):
        if (group.bank, group.source, group.level) == (band.bank, band.source, band.level):
            columns = tuple(i for i, n in enumerate(group.wavelets) if n in wanted)
            if columns:
                found.append((group, columns))
    return tuple(found)


def reach(design):
    """Samples before and after an output that count for it."""
    half, of_cascade, largest = design.kernel_size // 2, {(-1, 0): 0}, 0
    by_source = {}
    for group in groups(design):
        for n in group.wavelets:
            by_source.setdefault((group.bank, group.source), []).append((n, group))
    for m in range(design.order):
        after = {}
        wavelets = constant_q(design.J, design.Q[design.bank(m)])
        for (j, source), before in of_cascade.items():
            for n, group in by_source.get((design.bank(m), source), []):
                if wavelets[n].j > j:
                    own = half * (2**group.depth - 1) + (group.size // 2 << group.depth)
                    key = wavelets[n].j, group.level
                    after[key] = max(after.get(key, 0), before + (own << source))
        of_cascade = after
        largest = max([largest, *after.values()])
        if not after:
            break
    return largest + lowpass_radius(design, 0) + 2**design.coarsest


def lowpass_radius(design, source):
    """Samples, 2**source apart, to which the low-pass reaches that averages."""
    return math.ceil(AVERAGED * design.T / (2 * math.pi * SIGMA) / 2**source)


def average_taps(design, source):
    """Taps of the Gaussian of width `T`, for moduli that are 2**source samples apart: `(2 * radius + 1,)`, sum 1."""
    radius = lowpass_radius(design, source)
    taps = np.exp(-((2 * math.pi * SIGMA / design.T * 2**source * np.arange(-radius, radius + 1)) ** 2) / 2)
    return taps / taps.sum()


def shapes(config, channels=None):
    """Name and shape of every kernel: `lowpass` and wavelets, real and imaginary."""
    design = design_of(config)
    found = {"lowpass": ((design.kernel_size + 1) // 2, 1, 1)}
    for group in groups(design):
        for part in ("real", "imag"):
            found[f"{group.name}_{part}"] = (group.size, 1, len(group.wavelets))
    return found


def kernels(config):
    """The designed filters, as convolution layers apply them, by name."""
    design = design_of(config)
    found = {"lowpass": odd_taps(design.kernel_size)[:, None, None]}
    for group in groups(design):
        bank = constant_q(design.J, design.Q[group.bank])
        taps = np.stack([fit(bank[n], group, design.kernel_size) for n in group.wavelets], axis=-1)
        # Reversed, as a correlation needs them.
        found |= {f"{group.name}_real": taps[::-1, None].real, f"{group.name}_imag": taps[::-1, None].imag}
    return found


@cached
def odd_taps(kernel_size):
    """Taps of the half-band low-pass at odd distances from its middle, where it is 1/2: the others are zero."""
    position = np.arange(-(kernel_size // 2), kernel_size // 2 + 1, 2)
    taps = np.sinc(position / 2) * np.kaiser(kernel_size, KAISER)[::2]
    return taps / (2 * taps.sum())


def fit(wavelet, group, kernel_size):
    """Taps `(size,)`, complex, which with the pyramid before them are nearest to a wavelet."""
    # Levels before the last few pass the whole band: the problem is that of a wavelet of a smaller scale.
    passed = max(0, group.depth - 5)
    return _fit(wavelet, group.source + passed, group.depth - passed, group.size, kernel_size)


@cached
def _fit(wavelet, source, depth, size, kernel_size):
    n = max(1024, 512 * 2**depth)
    target = on_grid(*morlet_1d(wavelet, n << source), n)
    channel = pyramid_spectrum(kernel_size, depth, n)
    weight = (abs(target) / abs(target).max() + FLOOR) / (np.fft.fftfreq(n) ** 2 + TILT)
    # The mean of a wavelet is zero.
    weight[0] *= 1e4

    def correlation(spectrum):
        """At the distances of taps."""
        return np.fft.ifft(spectrum.reshape(2**depth, -1).sum(0))

    first = correlation(weight * channel**2)[:size]
    first[0] *= 1 + 1e-10
    right = correlation(weight * channel * target)[np.arange(size) - size // 2]
    return scipy.linalg.solve_toeplitz((first, first.conj()), right)


def pyramid_spectrum(kernel_size, depth, n):
    """What the levels of a pyramid do to its input, on n frequencies: real, because the low-pass is even."""
    frequency, taps = np.arange(n) / n, odd_taps(kernel_size)
    position = np.arange(-(kernel_size // 2), kernel_size // 2 + 1, 2)
    passes = (0.5 + np.cos(2 * np.pi * 2**d * frequency[:, None] * position) @ taps for d in range(depth))
    return functools.reduce(np.multiply, passes, np.ones(n))


def spectra(config, arrays, n):
    """What the kernels of a group make of the wavelets of order 1, each with the pyramid before it.

    Args:
        config, arrays: a filter group.
        n: frequencies, a multiple of twice the decimation of the deepest level.

    Returns:
        `(wavelets, n)` complex128 in FFT order.
    """
    found = []
    for group in groups(design_of(config)):
        if group.bank == group.source == 0:
            levels = (_low_spectrum(arrays["lowpass"], 2**d, n) for d in range(group.depth))
            channel = functools.reduce(np.multiply, levels, np.ones(n))
            kernel = arrays[f"{group.name}_real"] + 1j * arrays[f"{group.name}_imag"]
            position = 2**group.depth * (np.arange(group.size) - group.size // 2)
            found.append(channel * (kernel[:, 0].T @ _waves(position, n)))
    return np.concatenate(found)


def _low_spectrum(lowpass, step, n):
    size = len(lowpass)
    return 0.5 + lowpass[:, 0, 0] @ _waves(step * np.arange(1 - size, size, 2), n)


def _waves(position, n):
    """Spectra of impulses that a correlation reads at these positions, `(positions, n)`."""
    return np.exp(2j * np.pi * position[:, None] * np.arange(n) / n)

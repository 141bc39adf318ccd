"""Plans of joint time-frequency scattering: wavelets along time, and then along the index of the first ones."""

import dataclasses
import functools
import math
from typing import NamedTuple

import numpy as np

from keras_scatter.cache import cached
from keras_scatter.filters.morlet_1d import SIGMA, Morlet1D, constant_q, gaussian_1d, morlet_1d
from keras_scatter.filters.paths import Paths, TimeFrequencyPath
from keras_scatter.filters.spectra import on_grid
from keras_scatter.plan.axis import Axis
from keras_scatter.plan.signals import signal_plan
from keras_scatter.plan.tree import MOST_PATHS, Band, Plan, Wavelet, check_count


@dataclasses.dataclass(frozen=True)
class FrequencyAxis:
    """The axis of the index n1 of first-order wavelets: zeros follow the last one, and the end meets the beginning.

    Attributes:
        size: samples, a multiple of 2**J_fr.
        wavelets: the low-pass of width 2**J_fr (xi = 0), wavelets of positive xi, and as many of negative xi.
        F: width of the averaging.
        average: `"local"`, `"total"` or None.
        log2_stride: of the averages.
        format: `"time"`, `"joint"`, or `"maps"` for maps of the format "joint" that share no grid.
    """

    size: int
    wavelets: tuple
    F: float
    average: str | None
    log2_stride: int
    format: str

    def level(self, n):
        """log2 of the decimation of the moduli of a wavelet."""
        j = self.wavelets[n].j
        return min(j, self.log2_stride) if self.average == "local" else j

    def step(self, n, count):
        """Distance of the outputs of a wavelet, where `count` first-order wavelets are stacked."""
        if n and self.average == "total":
            return count
        return 2 ** (self.log2_stride if n and self.average == "local" else self.level(n))

    def centres(self, n, count):
        """The n1 of the outputs."""
        step = self.step(n, count)
        if self.format == "time":
            return tuple(range(0, count, step))
        if n and self.average == "total":
            return (0,)
        rows = self.size // step
        return tuple(step * row for row in range(rows if self.format == "joint" else min(1 + count // step, rows)))

    def analysis(self, n, count):
        """Matrix `(rows, count)`, complex: the waves of a wavelet from stacked ones, decimated."""
        wavelet = self.wavelets[n]
        if n:
            spectrum = on_grid(*morlet_1d(wavelet._replace(xi=abs(wavelet.xi)), self.size), self.size)
        else:
            spectrum = gaussian_1d(wavelet.sigma, self.size)
        response = np.fft.ifft(spectrum)
        rows = np.arange(0, self.size, 2 ** self.level(n))
        found = response[(rows[:, None] - np.arange(count)) % self.size]
        return found.conj() if wavelet.xi < 0 else found

    def synthesis(self, n, count):
        """Matrix `(outputs, rows)`: outputs from the moduli."""
        level, outputs = self.level(n), len(self.centres(n, count))
        rows = self.size >> level
        if n == 0 or self.average is None:
            return np.eye(outputs, rows)
        if self.average == "total":
            return np.ones((1, rows))
        spectrum = gaussian_1d(SIGMA / self.F, self.size).reshape(2**level, rows).sum(0)
        response = np.fft.ifft(spectrum).real
        step = 2 ** (self.log2_stride - level)
        return response[(step * np.arange(outputs)[:, None] - np.arange(rows)) % rows]


class Stack(NamedTuple):
    """Waves of one second-order wavelet for all first-order ones that it follows, or the averages of order 1.

    Attributes:
        wavelet: the second-order `Wavelet`; None for order 1.
        count: how many first-order wavelets are stacked, the first ones of the bank.
        level: log2 of the decimation in time.
        chosen: the n_fr whose moduli are computed.
        kept: which of their outputs, one n_fr after the other, are outputs of the transform.
    """

    wavelet: Wavelet | None
    count: int
    level: int
    chosen: tuple
    kept: tuple


@dataclasses.dataclass(frozen=True, eq=False)
class TimeFrequencyPlan:
    """A transform but for the length of its input, as `tree.Plan` is.

    Attributes:
        time: the `Plan` of the first order.
        frequency: the `FrequencyAxis`.
        stacks: tuple of `Stack`.
        paths: what the outputs are called, in their order.
        order_0: whether order 0 is among them.
    """

    time: Plan
    frequency: FrequencyAxis
    stacks: tuple
    paths: tuple
    order_0: bool

    average = "local"  # as `tree.Plan` says it: of one array

    @property
    def scale(self):
        return self.time.scale

    @property
    def padding(self):
        return self.time.padding

    @property
    def is_one_array(self):
        """Whether all outputs have one shape."""
        return self.time.average is not None and self.frequency.format != "maps"

    def axes(self, shape):
        return self.time.axes(shape)

    def bands(self, stack):
        """`Band`s of a second-order wavelet, and the number of rows of each node of the first order that they read."""
        found, left = [], stack.count
        for node in self.time.nodes[1:]:
            if left > 0:
                rows = min(left, len(node.rows))
                found.append((Band(1, (stack.wavelet,), node.level, stack.level), rows))
                left -= rows
        return tuple(found)

    @property
    def first_nodes(self):
        """Nodes of the first order that any stack reads."""
        left, found = max((stack.count for stack in self.stacks), default=0), []
        for node in self.time.nodes[1:]:
            if left > 0:
                found.append(node)
                left -= len(node.rows)
        return tuple(found)

    def averaged_axis(self, axis):
        """The `Axis` that averages of order 1 are cut to: for sums over all samples nothing is cut."""
        return Axis(axis.length) if self.time.average == "total" else axis

    def peak(self, axes):
        """About the largest number of real values of one signal alive at once: spectra of order 1, and one stack."""
        samples = {node.level: len(node.rows) * self.time.samples(axes, node.level) for node in self.first_nodes}
        stacked = [stack.count * self.time.samples(axes, stack.level) for stack in self.stacks]
        return self.time.samples(axes, 0) + 2 * sum(samples.values()) + 4 * max(stacked, default=0)

    def output_shape(self, shape, path=None):
        """Sizes of the outputs, or of the maps of one path."""
        (size,) = shape
        path = path or self.paths[-1]
        if self.time.average == "total":
            samples = 1
        elif size is None:
            samples = None
        elif self.time.average == "local" or path.order < 2:
            level = self.time.level if path.order or self.time.average else 0
            samples = self.time.axis(size).kept(level)[1]
        else:
            samples = self.time.axis(size).kept(path.j[0])[1]
        return (samples,) if self.frequency.format == "time" or not path.order else (len(path.n1), samples)


@cached
def time_frequency_plan(time, frequency, order_1, paths=None):
    """The plan of joint time-frequency scattering.

    Args:
        time: arguments `(J, Q, T, stride, padding)` of `signal_plan`, Q a tuple of two.
        frequency: `(J_fr, Q_fr, F, stride_fr, format)`.
        order_1: whether order 1 is among the outputs.
        paths: None, or a tuple of those that are wanted.
    """
    J, Q, T, stride, padding = time
    plan = signal_plan(J, Q, T, 1, stride, padding)
    axis = frequency_axis(J, Q[0], *frequency)
    wanted = None if paths is None else set(paths)
    zero = TimeFrequencyPath(0, (), -1, -1, 0, (), ())
    found = [] if axis.format == "joint" and plan.average else [zero]
    if plan.average is None and axis.format == "joint":
        axis = dataclasses.replace(axis, format="maps")
    stacks = []
    for stack in _stacks(J, Q, plan) if order_1 else _stacks(J, Q, plan)[1:]:
        outputs, chosen, kept = 0, [], []
        for n in range(len(axis.wavelets)):
            of_n = _paths(axis, n, J, Q[1], stack) if stack.wavelet or axis.wavelets[n].xi >= 0 else []
            mine = [path for path in of_n if wanted is None or path in wanted]
            if mine:
                count = len(axis.centres(n, stack.count))
                # A path is one of the outputs with the format "time", and else all of them.
                rows = [of_n.index(path) for path in mine] if axis.format == "time" else range(count)
                kept += [outputs + row for row in rows]
                outputs += count
                chosen.append(n)
                found += mine
            if len(found) > MOST_PATHS:
                received = f"J={J}, Q={Q}, {frequency}"
                raise ValueError(f"A transform must have at most {MOST_PATHS} paths. Received: {received}")
        if chosen:
            stacks.append(stack._replace(chosen=tuple(chosen), kept=tuple(kept)))
    found = Paths(path for path in found if wanted is None or path in wanted)
    return TimeFrequencyPlan(plan, axis, tuple(stacks), found, any(path.order == 0 for path in found))


def _stacks(J, Q, plan):
    """That of order 1, and those of all second-order wavelets that follow any of the first ones."""
    first, second = (constant_q(J, q) for q in Q)
    found = [Stack(None, len(first), plan.level, (), ())]
    for n, wavelet in enumerate(second):
        count = sum(one.j < wavelet.j for one in first)
        if count:
            level = min(wavelet.j, plan.level) if plan.average == "local" else wavelet.j
            found.append(Stack(Wavelet(n, wavelet.j), count, level, (), ()))
    return found


def _paths(axis, n, J, Q, stack):
    """Those of one frequency wavelet and one stack."""
    wavelet, order = axis.wavelets[n], 1 + (stack.wavelet is not None)
    of_time = (constant_q(J, Q)[stack.wavelet.n],) if stack.wavelet else ()
    xi, j = ((*(getattr(w, name) for w in of_time), getattr(wavelet, name)) for name in ("xi", "j"))
    n2 = stack.wavelet.n if stack.wavelet else -1
    make = functools.partial(TimeFrequencyPath, order, n2=n2, n_fr=n, spin=int(np.sign(wavelet.xi)), xi=xi, j=j)
    centres = axis.centres(n, stack.count)
    return [make(n1=(centre,)) for centre in centres] if axis.format == "time" else [make(n1=centres)]


def frequency_axis(J, Q, J_fr, Q_fr, F, stride_fr, format):
    """The `FrequencyAxis` of a transform whose arguments are in their bounds.

    Example:

    >>> axis = frequency_axis(6, 4, 2, 1, None, None, "time")
    >>> axis.size, len(axis.wavelets), axis.centres(1, 22)
    (60, 7, (0, 4, 8, 12, 16, 20))
    """
    average = {0: None, "global": "total"}.get(F, "local")
    F = F if average == "local" and F else 2**J_fr
    log2_stride = math.floor(math.log2(F)) if stride_fr is None else stride_fr.bit_length() - 1
    size = int((J + 1) * Q + 8 * min(F, 2**J_fr)) // 2**J_fr * 2**J_fr
    if average == "local" and size % 2**log2_stride:
        raise ValueError(
            f"stride_fr, or else the power of two up to F, must divide the {size} samples of the frequency axis. "
            f"Received: F={F}, stride_fr={stride_fr}"
        )
    check_count([{0: (J_fr + 4) * Q_fr}], 1, f"J_fr={J_fr}, Q_fr={Q_fr}")
    up = constant_q(J_fr, Q_fr)
    wavelets = Morlet1D(0.0, SIGMA / 2**J_fr, J_fr), *up, *(wavelet._replace(xi=-wavelet.xi) for wavelet in up)
    if format == "joint" and (average != "local" or log2_stride > J_fr):
        format = "maps"
    return FrequencyAxis(size, wavelets, F, average, log2_stride, format)

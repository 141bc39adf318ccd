"""The faithful distilled transform of signals: the cascade with the kernels of a filter group, on a pyramid."""

import numpy as np
from keras import ops

from keras_scatter.backend.arrays import take
from keras_scatter.backend.constants import constants
from keras_scatter.backend.modulus import modulus
from keras_scatter.cache import cached
from keras_scatter.filters import half_band
from keras_scatter.functional import cascade
from keras_scatter.functional.axes import wrap
from keras_scatter.plan.signals import half_band_plan


class HalfBandStages(cascade.Stages):
    """Stages whose waves are convolutions, read from half, a quarter, ... of the samples."""

    def __init__(self, plan, axes, kernels, dtype):
        self.axes, self._kernels = axes, kernels
        self._plan, self._dtype = plan, dtype

    def analyse(self, moduli, node):
        """Levels `(N * R, t, 1)` of the pyramid above the moduli, and R."""
        _, rows, size = ops.shape(moduli)
        levels = [ops.reshape(moduli, (-1, size, 1))]
        for _ in range(depths(self._plan)[node]):
            levels.append(self._halved(levels[-1]))
        return levels, rows

    def _halved(self, level):
        """The next level of the pyramid."""
        taps = self._kernels["lowpass"]
        even, odd = every_second(level)
        half = taps.shape[0] // 2
        return even / 2 + convolve(wrap(odd, half, half - 1, rank=1), taps)

    def waves(self, analysed, band):
        """Real and imaginary parts `(N * R, t, B)`, and R."""
        levels, rows = analysed
        found = []
        for group, kernel in kernels_of_band(self._plan, band, self._kernels):
            stride, radius = 2 ** (group.level - group.source - group.depth), group.size // 2
            level = wrap(levels[group.depth], radius, max(0, radius + 1 - stride), rank=1)
            found.append(ops.split(convolve(level, kernel, stride), 2, axis=-1))
        return tuple(ops.concatenate(parts, axis=-1) for parts in zip(*found)), rows

    def modulus(self, waves):
        pair, rows = waves
        return by_row(modulus(*pair), rows)

    def parts(self, waves):
        pair, rows = waves
        return tuple(by_row(part, rows) for part in pair)

    def average(self, moduli, level):
        _, rows, size = ops.shape(moduli)
        taps = average_kernel(self._plan.filters, level, self._dtype)
        radius, (first, count) = taps.shape[0] // 2, self.axes[0].kept(self._plan.level)
        signals = wrap(ops.reshape(moduli, (-1, size, 1)), radius, radius, rank=1)
        found = convolve(signals, taps, 2 ** (self._plan.level - level))[:, first : first + count]
        return ops.reshape(found, (-1, rows, ops.shape(found)[1]))


def make_plan(config, padding, paths):
    """The plan of a group's transform."""
    return half_band_plan(half_band.design_of(config), padding, paths)


def program_for(plan, axes, dtype, output):
    """`program`, its chunk and its axis of rows, see `channels.Transform`."""
    return program, 0, 1


def program(planes, arrays, plan, output):
    """The transform of planes `(N, time)` with the kernels of a filter group by name, see `cascade.scatter`."""
    planes = ops.cast(planes, arrays["lowpass"].dtype)
    return cascade.scatter(planes, arrays, HalfBandStages, plan, output)


@cached
def depths(plan):
    """How many levels of a pyramid are read above the moduli of every node."""
    found = [0] * len(plan.nodes)
    for node in plan.nodes[1:]:
        deepest = max(group.depth for group, _ in half_band.of_band(plan.filters, node.band))
        found[node.source] = max(found[node.source], deepest)
    return tuple(found)


def kernels_of_band(plan, band, kernels):
    """Pairs of a `half_band.Group` and its kernels `(size, 1, 2 * B)` of the wavelets in a band, real parts first."""
    for group, columns in half_band.of_band(plan.filters, band):
        parts = [kernels[f"{group.name}_{part}"] for part in ("real", "imag")]
        if len(columns) < len(group.wavelets):
            parts = [take(part, np.array(columns), axis=-1) for part in parts]
        yield group, ops.concatenate(parts, axis=-1)


def average_kernel(design, level, dtype):
    """What averages moduli of a level, `(size, 1, 1)`."""
    made = _average_taps(design, level, "float64" if dtype == "float64" else "float32")
    return ops.cast(constants([made])[0], dtype)


@cached
def _average_taps(design, level, dtype):
    return half_band.average_taps(design, level).astype(dtype)[:, None, None]


def every_second(signals):
    """The samples 0, 2, ... and 1, 3, ... of `(N, t, 1)`."""
    pairs = ops.reshape(signals, (-1, ops.shape(signals)[1] // 2, 2))
    return pairs[..., :1], pairs[..., 1:]


def convolve(signals, kernel, stride=1):
    """Correlate `(N, t, 1)` with `(size, 1, F)` where the kernel is within, sampled at 0, stride, ...: `(N, t', F)`."""
    return ops.conv(signals, kernel, strides=stride, padding="valid", data_format="channels_last")


def by_row(maps, rows):
    """`(N * R, t, B)` as `(N, R * B, t)`."""
    _, size, wavelets = ops.shape(maps)
    return ops.reshape(ops.transpose(maps, (0, 2, 1)), (-1, rows * wavelets, size))


def multiply_adds(plan, axes):
    """Multiplications in the convolutions of one signal, with those of the average."""
    total = 0
    for node, depth in zip(plan.nodes, depths(plan)):
        rows, samples = len(node.rows), plan.samples(axes, node.level)
        for d in range(depth):
            total += rows * ((plan.filters.kernel_size + 1) // 2 + 1) * (samples >> (d + 1))
        if node.band:
            read = len(plan.nodes[node.source].rows)
            groups = half_band.of_band(plan.filters, node.band)
            total += read * sum(2 * group.size * len(columns) for group, columns in groups) * samples
        if node.emits:
            radius = half_band.lowpass_radius(plan.filters, node.level)
            total += rows * (2 * radius + 1) * plan.samples(axes, plan.level)
    return total

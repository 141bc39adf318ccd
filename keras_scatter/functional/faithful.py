"""The faithful distilled transform: the cascade with the kernels of a filter group, on a pyramid of channels."""

import math

import numpy as np
from keras import ops

from keras_scatter.backend.arrays import take
from keras_scatter.backend.modulus import modulus
from keras_scatter.functional import cascade, smoothing
from keras_scatter.functional.axes import pad, wrap
from keras_scatter.plan.images import image_plan


class PyramidStages:
    """Stages of `cascade` whose waves are convolutions, read from channels at half, a quarter, ... of the resolution.

    Only the relative scale of two wavelets counts, so one set of kernels serves the image and all its moduli.
    """

    in_parts = True

    def __init__(self, plan, axes, filters, dtype):
        self.axes, self._filters = axes, filters
        self._plan, self._dtype = plan, dtype

    def pad(self, planes):
        return pad(planes, self.axes)

    def analyse(self, moduli, node):
        """Channels `(N * R, h, w, P)` by their decimation against the moduli, and R."""
        _, rows, *sizes = ops.shape(moduli)
        channels = [ops.reshape(moduli, (-1, *sizes, 1))]
        for d in range(1, self._plan.deepest[node] - self._plan.nodes[node].level + 1):
            channels.append(periodic_conv(channels[-1], self._filters[f"lowpass_{d}"], stride=2))
        return channels, rows

    def waves(self, analysed, band):
        """Real parts and then imaginary ones as channels, `(N * R, h, w, 2 B)`, and R."""
        channels, rows = analysed
        d = band.level - band.source
        kernels = [self._filters[f"psi_{d}_{part}"] for part in ("real", "imag")]
        L = kernels[0].shape[-1]
        if len(band.wavelets) < L:
            angles = np.array([wavelet.n % L for wavelet in band.wavelets])
            kernels = [take(kernel, angles, axis=-1) for kernel in kernels]
        return periodic_conv(channels[d], ops.concatenate(kernels, axis=-1)), rows

    def modulus(self, waves):
        pair, rows = waves
        return _by_row(modulus(*ops.split(pair, 2, axis=-1)), rows)

    def parts(self, waves):
        pair, rows = waves
        return tuple(_by_row(part, rows) for part in ops.split(pair, 2, axis=-1))

    def average(self, moduli, level):
        return smoothing.smooth(moduli, smoothing.matrices(self._plan, self.axes, level, self._dtype))


def _by_row(maps, rows):
    """`(N * R, h, w, B)` as `(N, R * B, h, w)`."""
    _, height, width, wavelets = ops.shape(maps)
    return ops.reshape(ops.transpose(maps, (0, 3, 1, 2)), (-1, rows * wavelets, height, width))


def make_plan(config, paths):
    """The plan of a group's transform."""
    return image_plan(config["J"], config["L"], config["order"], "reflect", paths)


def multiply_adds(shapes, plan, axes):
    """Multiplications in the convolutions of one plane.

    Args:
        shapes: those of the kernels, by name.
    """
    total = 0
    for node, deepest in zip(plan.nodes, plan.deepest):
        for d in range(1, (deepest or 0) - node.level + 1):
            total += len(node.rows) * math.prod(shapes[f"lowpass_{d}"]) * plan.samples(axes, node.level + d)
        if node.band:
            rows, columns, inputs, _ = shapes[f"psi_{node.level - node.band.source}_real"]
            total += 2 * len(node.rows) * rows * columns * inputs * plan.samples(axes, node.level)
    return total


def program(planes, arrays, plan, output):
    """The transform of planes `(N, H, W)` with the kernels of a filter group by name, see `cascade.scatter`."""
    return cascade.scatter(planes, arrays, PyramidStages, plan, output)


def periodic_conv(planes, kernel, stride=1):
    """Convolve `(N, H, W, P)` with `(k, k, P, F)`, periodic, centred, sampled at 0, stride, ..: `(N, H/s, W/s, F)`."""
    radius = kernel.shape[0] // 2
    planes = wrap(planes, radius, radius + 1 - stride, rank=2)
    return ops.conv(planes, kernel, strides=stride, padding="valid", data_format="channels_last")

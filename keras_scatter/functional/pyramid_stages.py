"""Stages of the faithful design: convolutions, read from channels at half, a quarter, ... of the resolution.

Only the relative scale of two wavelets counts, so one set of kernels serves the image and all its moduli. There are
three forms, which give the same numbers; `backend.convolutions.form` says which is taken.
"""

from typing import NamedTuple

import keras
import numpy as np
from keras import ops

from keras_scatter.backend.arrays import take
from keras_scatter.backend.convolutions import CHUNK_SAMPLES, correlate
from keras_scatter.backend.modulus import modulus, modulus_of_channels
from keras_scatter.backend.sizes import is_static
from keras_scatter.functional import cascade, smoothing
from keras_scatter.functional.axes import wrap

LOWPASS_BLOCK = 4  # rows and columns of pixels that are the channels of one, in `BlockStages`
WAVE_BLOCK = 2
LANES = 8  # channels at least, in `ChannelStages`
GREATEST = 1e18  # numbers from about 1e19 on overflow in the squares of moduli
LARGEST = 2**26  # bytes of moduli, in `ChannelStages`


class PlaneStages(cascade.Stages):
    """Every row of every plane is an image of its own."""

    def __init__(self, plan, axes, kernels, dtype):
        self.axes = axes
        self._plan, self._kernels, self._dtype = plan, kernels, dtype
        self._kernel_dtype = keras.backend.standardize_dtype(kernels["psi_0_real"].dtype)

    @classmethod
    def planes_at_a_time(cls, plan, axes):
        """How many planes go through at a time; 0 for all of them."""
        return 0

    def analyse(self, moduli, node):
        """Channels `(N * R, h, w, P)` by their decimation against the moduli, R, and means, see `_cast`."""
        _, rows, *sizes = ops.shape(moduli)
        maps, means = self._cast(ops.reshape(moduli, (-1, *sizes, 1)), node)
        levels = [maps]
        for d in range(1, self._depth(node) + 1):
            levels.append(self._halved(levels[-1], self._kernels[f"lowpass_{d}"]))
        return levels, rows, means

    def _cast(self, maps, node):
        """Maps in the dtype of the kernels, and None.

        Half precision rounds an image relative to its mean, which wavelets do not see: it is taken off before, and
        returned, `(n, 1, 1, P)`. What the kernels make of it, because they were trained, comes back by `_offset`.
        """
        means = None
        if node == 0 and self._dtype != self._kernel_dtype:
            means = ops.mean(maps, axis=(1, 2), keepdims=True)
            maps = maps - means
        return ops.cast(maps, self._kernel_dtype), means

    def _offset(self, band, means):
        """Waves of planes that are equal to their means everywhere, `(n, 1, 1, P * 2 B)`; None for None."""
        if means is None:
            return None
        gain = ops.ones((1, 1), dtype=self._dtype)
        kernels = [self._kernels[f"lowpass_{d}"] for d in range(1, band.level + 1)] + [self._kernel(band)]
        for kernel in kernels:
            gain = gain @ ops.sum(ops.cast(kernel, self._dtype), axis=(0, 1))
        return ops.reshape(means[..., None] * gain, (-1, 1, 1, means.shape[-1] * gain.shape[-1]))

    def _depth(self, node):
        """The coarsest level that is read from moduli."""
        return self._plan.deepest[node] - self._plan.nodes[node].level

    def _halved(self, maps, kernel):
        radius = kernel.shape[0] // 2
        return correlate(wrap(maps, radius, radius - 1, rank=2), kernel, stride=2)

    def waves(self, analysed, band):
        """Real parts and then imaginary ones, `(N * R, h, w, 2 B)`, and R."""
        levels, rows, means = analysed
        found = self._waves(levels[band.level - band.source], self._kernel(band))
        offset = self._offset(band, means)
        return found if offset is None else ops.cast(found, self._dtype) + offset, rows

    def _waves(self, maps, kernel):
        radius = kernel.shape[0] // 2
        return correlate(wrap(maps, radius, radius, rank=2), kernel)

    def _kernel(self, band):
        """Real parts and then imaginary ones of the wavelets in a band: `(k, k, P, 2 B)`."""
        parts = [self._kernels[f"psi_{band.level - band.source}_{part}"] for part in ("real", "imag")]
        L = parts[0].shape[-1]
        if len(band.wavelets) < L:
            angles = np.array([wavelet.n % L for wavelet in band.wavelets])
            parts = [take(part, angles, axis=-1) for part in parts]
        return ops.concatenate(parts, axis=-1)

    def modulus(self, waves):
        pair, rows = waves
        return _by_row(modulus(*ops.split(pair, 2, axis=-1)), rows)

    def parts(self, waves):
        pair, rows = waves
        return tuple(_by_row(part, rows) for part in ops.split(pair, 2, axis=-1))

    def average(self, moduli, level):
        moduli = ops.cast(moduli, self._dtype)
        return smoothing.smooth(moduli, smoothing.matrices(self._plan, self.axes, level, self._dtype))


class BlockStages(PlaneStages):
    """The same with blocks of pixels as the channels of coarser images."""

    @classmethod
    def planes_at_a_time(cls, plan, axes):
        return _planes_at_a_time(plan, axes)

    def _halved(self, maps, kernel):
        _, height, width, _ = ops.shape(maps)
        radius, step = kernel.shape[0] // 2, 2 * LOWPASS_BLOCK
        margins = [(0, 0), (0, -height % step), (0, -width % step), (0, 0)]
        maps = ops.pad(wrap(maps, radius, radius - 1, rank=2), margins)
        found = correlate(maps, _of_block(kernel, LOWPASS_BLOCK, stride=2), step)
        found = ops.transpose(_in_block(found, LOWPASS_BLOCK), (0, 1, 3, 2, 4, 5))
        _, rows, block, columns, _, channels = ops.shape(found)
        found = ops.reshape(found, (-1, rows * block, columns * block, channels))
        return found[:, : height // 2, : width // 2]

    def _waves(self, maps, kernel):
        """Real parts and then imaginary ones, `(N * R, h / b, w / b, 2 * b * b * B)`."""
        radius = kernel.shape[0] // 2
        kernel = ops.concatenate([_of_block(part, WAVE_BLOCK) for part in ops.split(kernel, 2, axis=-1)], axis=-1)
        return correlate(wrap(maps, radius, radius, rank=2), kernel, WAVE_BLOCK)

    def modulus(self, waves):
        pair, rows = waves
        found = ops.transpose(_in_block(modulus(*ops.split(pair, 2, axis=-1)), WAVE_BLOCK), (0, 5, 1, 3, 2, 4))
        _, wavelets, height, block, width, _ = ops.shape(found)
        return ops.reshape(found, (-1, rows * wavelets, height * block, width * block))


class Side(NamedTuple):
    """Moduli, or channels that are read from them, side by side.

    Attributes:
        maps: `(n, h, w, q * R * P)`: q planes, R rows of each, and P channels of a row.
        means: of the q planes where these were taken off, `(n, 1, 1, q)`; or None.
        flaws: NaN for planes that have NaN, or numbers beyond `GREATEST`, else zero, `(N, 1, 1, 1)`; None for q = 1.
        rows: R.
        count: number of planes, at most `n * q`; None if it is known at run time only: then q is 1.
    """

    maps: object
    means: object
    flaws: object
    rows: int
    count: int | None


class ChannelStages(PlaneStages):
    """The same with rows, and planes where rows are few, as channels of convolutions in groups; moduli are `Side`."""

    row_axis = -1

    @classmethod
    def planes_at_a_time(cls, plan, axes):
        return _planes_at_a_time(plan, axes, LANES)

    def start(self, planes):
        return Side(planes[..., None], None, None, 1, planes.shape[0])

    def planes(self, moduli):
        maps = ops.transpose(_apart(moduli), (0, 3, 1, 2))
        return ops.reshape(maps, (-1, *ops.shape(maps)[2:]))

    def count(self, moduli):
        return moduli.count and moduli.count * moduli.rows

    def chunk(self, bytes_a_row):
        # Planes are few already; what is left is to bound memory for large ones.
        return max(LANES, LARGEST // bytes_a_row)

    def analyse(self, moduli, node):
        """`Side` by the decimation of its channels."""
        depth, (maps, means) = self._depth(node), self._cast(moduli.maps, node)
        levels = [moduli._replace(maps=maps, means=means)]
        wide = _joined(levels[0]) if depth else None
        for d in range(1, depth + 1):
            wide = wide._replace(maps=self._halved(wide.maps, self._kernels[f"lowpass_{d}"]))
            levels.append(wide)
        return levels

    def _halved(self, maps, kernel):
        groups, radius = maps.shape[-1] // kernel.shape[2], kernel.shape[0] // 2
        # Some groups together, because with two outputs most lanes of the processor would be empty.
        side = next(n for n in range(LANES, 0, -1) if groups % n == 0)
        kernel = ops.tile(_diagonal(kernel, side), (1, 1, 1, groups // side))
        return correlate(wrap(maps, radius, radius - 1, rank=2), kernel, 2, groups // side)

    def waves(self, levels, band):
        """`Side` of real parts and then imaginary ones in each of G groups, `(n, h, w, G * 2 B)`, B and the offset."""
        side, kernel, wavelets = levels[band.level - band.source], self._kernel(band), len(band.wavelets)
        groups, radius = side.maps.shape[-1] // kernel.shape[2], kernel.shape[0] // 2
        kernel = ops.tile(kernel, (1, 1, 1, groups))
        maps = correlate(wrap(side.maps, radius, radius, rank=2), kernel, groups=groups)
        return side._replace(maps=maps, means=None, rows=side.rows * wavelets), wavelets, self._offset(band, side.means)

    def modulus(self, waves):
        side, wavelets, offset = waves
        return side._replace(maps=modulus_of_channels(side.maps, wavelets, offset))

    def average(self, moduli, level):
        """`(N, h, w, R)`."""
        dtype = keras.backend.standardize_dtype(moduli.maps.dtype)
        matrices = smoothing.matrices(self._plan, self.axes, level, dtype)
        found = _apart(moduli._replace(maps=smoothing.smooth_channels(moduli.maps, matrices)))
        return ops.cast(found, self._dtype)


FORMS = {"planes": PlaneStages, "blocks": BlockStages, "channels": ChannelStages}


def _planes_at_a_time(plan, axes, multiple=1):
    if not is_static(*(axis.length for axis in axes)):
        return 0
    count = CHUNK_SAMPLES // plan.samples(axes, 0)
    return max(1, count if count < multiple else count // multiple * multiple)


def _by_row(maps, rows):
    """`(N * R, h, w, B)` as `(N, R * B, h, w)`."""
    _, height, width, wavelets = ops.shape(maps)
    return ops.reshape(ops.transpose(maps, (0, 3, 1, 2)), (-1, rows * wavelets, height, width))


def _of_block(kernel, block, stride=1):
    """A kernel `(k, k, P, F)` that gives `block x block` outputs at once: `(., ., P, block * block * F)`."""
    last = stride * (block - 1)
    at = [(stride * i, last - stride * i) for i in range(block)]
    found = [ops.pad(kernel, [rows, columns, (0, 0), (0, 0)]) for rows in at for columns in at]
    return ops.concatenate(found, axis=-1)


def _in_block(maps, block):
    """`(n, h, w, block * block * F)` as `(n, h, w, block, block, F)`."""
    *sizes, channels = ops.shape(maps)
    return ops.reshape(maps, (*sizes, block, block, channels // block**2))


def _diagonal(kernel, side):
    """The kernel of some groups, `(k, k, P, F)`, as one of all their channels: `(k, k, side * P, side * F)`."""
    size, _, inputs, outputs = kernel.shape
    eye = ops.reshape(ops.eye(side, dtype=kernel.dtype), (1, 1, side, 1, side, 1))
    return ops.reshape(kernel[:, :, None, :, None] * eye, (size, size, side * inputs, side * outputs))


def _joined(side):
    """As many planes side by side as fill the lanes, if none are yet."""
    channels = side.maps.shape[-1]
    planes = min(LANES // channels, side.count or 1) if channels == side.rows else 1
    if planes < 2:
        return side

    def joined(maps):
        _, height, width, channels = ops.shape(maps)
        maps = ops.pad(maps, [(0, -side.count % planes), (0, 0), (0, 0), (0, 0)])
        maps = ops.transpose(ops.reshape(maps, (-1, planes, height, width, channels)), (0, 2, 3, 1, 4))
        return ops.reshape(maps, (-1, height, width, planes * channels))

    # What is NaN in one plane would be so in those beside it: zero times NaN is NaN.
    is_right = ops.absolute(side.maps) < GREATEST
    flaws = ops.where(ops.all(is_right, axis=(1, 2, 3), keepdims=True), 0.0, np.nan)
    maps, means = ops.where(is_right, side.maps, 0), side.means
    if means is not None:
        means = joined(ops.where(ops.isnan(flaws), 0, means))
    return side._replace(maps=joined(maps), means=means, flaws=flaws)


def _apart(side):
    """One plane after the other: `(N, h, w, R)`."""
    _, height, width, channels = ops.shape(side.maps)
    planes = channels // side.rows
    if planes == 1:
        return side.maps
    maps = ops.transpose(ops.reshape(side.maps, (-1, height, width, planes, side.rows)), (0, 3, 1, 2, 4))
    maps = ops.reshape(maps, (-1, height, width, side.rows))[: side.count]
    return maps + ops.cast(side.flaws, maps.dtype)

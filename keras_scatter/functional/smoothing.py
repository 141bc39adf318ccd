"""The last low-pass with its decimation and cropping: one matrix an axis, because it is separable."""

from keras import ops

import numpy as np

from keras_scatter.backend.arrays import rows_times
from keras_scatter.backend.sizes import is_static
from keras_scatter.cache import cached


def lowpass_matrix(spectrum, step, kept, xp=np):
    """Matrix `(n, outputs)` of a low-pass along one axis, periodic, sampled every `step`: `x @ matrix`.

    Args:
        spectrum: of the low-pass on the grid of the axis, `(n,)`, real and even.
        kept: first output and number of outputs; output i is centred at sample `i * step`.
        xp: NumPy, or `keras.ops` when sizes are tensors.
    """
    size, (first, count) = xp.shape(spectrum)[0], kept
    if xp is np:
        response = np.fft.ifft(spectrum).real
    else:
        half = spectrum[: size // 2 + 1]
        response = ops.irfft((half, ops.zeros_like(half)), fft_length=size)
    distance = xp.arange(size, dtype="int32")[:, None] - step * (first + xp.arange(count, dtype="int32"))
    return xp.take(response, distance % size, axis=0)


def matrices(plan, axes, level, dtype):
    """The matrix of every axis for moduli of a level."""
    found = []
    for axis in axes:
        if is_static(axis.length):
            found.append(ops.convert_to_tensor(_cached_matrix(plan, axis, level, dtype)))
        else:
            found.append(ops.cast(_matrix(plan, axis, level, ops), dtype))
    return tuple(found)


@cached
def _cached_matrix(plan, axis, level, dtype):
    return _matrix(plan, axis, level, np).astype(dtype)


def _matrix(plan, axis, level, xp):
    spectrum = plan.filters.lowpass(axis.length, level, xp)
    return lowpass_matrix(spectrum, 2 ** (plan.level - level), axis.kept(plan.level), xp)


def smooth(maps, matrices):
    """Low-pass, decimate and crop the last axes of maps: `(N, R, ...)`."""
    for matrix in reversed(matrices):
        maps = rows_times(maps, matrix)
        if len(matrices) > 1:
            maps = ops.moveaxis(maps, -1, -len(matrices))
    return maps

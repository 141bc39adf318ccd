"""The last low-pass phi_J with its decimation and cropping: two small matrix products, because phi is separable."""

import functools

import keras
import numpy as np
from keras import ops

from keras_scatter.filters.morlet import as_float, gaussian_spectrum
from keras_scatter.functional.padding import is_static


def smoothing_matrix(J, level, size, cropped, xp=np):
    """Matrix `(size of the output, size of the plane)` of phi_J along one axis, float64.

    Row i holds the periodic low-pass around coarse sample i (i + 1 where the margins are cropped).

    Args:
        level: the plane is already decimated by 2**level.
        size: padded size of the image axis at level 0, a multiple of 2**J.
        cropped: whether one coarse sample is dropped at both ends.
        xp: NumPy, or `keras.ops` when `size` is a tensor.
    """
    length, coarse = size // 2**level, size // 2**J
    n, first = as_float(length, xp), int(cropped)
    # The coarser grid keeps the low band of the finest one, with its Nyquist bin from the negative side.
    half = xp.arange(length // 2, dtype="float64")
    frequency = xp.concatenate([half, half - n / 2]) * (2 * np.pi / n)
    spectrum = gaussian_spectrum(J, size, xp)
    spectrum = xp.concatenate([spectrum[: length // 2], spectrum[size - length // 2 :]]) / n
    out = xp.arange(first, coarse - first, dtype="float64")[:, None] * (2 ** (J - level) * frequency)
    into = frequency[:, None] * xp.arange(length, dtype="float64")
    return xp.matmul(xp.cos(out) * spectrum, xp.cos(into)) + xp.matmul(xp.sin(out) * spectrum, xp.sin(into))


@functools.lru_cache(maxsize=64)
def _cached_matrix(J, level, size, cropped, dtype):
    return smoothing_matrix(J, level, size, cropped).astype(dtype)


def smooth(planes, J, level, shape, cropped):
    """Low-pass, decimate to 2**J and crop planes `(..., H, W)` at `level`: `(..., h, w)`.

    Args:
        shape: padded height and width at level 0, ints or tensors.
    """
    dtype = keras.backend.standardize_dtype(planes.dtype)
    for size in reversed(shape):
        if is_static(size):
            matrix = ops.convert_to_tensor(_cached_matrix(J, level, size, cropped, dtype))
        else:
            matrix = ops.cast(smoothing_matrix(J, level, size, cropped, xp=ops), dtype)
        planes = ops.swapaxes(_rows_times(planes, ops.transpose(matrix)), -1, -2)
    return planes


def _rows_times(planes, matrix):
    """`planes @ matrix` over the last axis, as one product of two matrices.

    With the planes as a batch TensorFlow 2.21 crashes for shapes like (32, 1, 40, 40). The operator stands for
    `ops.matmul`, which returns float32 for float64 under PyTorch.
    """
    *leading, length = ops.shape(planes)
    return ops.reshape(ops.reshape(planes, (-1, length)) @ matrix, (-1, *leading[1:], ops.shape(matrix)[1]))

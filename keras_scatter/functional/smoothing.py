"""The last low-pass with its decimation and cropping, an axis at a time, because it is separable."""

import math
from typing import NamedTuple

import numpy as np
from keras import ops

from keras_scatter.backend.arrays import row_sums, rows_times
from keras_scatter.backend.constants import constants
from keras_scatter.backend.sizes import is_static
from keras_scatter.cache import cached

LONG = 4096  # samples of an axis from which on it is smoothed in blocks


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


class Blocks(NamedTuple):
    """A low-pass of a long axis: the axis in blocks of one output step, each of which counts for some outputs.

    Attributes:
        matrix: `(step, k)`, from the samples of a block to its shares in the outputs around it.
        sums: `(blocks * k, outputs)` of ones and zeros, which adds up the shares.
    """

    matrix: object
    sums: object


def block_matrices(response, step, kept):
    """`Blocks` of a periodic low-pass.

    Sums of one step are shorter than those of a whole axis, which lose accuracy in float32, and so are the matrices.

    Args:
        response: of the low-pass, `(n,)`.
        step, kept: as in `lowpass_matrix`.
    """
    size, (first, count) = len(response), kept
    blocks = size // step
    reach = np.flatnonzero(abs(response[: size // 2]) > 1e-9 * response.max())[-1] // step + 1
    offsets = np.arange(-reach, reach + 2) if 2 * reach + 2 < blocks else np.arange(blocks)
    matrix = response[(offsets * step - np.arange(step)[:, None]) % size]
    output = (np.arange(blocks)[:, None] + offsets) % blocks
    return matrix, (output.reshape(-1, 1) == first + np.arange(count)).astype(matrix.dtype)


def matrices(plan, axes, level, dtype):
    """What smooths moduli of a level: for every axis a matrix or `Blocks`."""
    found = []
    for axis in axes:
        if is_static(axis.length):
            kept = kept_matrices(plan, axis, level, dtype)
            found.append(Blocks(*constants(kept)) if isinstance(kept, tuple) else constants([kept])[0])
        else:
            found.append(ops.cast(lowpass_matrix(*_lowpass(plan, axis, level, ops), ops), dtype))
    return tuple(found)


def by_level(plan, axes, dtype):
    """`matrices` for every level whose moduli are averaged locally."""
    levels = {node.level for node in plan.nodes if node.emits} if plan.average == "local" else ()
    return {level: matrices(plan, axes, level, dtype) for level in sorted(levels)}


@cached
def kept_matrices(plan, axis, level, dtype, longest=LONG):
    """The matrix of an axis of a known size, or, where it has more samples than `longest`, that of its `Blocks`."""
    spectrum, step, kept = _lowpass(plan, axis, level, np)
    if len(spectrum) <= longest or step == 1:
        return lowpass_matrix(spectrum, step, kept).astype(dtype)
    return tuple(matrix.astype(dtype) for matrix in block_matrices(np.fft.ifft(spectrum).real, step, kept))


def _lowpass(plan, axis, level, xp):
    """Spectrum, step and outputs of the low-pass of an axis."""
    return plan.filters.lowpass(axis.length, level, xp), 2 ** (plan.level - level), axis.kept(plan.level)


def smooth(maps, matrices):
    """Low-pass, decimate and crop the last axes of maps: `(N, R, ...)`."""
    for matrix in reversed(matrices):
        maps = _in_blocks(maps, matrix) if isinstance(matrix, Blocks) else rows_times(maps, matrix)
        if len(matrices) > 1:
            maps = ops.moveaxis(maps, -1, -len(matrices))
    return maps


def smooth_channels(maps, matrices):
    """As `smooth`, of maps with channels, `(N, ..., C)`: with the matrices on the left no axis has to move."""
    if any(isinstance(matrix, Blocks) for matrix in matrices):
        return ops.moveaxis(smooth(ops.moveaxis(maps, -1, 1), matrices), 1, -1)
    for axis, matrix in enumerate(matrices, start=1):
        _, *before, size = ops.shape(maps)[: axis + 1]
        behind = ops.shape(maps)[axis + 1 :]
        maps = ops.transpose(matrix) @ ops.reshape(maps, (-1, size, math.prod(behind)))
        maps = ops.reshape(maps, (-1, *before, ops.shape(matrix)[1], *behind))
    return maps


def _in_blocks(maps, lowpass):
    *others, length = ops.shape(maps)
    step, shares = lowpass.matrix.shape
    blocks = ops.reshape(maps, (-1, length // step, step))
    return rows_times(
        ops.reshape(rows_times(blocks, lowpass.matrix), (-1, *others[1:], length // step * shares)), lowpass.sums
    )


def total(maps, rank):
    """Sums over the last axes, which keep a length of 1.

    Rows by themselves: over several axes XLA of TensorFlow adds up millions of numbers one after the other.
    """
    if rank > 1:
        maps = row_sums(maps)
    return ops.sum(maps, axis=tuple(range(-rank, 0)), keepdims=True)

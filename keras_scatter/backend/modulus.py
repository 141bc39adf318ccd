"""The complex modulus with a gradient that is finite everywhere."""

import keras
import numpy as np
from keras import ops

from keras_scatter.backend.programs import compiled


def modulus(real, imag):
    """`sqrt(real^2 + imag^2)`, whose gradient at zero is zero.

    Half precision is squared in float32: 256^2 overflows float16.
    """
    dtype = real.dtype
    if "16" in str(dtype):
        real, imag = ops.cast(real, "float32"), ops.cast(imag, "float32")
    return ops.cast(smooth_root(real * real + imag * imag), dtype)


def modulus_of_channels(waves, wavelets, offset=None):
    """Moduli of `(n, h, w, G * 2 B)`, B real parts and then B imaginary ones in each of G groups: `(n, h, w, G * B)`.

    Args:
        wavelets: B.
        offset: None, or what is added to the waves, `(n, 1, 1, G * 2 B)` float32.
    """
    if keras.backend.backend() == "torch":
        return _modulus_in_torch(waves, wavelets, offset)
    return _modulus_of_channels(waves, offset, wavelets=wavelets)


@compiled(xla_under_tensorflow=True, differentiable=2)
def _modulus_of_channels(waves, offset, wavelets):
    dtype, (*sizes, channels) = waves.dtype, ops.shape(waves)
    waves = ops.cast(waves, "float32") if "16" in str(dtype) else waves
    waves = waves if offset is None else waves + offset
    # XLA makes vectors of a sum over two, but not of two slices.
    pairs = ops.reshape(waves, (-1, 2, wavelets))
    return ops.cast(ops.reshape(smooth_root(ops.sum(pairs * pairs, axis=1)), (*sizes, channels // 2)), dtype)


def _modulus_in_torch(waves, wavelets, offset):
    dtype, (*sizes, channels) = waves.dtype, waves.shape
    waves = ops.cast(waves, "float32") if "16" in str(dtype) else waves
    waves = waves if offset is None else waves + offset
    real, imag = waves.reshape(*sizes, -1, 2, wavelets).unbind(-2)
    # In place, because eager operations are bound by memory.
    square = (real * real).addcmul_(imag, imag).add_(float(np.finfo("float32").tiny)).sqrt_()
    return ops.cast(square.reshape(*sizes, channels // 2).contiguous(), dtype)


def smooth_root(square, bias=0.0):
    """`sqrt(square + bias^2) - bias`, whose gradient at zero is finite.

    Without a bias the smallest normal number, 1e-38 in float32, is added below the root. With one the difference is
    computed as `square / (sqrt(square + bias^2) + bias)`, which does not cancel.
    """
    smallest = float(np.finfo("float64" if "64" in str(square.dtype) else "float32").tiny)
    root = ops.sqrt(square + max(bias**2, smallest))
    return square / (root + bias) if bias else root


def power(u, exponent):
    """A power of moduli, or of other numbers that are not negative, whose gradient at zero is finite."""
    if exponent in (1, 2):
        return u if exponent == 1 else u * u
    # What is no larger is a modulus of zero, see `smooth_root`.
    smallest = 2 * float(np.finfo("float64" if "64" in str(u.dtype) else "float32").tiny) ** 0.5
    is_zero = u <= smallest
    return ops.where(is_zero, 0.0, ops.where(is_zero, 1.0, u) ** exponent)

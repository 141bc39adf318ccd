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
    if keras.backend.backend() == "torch":
        return ops.cast(root_in_place((real * real).addcmul_(imag, imag)), dtype)
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
    moduli = modulus(*waves.reshape(*sizes, -1, 2, wavelets).unbind(-2))
    return ops.cast(moduli.reshape(*sizes, channels // 2).contiguous(), dtype)


def smooth_root(square, bias=0.0):
    """`sqrt(square + bias^2) - bias`, whose gradient at zero is finite.

    Without a bias the smallest normal number, 1e-38 in float32, is added below the root. With one the difference is
    computed as `square / (sqrt(square + bias^2) + bias)`, which does not cancel.
    """
    root = ops.sqrt(square + max(bias**2, _smallest(square.dtype)))
    return square / (root + bias) if bias else root


def root_in_place(square):
    """`smooth_root` of an array of PyTorch that is not needed afterwards: its operations are bound by memory."""
    return square.add_(_smallest(square.dtype)).sqrt_()


def power(u, exponent):
    """A power of moduli, or of other numbers that are not negative, whose gradient at zero is finite."""
    if exponent in (1, 2):
        return u if exponent == 1 else u * u
    # What is no larger is a modulus of zero, see `smooth_root`.
    is_zero = u <= 2 * _smallest(u.dtype) ** 0.5
    return ops.where(is_zero, 0.0, ops.where(is_zero, 1.0, u) ** exponent)


def _smallest(dtype):
    """The smallest normal number; of float32 for types of half precision."""
    return float(np.finfo("float64" if "64" in str(dtype) else "float32").tiny)

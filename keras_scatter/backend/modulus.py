"""The complex modulus with a gradient that is finite everywhere."""

import numpy as np
from keras import ops


def modulus(real, imag):
    """`sqrt(real^2 + imag^2)`, whose gradient at zero is zero.

    Half precision is squared in float32: 256^2 overflows float16.
    """
    dtype = real.dtype
    if "16" in str(dtype):
        real, imag = ops.cast(real, "float32"), ops.cast(imag, "float32")
    return ops.cast(smooth_root(real * real + imag * imag), dtype)


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

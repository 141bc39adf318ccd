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
    return ops.cast(root(real * real + imag * imag), dtype)


def root(square):
    """Square root of values >= 0 with a finite gradient: the smallest normal number is added, 1e-38 in float32."""
    return ops.sqrt(square + float(np.finfo("float64" if "64" in str(square.dtype) else "float32").tiny))

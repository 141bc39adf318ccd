"""The complex modulus with a gradient that is finite everywhere."""

from keras import ops


def modulus(real, imag):
    """`sqrt(real^2 + imag^2)`, whose gradient at zero is zero.

    Half precision is squared in float32: 256^2 overflows float16.
    """
    dtype = real.dtype
    if "16" in str(dtype):
        real, imag = ops.cast(real, "float32"), ops.cast(imag, "float32")
    square = real * real + imag * imag
    positive = square > 0
    root = ops.sqrt(ops.where(positive, square, ops.ones_like(square)))
    return ops.cast(ops.where(positive, root, ops.zeros_like(root)), dtype)

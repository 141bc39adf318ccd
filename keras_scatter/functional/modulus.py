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
    zero = ops.equal(square, 0)
    root = ops.sqrt(ops.where(zero, ops.ones_like(square), square))
    return ops.cast(ops.where(zero, ops.zeros_like(root), root), dtype)

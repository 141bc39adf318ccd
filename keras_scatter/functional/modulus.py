"""The complex modulus with a gradient that is finite everywhere."""

from keras import ops


def modulus(real, imag):
    """`sqrt(real^2 + imag^2)`, whose gradient at zero is zero.

    Half precision is squared in float32: 256^2 overflows float16.
    """
    dtype = real.dtype
    if "16" in str(dtype):
        real, imag = ops.cast(real, "float32"), ops.cast(imag, "float32")
    return ops.cast(smooth_root(real * real + imag * imag, 0), dtype)


def smooth_root(square, bias):
    """`sqrt(square + bias^2) - bias`, which is smooth at zero; its gradient there is zero, also for `bias=0`."""
    if bias:
        return ops.sqrt(square + bias**2) - bias
    zero = ops.equal(square, 0)
    root = ops.sqrt(ops.where(zero, ops.ones_like(square), square))
    return ops.where(zero, ops.zeros_like(root), root)

"""Convolutions of the distilled transform: planes with channels last, wavelets as pairs of real kernels."""

from keras import ops

from keras_scatter.functional.modulus import modulus
from keras_scatter.functional.padding import wrap_planes


def periodic_conv(planes, kernel, stride=1):
    """Convolve `(N, H, W, P)` with `(k, k, P, F)`, periodic, centred, sampled at 0, stride, ..: `(N, H/s, W/s, F)`."""
    radius = kernel.shape[0] // 2
    planes = wrap_planes(planes, radius, radius + 1 - stride)
    return ops.conv(planes, kernel, strides=stride, padding="valid", data_format="channels_last")


def periodic_modulus(planes, real, imag):
    """Modulus of the convolution of `(N, H, W, P)` with complex kernels, given as two `(k, k, P, L)`."""
    pair = periodic_conv(planes, ops.concatenate([real, imag], axis=-1))
    return modulus(*ops.split(pair, 2, axis=-1))


def zero_padded_conv(planes, kernel, stride):
    """Convolve every channel of `(N, H, W, G)` with its F kernels `(k, k, G, F)`, centred, zeros outside.

    Samples 0, stride, 2 stride, ... are kept: `(N, H // stride, W // stride, G * F)`, kernel index the faster.
    """
    if stride == 1:
        return ops.depthwise_conv(planes, kernel, padding="same", data_format="channels_last")
    # With a stride, "same" would begin at sample 1 of an even size.
    radius = kernel.shape[0] // 2
    height, width = ops.shape(planes)[1:3]
    planes = ops.pad(planes, [(0, 0), (radius, radius), (radius, radius), (0, 0)])
    output = ops.depthwise_conv(planes, kernel, strides=stride, padding="valid", data_format="channels_last")
    return output[:, : height // stride, : width // stride]


def modulus_block(planes, lowpass, real, imag):
    """One block of the paper's network (paper's equation 9): low-pass and smoothed wavelet moduli at half size.

    `S = {x * phi, |x * psi_t| * phi}`, where the first convolution has stride 2 and both phi are the same kernel.

    Args:
        planes: `(N * G, H, W)`; plane `n * G + g` is filtered by group g of the kernels.
        lowpass: `(k, k, G, 1)`.
        real, imag: `(k, k, G, L)`.

    Returns:
        `(N * G * (1 + L), H // 2, W // 2)`, the L + 1 outputs of a plane side by side.
    """
    height, width = ops.shape(planes)[1:]
    groups, angles = real.shape[2:]
    images = ops.transpose(ops.reshape(planes, (-1, groups, height, width)), (0, 2, 3, 1))
    size = max(lowpass.shape[0], real.shape[0])
    fused = ops.concatenate([_centred(kernel, size) for kernel in (lowpass, real, imag)], axis=-1)
    output = zero_padded_conv(images, fused, stride=2)
    height, width = height // 2, width // 2
    output = ops.reshape(output, (-1, height, width, groups, 1 + 2 * angles))
    moduli = modulus(output[..., 1 : 1 + angles], output[..., 1 + angles :])
    moduli = ops.reshape(moduli, (-1, height, width, groups * angles))
    smooth = zero_padded_conv(moduli, ops.repeat(lowpass, angles, axis=2), stride=1)
    smooth = ops.reshape(smooth, (-1, height, width, groups, angles))
    maps = ops.transpose(ops.concatenate([output[..., :1], smooth], axis=-1), (0, 3, 4, 1, 2))
    return ops.reshape(maps, (-1, height, width))


def _centred(kernel, size):
    """The kernel with zeros around it, `size` x `size`."""
    margin = (size - kernel.shape[0]) // 2
    return ops.pad(kernel, [(margin, margin), (margin, margin), (0, 0), (0, 0)]) if margin else kernel

"""What the locally invariant layer computes: moduli of Morlet wavelets at half size, mixing, upsampling.

Images have channels last here.
"""

import numpy as np
from keras import ops

from keras_scatter.backend.arrays import cos_sin, rows_times, take
from keras_scatter.backend.modulus import smooth_root
from keras_scatter.backend.programs import compiled
from keras_scatter.filters.morlet import KYMATIO_PI, gaussian
from keras_scatter.functional.banded import mirrored
from keras_scatter.functional.dual_tree import scatter

SMALLEST = 0.1  # of sigma, in samples, and of the slant


def morlet_kernels(theta, xi, sigma, slant, size):
    """Morlet wavelets of given parameters `(L,)` as kernels for correlation: real and imaginary `(size, size, 1, L)`.

    `psi(u) = (exp(i xi n.u) - beta) g(u)`, n the direction theta from the first axis, beta such that the samples sum to
    zero. Widths below 0.1 count as 0.1.
    """
    # Not ops.maximum, which computes in float32 under JAX and PyTorch.
    sigma, slant = (ops.relu(width - SMALLEST) + SMALLEST for width in (sigma, slant))
    # Reversed, as a correlation needs them.
    u = np.arange(size // 2, -size // 2, -1, dtype="float64")
    rows, columns = (ops.cast(axis[..., None], theta.dtype) for axis in np.broadcast_arrays(u[:, None], u[None]))
    cosine, sine = cos_sin(theta)
    along, across = rows * cosine + columns * sine, columns * cosine - rows * sine
    envelope = ops.exp(-(along * along + (slant * across) ** 2) / (2 * sigma * sigma))
    envelope = envelope * slant / (2 * KYMATIO_PI * sigma * sigma)
    cosine, sine = cos_sin(xi * along)
    wave = envelope * cosine
    beta = ops.sum(wave, axis=(0, 1)) / ops.sum(envelope, axis=(0, 1))
    return (wave - beta * envelope)[:, :, None], (envelope * sine)[:, :, None]


def lowpass_kernel(sigma, size):
    """The Gaussian as a kernel `(size, size, 1, 1)`, NumPy."""
    phi = gaussian(sigma, size // 2)
    return np.outer(phi, phi)[:, :, None, None]


@compiled(xla_under_tensorflow=False)
def morlet_moduli(images, lowpass, real, imag, *, bias):
    """Low-pass and smooth wavelet moduli of `(N, H, W, C)` at every other pixel: `(N, h, w, (1 + L) C)`, by path.

    The border is mirrored half a sample outside, as in the dual-tree transform.
    """
    _, height, width, channels = ops.shape(images)
    radius, angles = real.shape[0] // 2, real.shape[3]
    planes = ops.reshape(ops.transpose(images, (0, 3, 1, 2)), (-1, height, width, 1))
    for axis, size in ((1, height), (2, width)):
        position = mirrored(ops.arange(-radius, size + radius, dtype="int32"), size, ops)
        planes = take(planes, position, axis=axis)
    kernel = ops.concatenate([lowpass, real, imag], axis=-1)
    maps = ops.conv(planes, kernel, strides=2, padding="valid", data_format="channels_last")
    low, real, imag = maps[..., :1], maps[..., 1 : 1 + angles], maps[..., 1 + angles :]
    maps = ops.concatenate([low, smooth_root(real * real + imag * imag, bias)], axis=-1)
    height, width = ops.shape(maps)[1:3]
    maps = ops.transpose(ops.reshape(maps, (-1, channels, height, width, 1 + angles)), (0, 2, 3, 4, 1))
    return ops.reshape(maps, (-1, height, width, channels * (1 + angles)))


@compiled(xla_under_tensorflow=True, differentiable=2)
def mixed_dual_tree(images, kernel, products, options):
    """`dual_tree.scatter` of images, mixed by a kernel `(1, 1, 7 C, F)`, in the dtype of the kernel."""
    return mix(ops.cast(scatter(images, products, options), kernel.dtype), kernel)


def mix(images, kernel):
    """Convolution of `(N, h, w, Q)` with `(k, k, Q, F)`, zeros outside; a product of matrices for k = 1."""
    if kernel.shape[0] > 1:
        return ops.conv(images, kernel, padding="same", data_format="channels_last")
    return rows_times(images, kernel[0, 0])


def upsample(images, shape):
    """Bilinear interpolation of `(N, h, w, F)` to twice the size, cropped to `shape`.

    Pixels are squares, as for `align_corners=False`: new samples lie a quarter of a pixel from the old ones.
    """
    for axis, size in zip((1, 2), shape):
        old = ops.shape(images)
        first, last = (slice(None),) * axis + (slice(None, 1),), (slice(None),) * axis + (slice(-1, None),)
        before = ops.concatenate([images[first], images[(slice(None),) * axis + (slice(None, -1),)]], axis=axis)
        after = ops.concatenate([images[(slice(None),) * axis + (slice(1, None),)], images[last]], axis=axis)
        pairs = ops.stack([0.25 * before + 0.75 * images, 0.75 * images + 0.25 * after], axis=axis + 1)
        new = [old[i] * 2 if i == axis else old[i] for i in range(4)]
        images = ops.reshape(pairs, (-1, *new[1:]))[(slice(None),) * axis + (slice(None, size),)]
    return images

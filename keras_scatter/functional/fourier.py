"""Filtering in the Fourier domain: transforms of planes, the wavelet bank, decimation by folding."""

import functools

from keras import ops

from keras_scatter.filters.morlet import morlet_spectra
from keras_scatter.functional.padding import is_static


@functools.lru_cache(maxsize=8)
def _cached_bank(J, L, height, width, dtype):
    return tuple(morlet_spectra(j, L, height, width).astype(dtype) for j in range(J))


def wavelet_bank(J, L, shape, dtype):
    """Spectra of the wavelets on padded planes of `shape`: J arrays `(L, H, W)`.

    NumPy arrays, kept for the next call, where the sizes are known; otherwise tensors computed from them.
    """
    if all(map(is_static, shape)):
        return _cached_bank(J, L, *shape, dtype)
    return tuple(ops.cast(morlet_spectra(j, L, *shape, xp=ops), dtype) for j in range(J))


def spectrum(planes):
    """Two-dimensional Fourier transform of real planes `(..., H, W)`."""
    return ops.fft2((planes, ops.zeros_like(planes)))


def low_band(filters, level):
    """The spectra `(L, H, W)` on the grid that is coarser by 2**level: their low band, unscaled."""
    for axis in (1, 2) if level else ():
        size = ops.shape(filters)[axis]
        half = size // 2 ** (level + 1)
        index = ops.concatenate([ops.arange(half), ops.arange(size - half, size)])
        filters = ops.take(filters, index, axis=axis)
    return filters


def fold(planes, factor):
    """Spectrum of the planes `(..., H, W)` decimated by `factor`: the mean of its blocks."""
    if factor == 1:
        return planes
    # Sums of slices: XLA computes a reduction over blocks at half the speed.
    height, width = (size // factor for size in ops.shape(planes)[-2:])
    planes = sum(planes[..., i * height : (i + 1) * height, :] for i in range(factor))
    return sum(planes[..., i * width : (i + 1) * width] for i in range(factor)) / factor**2


def convolve(spectra, filters, factor):
    """Circular convolution of planes with a bank of filters that are real in frequency, decimated by `factor`.

    Args:
        spectra: pair of `(N, H, W)`.
        filters: `(L, H, W)`.

    Returns:
        Pair of `(N, L, H / factor, W / factor)`.
    """
    return ops.ifft2(tuple(fold(part[:, None] * filters, factor) for part in spectra))

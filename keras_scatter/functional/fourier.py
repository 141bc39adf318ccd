"""Filtering in the Fourier domain: transforms of planes, the wavelet bank, decimation by folding."""

import functools
import itertools
import math

import keras
import numpy as np
from keras import ops

from keras_scatter.filters.morlet import morlet_factors, morlet_spectra
from keras_scatter.functional.indexing import take
from keras_scatter.functional.modulus import modulus, smooth_root
from keras_scatter.functional.padding import is_static

LARGE_BANK = 2**26  # bytes


@functools.lru_cache(maxsize=8)
def _cached_bank(J, L, height, width, dtype):
    return tuple(morlet_spectra(j, L, height, width).astype(dtype) for j in range(J))


@functools.lru_cache(maxsize=8)
def _cached_factors(J, L, height, width, dtype):
    return tuple(tuple(factor.astype(dtype) for factor in morlet_factors(j, L, height, width)) for j in range(J))


def wavelet_bank(J, L, shape, dtype):
    """Spectra of the wavelets on padded planes of `shape`: J arrays `(L, H, W)`.

    NumPy arrays, kept for the next call, where the sizes are known and the bank has at most `LARGE_BANK` bytes. A
    larger one is a product of tensors, computed in every call: as a constant a graph would hold many copies of it, and
    a file one. Where sizes are known at run time only, all is computed from them.
    """
    if not all(map(is_static, shape)):
        return tuple(ops.cast(morlet_spectra(j, L, *shape, xp=ops), dtype) for j in range(J))
    if J * L * math.prod(shape) * np.dtype(dtype).itemsize <= LARGE_BANK:
        return _cached_bank(J, L, *shape, dtype)
    return tuple(left @ right for left, right in map(_tensors, _cached_factors(J, L, *shape, dtype)))


def _tensors(arrays):
    return map(ops.convert_to_tensor, arrays)


def low_band(filters, level):
    """The spectra `(L, H, W)` on the grid that is coarser by 2**level: their low band, unscaled."""
    for axis in (1, 2) if level else ():
        size = ops.shape(filters)[axis]
        half = size // 2 ** (level + 1)
        index = ops.concatenate([ops.arange(half), ops.arange(size - half, size)])
        filters = take(filters, index, axis=axis)
    return filters


def fold(planes, factor):
    """Spectrum of the planes `(..., H, W)` decimated by `factor`: the mean of its blocks."""
    if factor == 1:
        return planes
    # Sums of slices: XLA computes a reduction over blocks at half the speed.
    height, width = (size // factor for size in ops.shape(planes)[-2:])
    planes = sum(planes[..., i * height : (i + 1) * height, :] for i in range(factor))
    return sum(planes[..., i * width : (i + 1) * width] for i in range(factor)) / factor**2


def spectrum(planes):
    """Two-dimensional Fourier transform of real planes `(N, H, W)`: a pair of the same shape."""
    return ops.fft2((planes, ops.zeros_like(planes)))


def convolve(spectra, filters, factor):
    """Circular convolution of planes with a bank of filters that are real in frequency, decimated by `factor`.

    Args:
        spectra: a result of `spectrum`, `(N, H, W)`.
        filters: `(L, H, W)`.

    Returns:
        Pair of `(N, L, H / factor, W / factor)`.
    """
    return ops.ifft2(tuple(fold(part[:, None] * filters, factor) for part in spectra))


def wavelet_moduli(planes, filters, factors):
    """Moduli of the circular convolutions of planes with banks of filters.

    Args:
        planes: real, `(N, H, W)`.
        filters: a bank `(L, H, W)` for every factor, real in frequency.
        factors: by how much the results are decimated.

    Returns:
        List of `(N, L, H / factor, W / factor)`.
    """
    native = {"jax": _jax_moduli, "torch": _torch_moduli}.get(keras.backend.backend())
    if native:
        return native(planes, filters, factors)
    spectra = spectrum(planes)
    return [modulus(*convolve(spectra, bank, factor)) for bank, factor in zip(filters, factors)]


def _jax_moduli(planes, filters, factors):
    """As `wavelet_moduli`; gradients of large planes take a third of the time that they take through pairs."""
    import jax.numpy as jnp

    spectra = jnp.fft.fft2(planes)[:, None]
    waves = [jnp.fft.ifft2(fold(spectra * bank, factor)) for bank, factor in zip(filters, factors)]
    return [modulus(wave.real, wave.imag) for wave in waves]


def _torch_moduli(planes, filters, factors):
    """As `wavelet_moduli`, in half the time: PyTorch joins and splits a pair at every transform, XLA does not.

    Complex numbers are the last axis, also of the filters, so that every product runs over contiguous real numbers.
    """
    import torch

    spectra = torch.view_as_real(torch.fft.fft2(planes))[:, None]
    found = []
    for bank, factor in zip(filters, factors):
        bank = torch.stack([bank / factor**2] * 2, dim=-1)
        height, width = (size // factor for size in planes.shape[1:])
        blocks = itertools.product(range(0, height * factor, height), range(0, width * factor, width))
        folded = None
        for i, j in blocks:
            block = (..., slice(i, i + height), slice(j, j + width), slice(None))
            terms = spectra[block].contiguous(), bank[block].contiguous()
            folded = terms[0] * terms[1] if folded is None else folded.addcmul_(*terms)
        squares = torch.view_as_real(torch.fft.ifft2(torch.view_as_complex(folded))).square()
        found.append(smooth_root(squares[..., 0] + squares[..., 1]))
    return found

"""Fourier transforms and products of complex arrays, in the form that is fast on the backend.

`spectrum`, `product`, `inverse`, `parts` and `modulus` hand complex arrays to each other. What these are is the
backend's matter:

* TensorFlow: a pair of real arrays, which XLA joins and splits for nothing.
* JAX: complex numbers; gradients of large planes take a third of the time that they take through pairs.
* PyTorch: real numbers with an axis of two at the end. Products run over contiguous numbers, in half the time that it
  takes to join and split pairs.
* Products with the matrices of DFTs, on any backend: real numbers with an axis of two before the last one, for what is
  exported to runtimes that have neither FFTs nor complex numbers. See `transforms`.
"""

import functools
import itertools

import keras
import numpy as np
from keras import ops

from keras_scatter.backend import dft
from keras_scatter.backend.arrays import take
from keras_scatter.backend.constants import constants
from keras_scatter.backend.modulus import modulus as modulus_of_pair
from keras_scatter.backend.modulus import root_in_place, smooth_root
from keras_scatter.filters.spectra import low_band


def fold(spectrum, factors):
    """Spectrum of what is decimated by a factor along each of the last axes, times the product of the factors.

    Sums of slices: XLA computes a reduction over blocks at half the speed.
    """
    for axis, factor in zip(range(-len(factors), 0), factors):
        if factor > 1:
            behind = (slice(None),) * (-1 - axis)
            size = ops.shape(spectrum)[axis] // factor
            spectrum = sum(spectrum[(..., slice(i * size, (i + 1) * size), *behind)] for i in range(factor))
    return spectrum


class _Transforms:
    """What the backends share: filters of half spectra that vanish on most bins, or are sums of products."""

    def product_of_terms(self, half, first, last):
        """The spectra of all rows times real filters, the sums of `first[k] * last[k]`: `(N, R, B, ...)`.

        Args:
            half: spectrum of volumes.
            first: `(K, B, D, H)`.
            last: `(K, W // 2 + 1)`.
        """
        return self._times_volumes(half, self._summed(first, last))

    def _summed(self, first, last):
        return sum(first[k][..., None] * last[k] for k in range(last.shape[0]))

    # The low band of a spectrum of planes: without that many octaves at its top.
    low = staticmethod(functools.partial(low_band, axes=(-2, -1), xp=ops))

    def whole(self, half, size):
        """The spectrum of which this is the half: `size` bins in FFT order."""
        return self._joined([half, self._mirrored(half, size // 2 + 1, size, size)])

    def product_of_bins(self, half, bins, size, factor):
        """As `product` for an axis of `size` samples, with filters `(B, n)` from some frequency bin on.

        Args:
            bins: the first bin, which may be negative, and the filters.
        """
        first, filters = bins
        last = first + self._bins(filters)
        ends = [(first, min(last, 0)), (max(first, 0), min(last, size // 2 + 1)), (max(first, size // 2 + 1), last)]
        pieces = [
            self._mirrored(half, start, stop, size) if k != 1 else self._part(half, start, stop)
            for k, (start, stop) in enumerate(ends)
            if start < stop
        ]
        product = self._times(self._joined(pieces) if len(pieces) > 1 else pieces[0], filters)
        return self._placed(product, first, last, size // factor)

    def _placed(self, product, first, last, size):
        """Bins `first <= k < last` on a grid of `size` bins, those a multiple of it apart added up."""
        start, count = first % size, last - first
        if start + count <= size:
            return self._padded(product, start, size - start - count)
        if count <= size:
            turn = size - start
            # Without an empty array in between, which LiteRT refuses.
            low = self._padded(self._part(product, turn, count), 0, size - count)
            return self._joined([low, self._part(product, 0, turn)])
        blocks = -(-(start + count) // size)
        padded = self._padded(product, start, blocks * size - start - count)
        return self._sum([self._part(padded, i * size, (i + 1) * size) for i in range(blocks)])


class _Pairs(_Transforms):
    """TensorFlow."""

    def spectrum(self, planes, rank):
        """Fourier transform of real `(N, R, ...)` along the last `rank` axes: half of it for ranks 1 and 3."""
        import tensorflow as tf

        if rank == 3:
            return _half_of_volumes(planes)
        found = tf.signal.rfft(planes) if rank == 1 else tf.signal.fft2d(tf.complex(planes, tf.zeros_like(planes)))
        return tf.math.real(found), tf.math.imag(found)

    def low(self, spectrum, octaves):
        return tuple(low_band(part, octaves, (-2, -1), ops) for part in spectrum)

    def filters(self, filters):
        """Real filters `(B, ...)` as `product` takes them."""
        return filters

    def product(self, spectrum, filters, factors):
        """The spectra of all rows times all filters, folded by the factors: `(N, R, B, ...)`."""
        rank = len(factors)
        return tuple(fold(ops.expand_dims(part, -1 - rank) * filters, factors) for part in spectrum)

    def inverse(self, spectrum, rank):
        """Waves `(N, R * B, ...)`."""
        import tensorflow as tf

        waves = {1: tf.signal.ifft, 2: tf.signal.ifft2d}[rank](tf.complex(*spectrum))
        return tuple(_by_row(part, rank) for part in (tf.math.real(waves), tf.math.imag(waves)))

    def real_inverse(self, half, sizes):
        """Real volumes `(N, R * B, ...)` of half a spectrum."""
        return _by_row(_volumes_of_half(*half, sizes), 3)

    def turned(self, spectrum):
        """The spectrum times `-i`."""
        real, imag = spectrum
        return imag, -real

    def parts(self, waves):
        """Real and imaginary part."""
        return waves

    def modulus(self, waves):
        return modulus_of_pair(*waves)

    def _bins(self, filters):
        return filters.shape[-1]

    def _part(self, spectrum, start, stop):
        return tuple(part[..., start:stop] for part in spectrum)

    def _mirrored(self, half, start, stop, size):
        """Bins of which the half spectrum holds the conjugates: negative ones, and those from `size / 2` on."""
        first = (1 - stop) % size
        real, imag = (ops.flip(part[..., first : first + stop - start], -1) for part in half)
        return real, -imag

    def _joined(self, pieces):
        return tuple(ops.concatenate(parts, axis=-1) for parts in zip(*pieces))

    def _times(self, spectrum, filters):
        return tuple(part[..., None, :] * filters for part in spectrum)

    def _padded(self, spectrum, before, after):
        return tuple(ops.pad(part, [(0, 0)] * (len(part.shape) - 1) + [(before, after)]) for part in spectrum)

    def _sum(self, blocks):
        return tuple(sum(parts) for parts in zip(*blocks))

    def _times_volumes(self, half, filters):
        return tuple(part[:, :, None] * filters for part in half)


def _half_of_volumes(planes):
    """Half the spectrum as a pair: TensorFlow has no gradients of real transforms along three axes."""
    import tensorflow as tf

    sizes = tf.shape(planes)[-3:]

    @tf.custom_gradient
    def transform(planes):
        found = tf.signal.rfft3d(planes)

        def gradient(*parts):
            weights = _bins_counted_twice(sizes, planes.dtype)
            return _volumes_of_half(*(part / weights for part in parts), sizes) * _count(sizes, planes.dtype)

        return (tf.math.real(found), tf.math.imag(found)), gradient

    return transform(planes)


def _volumes_of_half(real, imag, sizes):
    import tensorflow as tf

    @tf.custom_gradient
    def transform(real, imag):
        def gradient(planes):
            weights = _bins_counted_twice(sizes, planes.dtype) / _count(sizes, planes.dtype)
            return tuple(part * weights for part in _half_of_volumes(planes))

        return tf.signal.irfft3d(tf.complex(real, imag), sizes), gradient

    return transform(real, imag)


def _bins_counted_twice(sizes, dtype):
    """How often each bin of the last axis of half a spectrum is in the whole."""
    import tensorflow as tf

    k = tf.range(sizes[-1] // 2 + 1)
    return tf.where((k == 0) | (2 * k == sizes[-1]), tf.ones((), dtype), tf.constant(2, dtype))


def _count(sizes, dtype):
    import tensorflow as tf

    return tf.cast(tf.reduce_prod(sizes), dtype)


class _Jax(_Transforms):
    def spectrum(self, planes, rank):
        import jax.numpy as jnp

        return jnp.fft.fft2(planes) if rank == 2 else jnp.fft.rfftn(planes, axes=range(-rank, 0))

    def filters(self, filters):
        return filters

    def product(self, spectrum, filters, factors):
        import jax.numpy as jnp

        return fold(jnp.expand_dims(spectrum, -1 - len(factors)) * filters, factors)

    def inverse(self, spectrum, rank):
        import jax.numpy as jnp

        return _by_row(jnp.fft.ifftn(spectrum, axes=range(-rank, 0)), rank)

    def real_inverse(self, half, sizes):
        import jax.numpy as jnp

        return _by_row(jnp.fft.irfftn(half, sizes, axes=(-3, -2, -1)), 3)

    def turned(self, spectrum):
        return -1j * spectrum

    def parts(self, waves):
        return waves.real, waves.imag

    def modulus(self, waves):
        return modulus_of_pair(waves.real, waves.imag)

    def _bins(self, filters):
        return filters.shape[-1]

    def _part(self, spectrum, start, stop):
        return spectrum[..., start:stop]

    def _mirrored(self, half, start, stop, size):
        first = (1 - stop) % size
        return half[..., first : first + stop - start][..., ::-1].conj()

    def _joined(self, pieces):
        return ops.concatenate(pieces, axis=-1)

    def _times(self, spectrum, filters):
        return spectrum[..., None, :] * filters

    def _padded(self, spectrum, before, after):
        return ops.pad(spectrum, [(0, 0)] * (spectrum.ndim - 1) + [(before, after)])

    _sum = staticmethod(sum)

    def _times_volumes(self, half, filters):
        return half[:, :, None] * filters


class _Torch(_Transforms):
    def spectrum(self, planes, rank):
        import torch

        axes = tuple(range(-rank, 0))
        found = torch.fft.fftn(planes, dim=axes) if rank == 2 else torch.fft.rfftn(planes, dim=axes)
        return torch.view_as_real(found)

    low = staticmethod(functools.partial(low_band, axes=(-3, -2), xp=ops))

    def filters(self, filters):
        import torch

        return torch.stack([filters] * 2, dim=-1)

    def product(self, spectrum, filters, factors):
        rank, folded = len(factors), None
        spectrum = spectrum.unsqueeze(-2 - rank)
        for block in itertools.product(*map(range, factors)):
            part, kernel = spectrum, filters
            for axis, (i, factor) in enumerate(zip(block, factors), start=-1 - rank):
                size = filters.shape[axis] // factor
                part, kernel = part.narrow(axis, i * size, size), kernel.narrow(axis, i * size, size)
            part, kernel = part.contiguous(), kernel.contiguous()
            folded = part * kernel if folded is None else folded.addcmul_(part, kernel)
        return folded

    def inverse(self, spectrum, rank):
        import torch

        waves = torch.fft.ifftn(torch.view_as_complex(spectrum), dim=tuple(range(-rank, 0)))
        return torch.view_as_real(waves).flatten(1, 2)

    def real_inverse(self, half, sizes):
        import torch

        # In three quarters of the time that `irfftn` takes.
        waves = torch.fft.ifft2(torch.view_as_complex(half), dim=(-3, -2))
        return torch.fft.irfft(waves, sizes[-1]).flatten(1, 2)

    def turned(self, spectrum):
        import torch

        return torch.view_as_real(torch.view_as_complex(spectrum) * -1j)

    def parts(self, waves):
        return waves[..., 0], waves[..., 1]

    def modulus(self, waves):
        squares = waves.square()
        return root_in_place(squares[..., 0] + squares[..., 1])

    def _bins(self, filters):
        return filters.shape[-2]

    def _part(self, spectrum, start, stop):
        return spectrum[..., start:stop, :]

    def _mirrored(self, half, start, stop, size):
        first = (1 - stop) % size
        return half[..., first : first + stop - start, :].flip(-2) * half.new_tensor([1.0, -1.0])

    def _joined(self, pieces):
        import torch

        return torch.cat(pieces, -2)

    def _times(self, spectrum, filters):
        return spectrum.unsqueeze(-3) * filters

    def _padded(self, spectrum, before, after):
        import torch

        return torch.nn.functional.pad(spectrum, (0, 0, before, after))

    _sum = staticmethod(sum)

    def _summed(self, first, last):
        import torch

        # One pass over what is large; real and imaginary parts in turn along the last axis.
        return torch.tensordot(first, last.repeat_interleave(2, -1), dims=([0], [0]))

    def _times_volumes(self, half, filters):
        return (half.flatten(-2).unsqueeze(2) * filters).unflatten(-1, (-1, 2))


class _Products(_Transforms):
    """Products with matrices. Axes of spectra are in another order: the first of the planes is the last of them.

    Args:
        matrices: see the function.
    """

    def __init__(self, matrices):
        self._matrices = matrices

    def spectrum(self, planes, rank):
        found = self._along(planes, "real" if rank == 2 else "half")
        for _ in range(rank - 1):
            # (N, R, F, ..., 2, Z) as (N, R, ..., Z, 2, F)
            found = self._along(_reordered(found, (*range(2, rank), rank + 1, rank, 1)), "complex")
        return found

    low = staticmethod(functools.partial(low_band, axes=(-3, -1), xp=ops))

    def filters(self, filters):
        return filters[:, None] if len(filters.shape) == 2 else ops.transpose(filters, (0, 2, 1))[:, :, None]

    def product(self, spectrum, filters, factors):
        found = self._by_wavelet(spectrum, filters)
        # Columns of planes are in front of the axis of two.
        for axis, factor in zip((-1, -3), factors):
            behind, size = (slice(None),) * (-1 - axis), found.shape[axis] // factor
            found = sum(found[(..., slice(i * size, (i + 1) * size), *behind)] for i in range(factor))
        return found

    def inverse(self, spectrum, rank):
        found = self._along(spectrum, "inverse")
        for _ in range(rank - 1):
            # (N, R, ..., Z, 2, F) as (N, R, F, ..., 2, Z)
            found = self._along(_reordered(found, (rank + 1, *range(1, rank - 1), rank, rank - 1)), "inverse")
        return found

    def real_inverse(self, half, sizes):
        found = self._along(half, "inverse")
        found = self._along(_reordered(found, (4, 1, 3, 2)), "inverse")
        found = _reordered(found, (4, 1, 3, 2))
        _, rows, *others, _, _ = found.shape
        arrays = self._matrices["real_inverse", sizes[2]]
        return ops.reshape(dft.to_real(found, arrays), (-1, rows, *others, arrays.size))

    def turned(self, spectrum):
        return ops.stack([spectrum[..., 1, :], -spectrum[..., 0, :]], axis=-2)

    def parts(self, waves):
        return waves[..., 0, :], waves[..., 1, :]

    def modulus(self, waves):
        squares = waves * waves
        return smooth_root(squares[..., 0, :] + squares[..., 1, :])

    def _along(self, found, kind):
        """Transform of the last axis of real `(N, R, ..., n)`, or of complex numbers: `(N, R, ..., 2, k)`."""
        first = -1 if kind in ("real", "half") else -2
        arrays = self._matrices[kind, found.shape[-1]]
        if first == -1:
            shape = found.shape[1:-1]
            found = ops.reshape(found, (-1, found.shape[-1]))
        else:
            shape = found.shape[1:-2]
            found = ops.reshape(found, (-1, 2, found.shape[-1]))
        return ops.reshape(dft.apply(found, arrays), (-1, *shape, 2, arrays.size))

    def _by_wavelet(self, spectrum, filters):
        """Rows times filters `(B, ...)`, as `(N, R * B, ...)`."""
        _, rows, *shape = spectrum.shape
        found = ops.reshape(spectrum, (-1, 1, *shape)) * filters
        return ops.reshape(found, (-1, rows * filters.shape[0], *shape))

    def _bins(self, filters):
        return filters.shape[-1]

    def _part(self, spectrum, start, stop):
        return spectrum[..., start:stop]

    def _mirrored(self, half, start, stop, size):
        first = (1 - stop) % size
        found = take(half, np.arange(first + stop - start - 1, first - 1, -1), len(half.shape) - 1)
        return found * ops.convert_to_tensor([[1.0], [-1.0]], found.dtype)

    def _joined(self, pieces):
        return ops.concatenate(pieces, axis=-1)

    _times = _by_wavelet

    def _padded(self, spectrum, before, after):
        return ops.pad(spectrum, [(0, 0)] * (len(spectrum.shape) - 1) + [(before, after)])

    _sum = staticmethod(sum)

    def _summed(self, first, last):
        return sum(first[k][:, None] * last[k][:, None, None] for k in range(last.shape[0]))

    def _times_volumes(self, half, filters):
        # Fewer axes than there are, because runtimes take five or six.
        _, rows, w, d, _, h = half.shape
        joined = ops.reshape(half, (-1, rows, w * d, 2, h))
        found = self._by_wavelet(joined, ops.reshape(filters, (-1, w * d, 1, h)))
        return ops.reshape(found, (-1, found.shape[1], w, d, 2, h))


def _reordered(found, axes):
    """`(N, R, ...)` in another order of axes, which count from 1 behind the rows."""
    _, rows, *shape = found.shape
    found = ops.transpose(ops.reshape(found, (-1, *shape)), (0, *axes))
    return ops.reshape(found, (-1, rows, *found.shape[1:]))


def _by_row(waves, rank):
    """`(N, R, B, ...)` as `(N, R * B, ...)`."""
    _, rows, wavelets, *sizes = ops.shape(waves)
    return ops.reshape(waves, (-1, rows * wavelets, *sizes))


def matrices(forward, inverse, dtype):
    """What `transforms` takes to transform planes of given sizes.

    Args:
        forward: sizes of planes whose spectra are computed, tuples of one length.
        inverse: sizes of those that come out of inverse transforms.

    Returns:
        Dict of `dft.Dft`, tensors, by kind and size of an axis.
    """
    wanted = set()
    for *others, last in forward:
        wanted |= {("complex", size) for size in others} | {("half" if len(others) != 1 else "real", last)}
    for *others, last in inverse:
        wanted |= {("inverse", size) for size in others} | {("inverse" if len(others) < 2 else "real_inverse", last)}
    return {key: _as_tensors(dft.dft(*key, dtype)) for key in sorted(wanted)}


def _as_tensors(arrays):
    *matrices, size = arrays
    return dft.Dft(*(None if matrix is None else constants([matrix])[0] for matrix in matrices), size)


def transforms(matrices=None):
    """The transforms of the backend, or, for matrices, products with them: an object with the functions below."""
    return native if matrices is None else _Products(matrices)


native = {"tensorflow": _Pairs, "jax": _Jax, "torch": _Torch}[keras.backend.backend()]()
spectrum, whole, filters = native.spectrum, native.whole, native.filters
product, product_of_bins, inverse = native.product, native.product_of_bins, native.inverse
product_of_terms, real_inverse, turned = native.product_of_terms, native.real_inverse, native.turned
parts, modulus = native.parts, native.modulus

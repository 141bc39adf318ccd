"""Scattering transforms of image planes: exact, faithful and the paper's."""

import functools

import numpy as np
from keras import ops

from keras_scatter.filters.paths import scattering_paths
from keras_scatter.functional import fourier
from keras_scatter.functional.chunks import chunk_size, map_chunks
from keras_scatter.functional.compiled import compiled
from keras_scatter.functional.convolution import modulus_block, periodic_conv, periodic_modulus
from keras_scatter.functional.indexing import take
from keras_scatter.functional.padding import is_static, pad_planes, padded_shape
from keras_scatter.functional.smoothing import smooth


def cascade(planes, wavelet_moduli, J, L, order, padding):
    """Scattering coefficients of planes, for any way to compute the wavelet moduli.

    `U[p + (j, t)] = |U[p] * psi_{j,t}|` and `S[p] = U[p] * phi_J`, depth first: each U is kept at the resolution of its
    last scale, and only for a part of the planes at a time where a single one is large.

    Args:
        planes: `(N, H, W)`.
        wavelet_moduli: function of moduli `(N, h, w)`, the scale they are decimated to, and a range of larger scales
            (or equal ones, for the image), that returns `(N, L, ., .)` for each of these.

    Returns:
        `(N, K, H // 2**J, W // 2**J)`, K in the order of `scattering_paths`.
    """
    shape = padded_shape(ops.shape(planes)[1:], J, padding)
    smoothed = functools.partial(smooth, J=J, shape=shape, cropped=padding != "periodic")
    maps = _descend(pad_planes(planes, J, padding), 0, range(J), order, J, L, wavelet_moduli, smoothed)
    paths = scattering_paths(J, L, order)
    position = {path: index for index, path in enumerate(sorted(paths, key=_depth_first))}
    return take(maps, np.array([position[path] for path in paths]), axis=1)


# Not a closure of `cascade`: one that calls itself keeps what it holds, such as a bank, until garbage is collected.
def _descend(moduli, level, following, orders, J, L, wavelet_moduli, smoothed):
    """S of the moduli and of all moduli that come from them, `(N, paths, ., .)`."""
    maps = [smoothed(moduli[:, None], level=level)]
    following = following if orders else ()
    for j, found in zip(following, wavelet_moduli(moduli, level, following) if following else ()):
        _, _, height, width = ops.shape(found)
        shared = {"J": J, "L": L, "wavelet_moduli": wavelet_moduli, "smoothed": smoothed}
        below = functools.partial(_descend, level=j, following=range(j + 1, J), orders=orders - 1, **shared)
        children = ops.reshape(found, (-1, height, width))
        if is_static(ops.shape(children)[0]):
            size = chunk_size((height // 2, width // 2), L, min(orders - 1, J - 1 - j))
            children = map_chunks(below, children, size)
        else:
            children = below(children)
        maps.append(ops.reshape(children, (-1, L * children.shape[1], *ops.shape(children)[2:])))
    return ops.concatenate(maps, axis=1)


def _depth_first(path):
    return tuple(zip(path.scales, path.angles))


@compiled(xla_under_tensorflow=False)
def fourier_scattering(planes, *bank, J, L, order, padding, chunk=None):
    """The exact transform: `cascade` with the wavelets of `fourier.wavelet_bank` for the padded shape.

    Args:
        chunk: number of planes at a time; None means `chunk_size`.
    """
    chunk = chunk or chunk_size(padded_shape(ops.shape(planes)[1:], J, padding), L, min(order, J))
    cascade_of = functools.partial(_fourier_cascade, J=J, L=L, order=order, padding=padding)
    return map_chunks(lambda part: cascade_of(part, *bank), planes, chunk)


@compiled(xla_under_tensorflow=True)
def _fourier_cascade(planes, *bank, J, L, order, padding):
    def wavelet_moduli(moduli, level, scales):
        filters = [fourier.low_band(bank[j], level) for j in scales]
        return fourier.wavelet_moduli(moduli, filters, [2 ** (j - level) for j in scales])

    return cascade(planes, wavelet_moduli, J, L, order, padding)


@compiled(xla_under_tensorflow=False)
def convolutional_scattering(planes, filters, *, J, L, order):
    """The faithful distilled transform: `cascade` with the kernels of a filter group.

    Only the relative scale j - level counts, so one set of kernels serves the image and all its moduli.
    """

    def wavelet_moduli(moduli, level, scales):
        channels = moduli[..., None]
        found = []
        for d in range(scales[-1] - level + 1):
            if d:
                channels = periodic_conv(channels, filters[f"lowpass_{d}"], stride=2)
            if level + d in scales:
                wavelets = periodic_modulus(channels, filters[f"psi_{d}_real"], filters[f"psi_{d}_imag"])
                found.append(ops.transpose(wavelets, (0, 3, 1, 2)))
        return found

    return cascade(planes, wavelet_moduli, J, L, order, padding="reflect")


@compiled(xla_under_tensorflow=False)
def block_scattering(planes, filters, *, J, L):
    """The paper's network: J times `modulus_block`, each on all outputs of the one before."""
    for d in range(J):
        planes = modulus_block(planes, filters[f"lowpass_{d}"], filters[f"psi_{d}_real"], filters[f"psi_{d}_imag"])
    height, width = ops.shape(planes)[1:]
    maps = ops.reshape(planes, (-1, (1 + L) ** J, height, width))
    # Output 0 of block d is its low-pass, output 1 + t its wavelet of scale d and angle t.
    index = []
    for path in scattering_paths(J, L, J):
        digits = [0] * J
        for scale, angle in zip(path.scales, path.angles):
            digits[scale] = 1 + angle
        index.append(np.ravel_multi_index(digits, [1 + L] * J))
    return take(maps, np.array(index), axis=1)

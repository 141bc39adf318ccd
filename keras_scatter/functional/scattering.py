"""Scattering transforms of image planes: exact, faithful and the paper's."""

import itertools

import numpy as np
from keras import ops

from keras_scatter.filters.paths import scattering_paths
from keras_scatter.functional import fourier
from keras_scatter.functional.compiled import compiled
from keras_scatter.functional.convolution import modulus_block, periodic_conv, periodic_modulus
from keras_scatter.functional.modulus import modulus
from keras_scatter.functional.padding import pad_planes, padded_shape
from keras_scatter.functional.smoothing import smooth


def in_path_order(maps, J, L, order):
    """Stack maps computed scale by scale, {(j1, ..., jm): (N, L**m, h, w)}, in the order of `scattering_paths`."""
    computed = [(scales, angles) for scales in maps for angles in itertools.product(range(L), repeat=len(scales))]
    position = {path: index for index, path in enumerate(computed)}
    index = [position[path.scales, path.angles] for path in scattering_paths(J, L, order)]
    stacked = ops.concatenate(list(maps.values()), axis=1)
    return stacked if index == sorted(index) else ops.take(stacked, np.array(index), axis=1)


def cascade(planes, wavelet_moduli, J, L, order, padding):
    """Scattering coefficients of planes, for any way to compute the wavelet moduli.

    `U[p + (j, t)] = |U[p] * psi_{j,t}|` and `S[p] = U[p] * phi_J`, scale by scale: each U is kept at the resolution of
    its last scale.

    Args:
        planes: `(N, H, W)`.
        wavelet_moduli: function of moduli `(N, P, h, w)`, the scale they are decimated to, and a range of larger
            scales (or equal ones, for the image), that returns `(N, P * L, ., .)` for each of these.

    Returns:
        `(N, K, H // 2**J, W // 2**J)`, K in the order of `scattering_paths`.
    """
    shape = padded_shape(ops.shape(planes)[1:], J, padding)
    layer = {(): pad_planes(planes, J, padding)[:, None]}
    maps = {}
    for m in range(order + 1):
        deeper = {}
        for scales, moduli in layer.items():
            level = scales[-1] if scales else 0
            maps[scales] = smooth(moduli, J, level, shape, cropped=padding != "periodic")
            following = range(level + 1 if scales else 0, J)
            if m < order and following:
                found = wavelet_moduli(moduli, level, following)
                deeper |= {(*scales, j): wavelet for j, wavelet in zip(following, found)}
        layer = deeper
    return in_path_order(maps, J, L, order)


@compiled(xla_under_tensorflow=True)
def fourier_scattering(planes, *bank, J, L, order, padding):
    """The exact transform: `cascade` with the wavelets of `fourier.wavelet_bank` for the padded shape."""

    def wavelet_moduli(moduli, level, scales):
        # All angles of one scale are one batch of transforms.
        spectra = fourier.spectrum(moduli)
        return [modulus(*fourier.convolve(spectra, fourier.low_band(bank[j], level), 2 ** (j - level))) for j in scales]

    return cascade(planes, wavelet_moduli, J, L, order, padding)


@compiled(xla_under_tensorflow=False)
def convolutional_scattering(planes, filters, *, J, L, order):
    """The faithful distilled transform: `cascade` with the kernels of a filter group.

    Only the relative scale j - level counts, so one set of kernels serves the image and all its moduli.
    """

    def wavelet_moduli(moduli, level, scales):
        _, paths, height, width = ops.shape(moduli)
        channels = ops.reshape(moduli, (-1, height, width, 1))
        found = []
        for d in range(scales[-1] - level + 1):
            if d:
                channels = periodic_conv(channels, filters[f"lowpass_{d}"], stride=2)
            if level + d in scales:
                wavelets = periodic_modulus(channels, filters[f"psi_{d}_real"], filters[f"psi_{d}_imag"])
                height, width = ops.shape(wavelets)[1:3]
                planes = ops.transpose(wavelets, (0, 3, 1, 2))
                found.append(ops.reshape(planes, (-1, paths * L, height, width)))
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
    return ops.take(maps, np.array(index), axis=1)

"""The exact scattering transform of image planes."""

import itertools

import numpy as np
from keras import ops

from keras_scatter.filters.paths import scattering_paths
from keras_scatter.functional import fourier
from keras_scatter.functional.compiled import compiled
from keras_scatter.functional.modulus import modulus
from keras_scatter.functional.padding import pad_planes, padded_shape
from keras_scatter.functional.smoothing import smooth


def in_path_order(maps, J, L, order):
    """Stack maps computed scale by scale, {(j1, ..., jm): (N, L**m, h, w)}, in the order of `scattering_paths`."""
    computed = [
        (scales, angles) for scales in maps for angles in itertools.product(range(L), repeat=len(scales))
    ]
    position = {path: index for index, path in enumerate(computed)}
    index = [position[path.scales, path.angles] for path in scattering_paths(J, L, order)]
    stacked = ops.concatenate(list(maps.values()), axis=1)
    return stacked if index == sorted(index) else ops.take(stacked, np.array(index), axis=1)


@compiled
def scattering(planes, *bank, J, L, order, padding):
    """Scattering coefficients of real planes.

    `U[p + (j, t)] = |U[p] * psi_{j,t}|` and `S[p] = U[p] * phi_J`, scale by scale: all angles of one scale are one
    batch of transforms, and each U is kept at the resolution of its last scale.

    Args:
        planes: `(N, H, W)`.
        bank: J arrays of `fourier.wavelet_bank` for the padded shape.

    Returns:
        `(N, K, H // 2**J, W // 2**J)`, K in the order of `scattering_paths`.
    """
    shape = padded_shape(ops.shape(planes)[1:], J, padding)
    cropped = padding != "periodic"
    maps = {}
    layer = {(): pad_planes(planes, J, padding)[:, None]}
    for m in range(order + 1):
        deeper = {}
        for scales, moduli in layer.items():
            level = scales[-1] if scales else 0
            maps[scales] = smooth(moduli, J, level, shape, cropped)
            following = range(level + 1 if scales else 0, J) if m < order else ()
            spectra = fourier.spectrum(moduli) if following else None
            for j in following:
                filters = fourier.low_band(bank[j], level)
                deeper[*scales, j] = modulus(*fourier.convolve(spectra, filters, 2 ** (j - level)))
        layer = deeper
    return in_path_order(maps, J, L, order)

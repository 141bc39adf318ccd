"""Molecules as volumes: densities that are sums of Gaussians around atoms, for `layers.HarmonicScattering3D`."""

import math
from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from keras_scatter.arguments import check_choice, check_integer, check_positive
from keras_scatter.backend.constants import check_float64
from keras_scatter.typing import ArrayLike, Tensor


def gaussian_densities(
    positions: ArrayLike, charges: ArrayLike, shape: Sequence[int], sigma: float = 1.0, dtype: str | None = None
) -> Tensor:
    """Densities `rho(u) = sum_a q_a exp(-|u - r_a|^2 / (2 sigma^2)) / ((2 pi)^1.5 sigma^3)` on a grid.

    It runs on the backend of Keras, has gradients with respect to positions and charges, and can be a part of a model.
    The grid is not periodic: what lies outside is cut off.

    Args:
        positions: of atoms, `(batch, atoms, 3)`: voxels from voxel `size // 2` of every axis, in the order of the axes.
        charges: `(batch, atoms)`, or `(batch, atoms, C)` for several densities. Zero for atoms that are not there.
        shape: three integers, depth, height and width of the grid.
        sigma: width of the Gaussians in voxels, a positive number.
        dtype: `"float32"` or `"float64"`, which is computed in; None takes Keras's `floatx`.

    Returns:
        `(batch, D, H, W, C)`.

    Raises:
        TypeError: a size is not an integer, or sigma not a number.
        ValueError: an argument is out of range, or shapes do not belong together.

    Example:

    >>> rho = gaussian_densities([[[0.0, 0.0, 0.0], [0.0, 0.0, 1.5]]], [[8.0, 1.0]], (16, 16, 16))
    >>> tuple(rho.shape), round(float(keras.ops.sum(rho)), 4)
    ((1, 16, 16, 16, 1), 9.0)

    Reference:
        M. Eickenberg et al., Solid Harmonic Wavelet Scattering for Predictions of Molecule Properties, J. Chem. Phys.
        148 (2018). The normalisation is Kymatio's.
    """
    sizes = _check_shape(shape)
    sigma = check_positive("sigma", sigma)
    dtype = check_choice("dtype", dtype or keras.config.floatx(), ("float32", "float64"))
    check_float64(dtype)
    positions, charges = ops.cast(positions, dtype), ops.cast(charges, dtype)
    _check_atoms(tuple(positions.shape), tuple(charges.shape))
    if len(charges.shape) == 2:
        charges = charges[..., None]
    z, y, x = (_bells(positions[..., axis], size, sigma) for axis, size in enumerate(sizes))
    # Atoms are the inner axis of one product of matrices.
    planes = ops.einsum("nac,naz,nay->nczya", charges, z, y)
    return ops.einsum("nczya,nax->nzyxc", planes, x)


def valence_charges(charges: ArrayLike) -> np.ndarray:
    """Charges without those of closed inner shells, for atoms up to argon (18): the rest is the core.

    Args:
        charges: array of integers from 0 to 18.

    Raises:
        ValueError: a charge is none of these.

    Example:

    >>> valence_charges([1, 6, 8, 16, 0]).tolist()
    [1, 4, 6, 6, 0]
    """
    charges = np.asarray(charges)
    if charges.size and not (np.all(charges == np.round(charges)) and charges.min() >= 0 and charges.max() <= 18):
        raise ValueError(f"charges must be integers from 0 to 18. Received: {np.unique(charges)}")
    return charges - np.where(charges > 10, 10, np.where(charges > 2, 2, 0)).astype(charges.dtype)


def _bells(centres, size, sigma):
    """Gaussians along one axis, `(batch, atoms, size)`, of sum 1."""
    u = ops.cast(ops.arange(size) - size // 2, centres.dtype)
    return ops.exp(-((u - centres[..., None]) ** 2) / (2 * sigma**2)) / (math.sqrt(2 * math.pi) * sigma)


def _check_shape(shape):
    if not isinstance(shape, (tuple, list)) or len(shape) != 3:
        raise ValueError(f"shape must be three integers, depth, height and width. Received: shape={shape!r}")
    return tuple(check_integer(f"shape[{axis}]", size) for axis, size in enumerate(shape))


def _check_atoms(positions, charges):
    if len(positions) != 3 or positions[2] != 3 or len(charges) not in (2, 3) or charges[:2] != positions[:2]:
        raise ValueError(
            "positions must have the shape (batch, atoms, 3), and charges (batch, atoms) or (batch, atoms, C). "
            f"Received: positions of shape {positions}, charges of shape {charges}"
        )

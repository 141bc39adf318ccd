"""Spatial 3 x 3 kernels with which wavelet moduli are mixed (paper's equation 1.5.2 and the list below it)."""

import numpy as np

OFFSETS = np.arange(-1, 2)


def impulse_kernels(inputs, outputs, seed):
    """A single 1 at a random place of each kernel, `(3, 3, inputs, outputs)` float64.

    Example:

    >>> impulse_kernels(7, 2, seed=0).sum((0, 1)).tolist()
    [[1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]
    """
    return np.where(_square_distance(inputs, outputs, seed) == 0, 1.0, 0.0)


def gaussian_kernels(inputs, outputs, seed):
    """A Gaussian of sigma 1 and of L2 norm 1 at a random place of each kernel, `(3, 3, inputs, outputs)` float64."""
    return _normalised(np.exp(-_square_distance(inputs, outputs, seed) / 2))


def random_kernels(inputs, outputs, seed):
    """Kernels of normally distributed taps, each of L2 norm 1, `(3, 3, inputs, outputs)` float64."""
    return _normalised(_generator(seed).normal(size=(3, 3, inputs, outputs)))


def _generator(seed):
    # RandomState, because its numbers never change between versions of NumPy: kernels are not stored in files.
    return np.random.RandomState(seed)


def _square_distance(inputs, outputs, seed):
    """Square distance of the nine places from a random one of them."""
    random = _generator(seed)
    rows, columns = (OFFSETS[:, None, None] - random.randint(-1, 2, size=(inputs, outputs)) for _ in range(2))
    return rows[:, None] ** 2 + columns[None] ** 2


def _normalised(kernels):
    # Unit norms, which the paper's code gives to the impulses alone, let one gain of the weights mean the same for all.
    return kernels / np.sqrt((kernels**2).sum((0, 1)))


def cosine_kernels():
    """The first orthonormal DCT-II functions on 3 x 3, constant, along the width and along the height: `(3, 3, 3)`.

    Example:

    >>> np.round(np.einsum("aij,bij->ab", cosine_kernels(), cosine_kernels()), 12).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    constant, slope = np.full(3, 3**-0.5), np.array([1.0, 0.0, -1.0]) / 2**0.5
    return np.stack([np.outer(constant, constant), np.outer(constant, slope), np.outer(slope, constant)])

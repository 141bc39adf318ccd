"""Spatial 3 x 3 kernels with which wavelet moduli are mixed (paper's equation 1.5.2 and the list below it)."""

import numpy as np

OFFSETS = np.arange(-1, 2)


def fixed_kernels(mixing, inputs, outputs, seed):
    """One kernel for each pair of input and output, `(3, 3, inputs, outputs)` float64, each of L2 norm 1.

    `"impulse"` is a single 1 and `"gaussian"` a Gaussian of sigma 1, at a random place of the nine; `"random"` has
    normally distributed taps. Unit norms, which the paper's code gives to the impulses alone, let one gain of the
    learned weights mean the same for all.

    Example:

    >>> fixed_kernels("impulse", 7, 2, seed=0).sum((0, 1)).tolist()
    [[1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]
    """
    # RandomState, because its numbers never change between versions of NumPy: kernels are not stored in files.
    random = np.random.RandomState(seed)
    if mixing == "random":
        kernels = random.normal(size=(3, 3, inputs, outputs))
    else:
        rows, columns = (distance(random.randint(-1, 2, size=(inputs, outputs))) for _ in range(2))
        square = rows[:, None] ** 2 + columns[None] ** 2
        kernels = np.where(square == 0, 1.0, 0.0) if mixing == "impulse" else np.exp(-square / 2)
    return kernels / np.sqrt((kernels**2).sum((0, 1)))


def distance(place):
    """Distances of the three offsets from some places: an axis of 3 in front."""
    return OFFSETS.reshape(3, *[1] * place.ndim) - place


def cosine_kernels():
    """The first orthonormal DCT-II functions on 3 x 3, constant, along the width and along the height: `(3, 3, 3)`.

    Example:

    >>> np.round(np.einsum("aij,bij->ab", cosine_kernels(), cosine_kernels()), 12).tolist()
    [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    constant, slope = np.full(3, 3**-0.5), np.array([1.0, 0.0, -1.0]) / 2**0.5
    return np.stack([np.outer(constant, constant), np.outer(constant, slope), np.outer(slope, constant)])

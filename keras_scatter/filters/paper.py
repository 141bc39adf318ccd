"""The paper's design: what its filter groups hold, and how they are made."""

import numpy as np

from keras_scatter.filters.morlet import SIGMA, gaussian, morlet
from keras_scatter.filters.pyramid import bank_spectra


def kernel_size(L):
    """Sizes of the wavelets and of the low-pass, whatever L is."""
    return 7, 7, 7


def check(J, order, lowpass_filters, share_filters):
    """Refuse arguments that the design does not have."""
    if order != J:
        raise ValueError(f'J must equal order, or be None, with design="paper". Received: J={J}, order={order}')


def shapes(config, channels):
    """Name and shape of every kernel; `lowpass_d` is that of block d."""
    L, (first, later, lowpass) = config["L"], config["kernel_size"]
    found = {}
    for d in range(config["J"]):
        size, inputs = later if d else first, 1 if config["share_filters"] else channels * (1 + L) ** d
        found[f"lowpass_{d}"] = (lowpass, lowpass, inputs, 1)
        found[f"psi_{d}_real"] = found[f"psi_{d}_imag"] = (size, size, inputs, L)
    return found


def filters(config):
    """Morlet and Gaussian on the kernel grid: each block sees its input at its own resolution, so all are alike.

    `(outputs, inputs, rows, columns)` by name, wavelets complex.
    """
    first, later, lowpass = config["kernel_size"]
    phi = gaussian(SIGMA, lowpass // 2)
    found = {}
    for d in range(config["J"]):
        found[f"lowpass_{d}"] = np.outer(phi, phi)[None, None]
        found[f"psi_{d}"] = morlet(0, config["L"], (later if d else first) // 2)[:, None]
    return found


def effective(config, filters):
    """What the filters do to the input of their block: pairs of low-pass and wavelets, `(filters, rows, columns)`."""
    return [(filters[f"lowpass_{d}"][:, 0], filters[f"psi_{d}"][:, 0]) for d in range(config["J"])]


def bank(config, filters, shape):
    """Spectra of all low-pass kernels together, `(H, W)`, and of the wavelets behind those before them."""
    lowpasses, wavelets = ([filters[f"{name}_{d}"] for d in range(config["J"])] for name in ("lowpass", "psi"))
    channels, found = bank_spectra(lowpasses, wavelets, shape)
    return channels[0], found

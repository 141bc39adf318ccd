"""The Littlewood-Paley sum: how much of each frequency a filter bank keeps."""

import numpy as np

from keras_scatter.filters.morlet import gaussian_spectrum, morlet_spectra


def littlewood_paley(lowpass, wavelets):
    """`A(w) = |phi(w)|^2 + 1/2 sum (|psi(w)|^2 + |psi(-w)|^2)` over all wavelets, on a grid of frequencies.

    The transform is non-expansive where it is at most 1, and keeps the energy where it is 1.

    Args:
        lowpass: `(H, W)` spectrum in FFT order.
        wavelets: `(n, H, W)` spectra of all wavelets.

    Returns:
        `(H, W)` float64 in FFT order.

    Reference:
        J. Bruna, S. Mallat, Invariant Scattering Convolution Networks, IEEE TPAMI 35 (2013), equation 4.
    """
    energy = (np.abs(wavelets) ** 2).sum(0)
    mirrored = np.roll(energy[::-1, ::-1], 1, axis=(0, 1))
    return np.abs(lowpass) ** 2 + (energy + mirrored) / 2


def morlet_bank(J, L, size):
    """Spectra of phi_J, `(size, size)`, and of all J L wavelets, `(J * L, size, size)`.

    Example:

    >>> bank = morlet_bank(J=3, L=8, size=64)
    >>> littlewood_paley(*bank).max().round(2)
    np.float64(1.01)
    """
    phi = gaussian_spectrum(J, size)
    return np.outer(phi, phi), np.concatenate([morlet_spectra(j, L, size, size) for j in range(J)])

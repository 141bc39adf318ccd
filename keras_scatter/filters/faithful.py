"""The faithful design: what its filter groups hold, and how they are made."""

import numpy as np

from keras_scatter.cache import cached
from keras_scatter.filters.morlet import gaussian_spectrum, morlet_spectra
from keras_scatter.filters.pyramid import (
    bank_spectra,
    channel_spectra,
    composite,
    fit_taps,
    grid,
    lowpass_kernels,
    passed_spectrum,
    rounded_taps,
)
from keras_scatter.filters.rounding import to_bfloat16

LARGEST_J = 4
LARGEST_L = {8: (9, 7, 5), 12: (11, 9, 5), 16: (13, 11, 5)}  # up to which kernels of a size serve


def kernel_size(L):
    """Sizes of psi_0, later wavelets and the low-pass, for L angles: with L, wavelets grow longer.

    psi_0 alone makes half of the error of order 2 if it is as small as the others; a low-pass of 5 serves as well as
    one of 7.
    """
    return next((sizes for most, sizes in LARGEST_L.items() if most >= L), (15, 13, 5))


def check(J, order, lowpass_filters, share_filters):
    """Refuse arguments that the design does not have."""
    if J > LARGEST_J:
        raise ValueError(f'J must be from 1 to {LARGEST_J} with design="faithful". Received: J={J}')
    if lowpass_filters > 4:
        raise ValueError(f"lowpass_filters must be 1, 2, 3 or 4. Received: lowpass_filters={lowpass_filters}")
    if not share_filters:
        raise ValueError(
            'share_filters must be True with design="faithful": one set of filters serves all channels and '
            f"scales. Received: share_filters={share_filters!r}"
        )


def shapes(config, channels):
    """Name and shape of every kernel; `lowpass_d` leads from decimation d - 1 to d."""
    L, (first, later, lowpass), P = config["L"], config["kernel_size"], config["lowpass_filters"]
    found = {}
    for d in range(config["J"]):
        size, inputs = (later, P) if d else (first, 1)
        if d:
            found[f"lowpass_{d}"] = (lowpass, lowpass, P if d > 1 else 1, P)
        found[f"psi_{d}_real"] = found[f"psi_{d}_imag"] = (size, size, inputs, L)
    return found


def filters(config):
    """The designed filters, of numbers that bfloat16 holds: `(outputs, inputs, rows, columns)`, wavelets complex."""
    return _filters(config["L"], config["J"], tuple(config["kernel_size"]), config["lowpass_filters"])


@cached
def _filters(L, J, kernel_size, P):
    (first, later, lowpass), levels = kernel_size, J - 1
    lowpasses = [to_bfloat16(taps) for taps in lowpass_kernels(P, lowpass, later, levels)]
    found = {}
    for d in range(levels + 1):
        n = grid(d)
        channels = channel_spectra(lowpasses[:d], n)
        wavelets, size = morlet_spectra(d, L, n, n), later if d else first
        weight = passed_spectrum(wavelets)
        taps = fit_taps(wavelets, channels, 2**d, size, weight)
        if d:
            found[f"lowpass_{d}"] = lowpasses[d - 1]
        found[f"psi_{d}"] = rounded_taps(taps, channels, 2**d, weight)
    return found


def effective(config, filters):
    """What the filters do to the image, level by level.

    Wavelets that read decimated channels are given as the filters that they make with the low-pass kernels before them,
    and those kernels as the filters that lead from the image to the channels.

    Returns:
        List of pairs: low-pass kernels `(filters, rows, columns)` or None, wavelets `(L, rows, columns)` complex.
    """
    found, lowpasses = [(None, filters["psi_0"][:, 0])], []
    for d in range(1, config["J"]):
        lowpasses.append(filters[f"lowpass_{d}"])
        found.append(_through_lowpass(filters[f"psi_{d}"], lowpasses))
    return found


def bank(config, filters, shape):
    """Spectra of the low-pass `(H, W)` and of all wavelets `(J L, H, W)`; moduli are smoothed by phi_J."""
    levels = range(config["J"])
    lowpasses, wavelets = [filters[f"lowpass_{d}"] for d in levels[1:]], [filters[f"psi_{d}"] for d in levels]
    rows, columns = (gaussian_spectrum(config["J"], size) for size in shape)
    return np.outer(rows, columns), bank_spectra(lowpasses, wavelets, shape)[1]


def _through_lowpass(psi, lowpasses):
    """Filters of the channels, `(P, ., .)`, and `sum_p channel_p * up(psi_p)`, `(L, ., .)`, centred."""
    d = len(lowpasses)
    n, reach = grid(d), sum(kernel.shape[-1] // 2 << level for level, kernel in enumerate(lowpasses))
    channels = channel_spectra(lowpasses, n)
    return _middle(channels, reach).real, _middle(composite(channels, 2**d, psi), reach + (psi.shape[-1] // 2 << d))


def _middle(spectra, radius):
    """The middle of the filters with these spectra: `(filters, 2 * radius + 1, 2 * radius + 1)` complex."""
    kernels = np.fft.fftshift(np.fft.ifft2(spectra), axes=(1, 2))
    middle = spectra.shape[-1] // 2
    return kernels[:, middle - radius : middle + radius + 1, middle - radius : middle + radius + 1]

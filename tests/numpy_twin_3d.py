"""Solid harmonic scattering of volumes once more, in plain NumPy: a complex transform for every wavelet.

Nothing here is shared with the package: wavelets are made of spherical harmonics in polar coordinates.
"""

import itertools
import math

import numpy as np
import scipy.special

AXES = (-3, -2, -1)


def harmonic(degree, m, polar, azimuth):
    """`Y_l^m`, by the function that this SciPy has."""
    if hasattr(scipy.special, "sph_harm_y"):
        return scipy.special.sph_harm_y(degree, m, polar, azimuth)
    return scipy.special.sph_harm(m, degree, azimuth, polar)


def wavelets(shape, width, degree):
    """Spectra for m = -l..l: `(2 l + 1, D, H, W)`."""
    z, y, x = np.meshgrid(*(2 * np.pi * np.fft.fftfreq(size) for size in shape), indexing="ij")
    flat = np.hypot(x, y)
    radius = width * np.hypot(flat, z)
    bell = radius**degree * np.exp(-(radius**2) / 2)
    if degree == 0:
        return bell[None]
    # Angles count from the negative pole.
    azimuth, polar = np.arctan2(y, x), np.pi / 2 + np.arctan2(z, flat)
    if degree % 2:
        halves = math.factorial((degree + 1) // 2)
        norm = 2 ** ((degree + 3) / 2) * math.sqrt(math.pi * (2 * degree + 1)) * halves
    else:
        norm = 2 * math.pi * math.sqrt(degree + 0.5) * scipy.special.factorial2(degree + 1)
    phase = (2 * math.pi) ** 1.5 * (-1j) ** degree / norm
    return np.stack([phase * bell * harmonic(degree, m, polar, azimuth) for m in range(-degree, degree + 1)])


def modulus(u, bank, covariant):
    spectrum = np.fft.fftn(u, axes=AXES)
    return np.sqrt(sum(abs(np.fft.ifftn(spectrum * h, axes=AXES)) ** 2 for h in (bank if covariant else bank[:1])))


def smooth(u, width, step):
    """By a periodic Gaussian, and sampled: as many whole steps as there are."""
    for axis, size in enumerate(u.shape[-3:], start=-3):
        k = 2 * np.pi * np.fft.fftfreq(size)
        spectrum = np.exp(-((width * k) ** 2) / 2)
        shape = [-1 if a == axis else 1 for a in AXES]
        u = np.fft.ifft(np.fft.fft(u, axis=axis) * spectrum.reshape(shape), axis=axis).real
        u = np.take(u, np.arange(size // step) * step, axis=axis)
    return u


def scattering(x, J, L=3, sigma_0=1.0, order=2, integral_powers=(0.5, 1.0, 2.0), **others):
    """`(batch, K)` of volumes `(batch, D, H, W)`, or `(batch, d, h, w, K)` with `average="local"`."""
    covariant, average = others.get("rotation_covariant", True), others.get("average", "integral")
    found = [abs(x)] if others.get("order_0") else []
    kinds = itertools.product(range(J + 1), range(L + 1))
    banks = {(j, degree): wavelets(x.shape[1:], sigma_0 * 2**j, degree) for j, degree in kinds}
    for m in range(1, order + 1):
        for scales in itertools.combinations(range(J + 1), m):
            for degree in range(L + 1):
                u = x
                for j in scales:
                    u = modulus(u, banks[j, degree], covariant)
                found.append(u)
    powers = [u**q for u in found for q in integral_powers]
    if average == "integral":
        return np.stack([u.sum(AXES) for u in powers], -1)
    return np.stack([smooth(u, sigma_0 * 2**J, 2**J) for u in powers], -1)

"""Morlet wavelets and the Gaussian low-pass, sampled in space and in frequency.

The constants are those of Kymatio, so that numbers agree with it: see `KYMATIO_PI`.
Reference: J. Bruna, S. Mallat, Invariant Scattering Convolution Networks, IEEE TPAMI 35 (2013), section 2.
"""

import functools
import math

import numpy as np

from keras_scatter.filters.spectra import as_float, low_band

XI = 3 * np.pi / 4  # centre frequency of psi_0, radians a sample
SIGMA = 0.8  # width of psi_0 and of phi_1, samples
SUPPORT = 6.5  # standard deviations kept: the Gaussian falls to 7e-10
TAIL = 8  # standard deviations of a spectrum, which falls to 1e-14
KYMATIO_PI = 3.1415  # Kymatio's normalisation; with the true pi its numbers are missed by 9e-5


def slant(L):
    """Ratio of the envelope's width along the oscillation to its width across it."""
    return 4 / L


def angle(t, L):
    """Direction of the oscillation of angle index t, radians from the first image axis."""
    return (int(L - L / 2 - 1) - t) * np.pi / L


def support_radius(j, L):
    """Half-width in samples of the grid on which psi_j does not vanish."""
    return int(np.ceil(SUPPORT * SIGMA * 2**j * max(1, 1 / slant(L))))


@functools.cache
def coarsest_grid(j, L):
    """log2 of the decimation of the coarsest grid whose spectrum holds the wavelets of scale j.

    Example:

    >>> [coarsest_grid(j, L=8) for j in range(6)]
    [0, 0, 0, 1, 2, 3]
    """
    widest = max(XI + TAIL / SIGMA, TAIL * slant(L) / SIGMA)
    return max(0, j - math.ceil(math.log2(widest / np.pi)))


def gabor(j, L, radius):
    """Gabor functions of scale j and the Gaussians under them, on the grid -radius..radius.

    Returns:
        Two arrays `(L, 2 * radius + 1, 2 * radius + 1)`, complex128 and float64, whose first grid axis is the
        image's rows: `exp(-u^T C u + i xi_j n_t . u)` and the same with xi = 0, both over `2 pi sigma_j^2 / slant`.
    """
    sigma, xi = SIGMA * 2**j, XI / 2**j
    u = np.arange(-radius, radius + 1)
    t = angle(np.arange(L), L)[:, None, None]
    along = u[:, None] * np.cos(t) + u[None, :] * np.sin(t)
    across = u[None, :] * np.cos(t) - u[:, None] * np.sin(t)
    envelope = np.exp(-(along**2 + (slant(L) * across) ** 2) / (2 * sigma**2))
    envelope /= 2 * KYMATIO_PI * sigma**2 / slant(L)
    return envelope * np.exp(1j * xi * along), envelope


def morlet(j, L, radius):
    """The L Morlet wavelets of scale j on the grid -radius..radius, mean removed: `(L, n, n)` complex128.

    `psi(u) = (exp(i xi . u) - beta) g(u)`, with beta such that the samples sum to zero.

    Example:

    >>> bool(abs(morlet(j=0, L=8, radius=3).sum()) < 1e-15)
    True
    """
    oscillation, envelope = gabor(j, L, radius)
    beta = oscillation.sum((1, 2)) / envelope.sum((1, 2))
    return oscillation - beta[:, None, None] * envelope


def gaussian(sigma, radius):
    """One axis of the separable low-pass: `phi(u, v) = g(u) g(v)`, g of shape `(2 * radius + 1,)`."""
    u = np.arange(-radius, radius + 1)
    return np.exp(-(u**2) / (2 * sigma**2)) / np.sqrt(2 * KYMATIO_PI * sigma**2)


def fourier_rows(size, radius, xp=np, grid=0):
    """Cosine and sine matrices `(size / 2**grid, 2 * radius + 1)` that take grid values to the lowest Fourier bins.

    Kymatio sums five periods of a filter, -2..2: samples outside them do not count.
    """
    position = np.arange(-radius, radius + 1, dtype="float64")
    n = as_float(size, xp)
    kept = (position >= -2 * n) & (position < 3 * n)
    bins = low_band(xp.arange(size, dtype="float64"), grid, (-1,), xp)
    phase = bins[:, None] * position[None, :] * (2 * np.pi / n)
    return xp.where(kept, xp.cos(phase), 0.0), xp.where(kept, xp.sin(phase), 0.0)


def morlet_spectra(j, L, height, width, xp=np):
    """Fourier transforms of the L wavelets of scale j, periodised on height x width: `(L, height, width)` float64.

    They are real, because psi(-u) is the conjugate of psi(u).

    Args:
        xp: NumPy, or `keras.ops` when height and width are tensors that are known only at run time.
    """
    return xp.matmul(*morlet_factors(j, L, height, width, xp))


def morlet_factors(j, L, height, width, xp=np, grid=0):
    """Two matrices `(L, h, n)` and `(n, w)` whose product is `morlet_spectra`; n is small on large images.

    Formula: `Re(E_h psi E_w^T)` with E the Fourier matrices of the wavelet's own support: the real and the imaginary
    parts of `E_h psi` stand side by side, and so do those of `E_w`. BLAS does this faster than an FFT would.

    Args:
        xp: as in `morlet_spectra`.
        grid: log2 of the decimation of a grid that holds the wavelets: h and w are the sizes of that.
    """
    radius = support_radius(j, L)
    cos_h, sin_h = fourier_rows(height, radius, xp, grid)
    cos_w, sin_w = fourier_rows(width, radius, xp, grid)
    oscillation, envelope = gabor(j, L, radius)

    def along_rows(real, imag):
        parts = xp.matmul(cos_h, real) + xp.matmul(sin_h, imag), xp.matmul(cos_h, imag) - xp.matmul(sin_h, real)
        return xp.concatenate(parts, axis=2)

    gabor_hat, gauss_hat = along_rows(oscillation.real, oscillation.imag), along_rows(envelope, 0 * envelope)
    right = xp.transpose(xp.concatenate([cos_w, sin_w], axis=1))
    # The mean of the wavelet as it is sampled and periodised must vanish.
    beta = xp.matmul(gabor_hat[:, :1], right[:, :1]) / xp.matmul(gauss_hat[:, :1], right[:, :1])
    return gabor_hat - beta * gauss_hat, right


def gaussian_spectrum(J, size, xp=np):
    """Fourier transform of one axis of phi_J, periodised on `size` samples: `(size,)` float64."""
    sigma = SIGMA * 2 ** (J - 1)
    radius = int(np.ceil(SUPPORT * sigma))
    cosine, _ = fourier_rows(size, radius, xp)
    return xp.matmul(cosine, gaussian(sigma, radius))

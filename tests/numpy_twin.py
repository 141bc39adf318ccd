"""The scattering transform once more, in plain NumPy and as directly as it can be written.

Nothing here is shared with the package: filters are summed over 25 periods in space and transformed by an FFT, and
every path is computed on its own, depth first.
"""

import numpy as np


def gabor(height, width, sigma, theta, xi, slant):
    rotation = np.array([[np.cos(theta), -np.sin(theta)], [np.sin(theta), np.cos(theta)]])
    curvature = rotation @ np.diag([1, slant**2]) @ rotation.T / (2 * sigma**2)
    total = np.zeros((height, width), complex)
    for ex in range(-2, 3):
        for ey in range(-2, 3):
            u, v = np.mgrid[ex * height : (ex + 1) * height, ey * width : (ey + 1) * width]
            quadratic = curvature[0, 0] * u * u + 2 * curvature[0, 1] * u * v + curvature[1, 1] * v * v
            total += np.exp(-quadratic + 1j * xi * (u * np.cos(theta) + v * np.sin(theta)))
    return total / (2 * 3.1415 * sigma**2 / slant)


def wavelet(height, width, j, t, L):
    sigma, theta, xi, slant = 0.8 * 2**j, (int(L - L / 2 - 1) - t) * np.pi / L, 0.75 * np.pi / 2**j, 4 / L
    oscillation = gabor(height, width, sigma, theta, xi, slant)
    envelope = gabor(height, width, sigma, theta, 0, slant)
    return np.fft.fft2(oscillation - oscillation.sum() / envelope.sum() * envelope).real


def level(spectrum, r):
    """The low band of a spectrum on the grid that is coarser by 2**r."""
    for axis in (0, 1):
        size = spectrum.shape[axis]
        half = size // 2 ** (r + 1)
        kept = np.r_[0:half, size - half : size] if r else np.arange(size)
        spectrum = np.take(spectrum, kept, axis)
    return spectrum


def decimate(spectrum, factor):
    height, width = spectrum.shape[0] // factor, spectrum.shape[1] // factor
    return spectrum.reshape(factor, height, factor, width).mean((0, 2))


def pad(image, J, mode):
    if mode == "periodic":
        return image
    margins = []
    for size in image.shape:
        padded = ((size + 2**J) // 2**J + 1) * 2**J
        margins.append(((padded - size) // 2, (padded - size + 1) // 2))
    return np.pad(image, margins, {"reflect": "reflect", "zeros": "constant"}[mode])


def scattering(image, J, L, order, padding="reflect"):
    """Scattering coefficients `(paths, height, width)` of one image `(height, width)`, in float64."""
    x = pad(np.asarray(image, float), J, padding)
    psi = {(j, t): wavelet(*x.shape, j, t, L) for j in range(J) for t in range(L)}
    phi = np.fft.fft2(gabor(*x.shape, 0.8 * 2 ** (J - 1), 0, 0, 1)).real
    found = {}

    def visit(u, r, scales, angles):
        spectrum = np.fft.fft2(u)
        smooth = np.fft.ifft2(decimate(spectrum * level(phi, r), 2 ** (J - r))).real
        found[len(scales), *(x for pair in zip(scales, angles) for x in pair)] = (
            smooth if padding == "periodic" else smooth[1:-1, 1:-1]
        )
        if len(scales) < order:
            for j in range(scales[-1] + 1 if scales else 0, J):
                for t in range(L):
                    band = decimate(spectrum * level(psi[j, t], r), 2 ** (j - r))
                    visit(np.abs(np.fft.ifft2(band)), j, (*scales, j), (*angles, t))

    visit(x, 0, (), ())
    return np.stack([found[key] for key in sorted(found)])

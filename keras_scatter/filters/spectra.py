"""What spectra of filters share, whether their sizes are numbers or tensors."""

import numpy as np


def littlewood_paley(lowpass: np.ndarray, wavelets: np.ndarray) -> np.ndarray:
    """The Littlewood-Paley sum of a filter bank: how much of the energy at each frequency it keeps.

    `A(w) = |phi(w)|^2 + 1/2 sum (|psi(w)|^2 + |psi(-w)|^2)` over all wavelets. For a real input x the energy of all
    that the filters give is the mean of `A |x_hat|^2`. The transform is non-expansive where A is at most 1, and keeps
    the energy where A is 1.

    Args:
        lowpass: spectrum of phi in FFT order, `(time,)` or `(H, W)`.
        wavelets: spectra of all wavelets, `(K, time)` or `(K, H, W)`.

    Returns:
        float64 array of the low-pass's shape, in FFT order.

    Raises:
        ValueError: the shapes do not belong together.

    Example:

    >>> bank = MorletBank(J=3, L=8)
    >>> littlewood_paley(bank.lowpass_spectrum, bank.spectra).max().round(2)
    np.float64(1.01)

    Reference:
        J. Bruna, S. Mallat, Invariant Scattering Convolution Networks, IEEE TPAMI 35 (2013), equation 4.
    """
    lowpass, wavelets = np.asarray(lowpass), np.asarray(wavelets)
    if lowpass.ndim == 0 or wavelets.shape[1:] != lowpass.shape:
        raise ValueError(
            f"wavelets must have the shape (K, ...) of a low-pass (...). Received: low-pass of shape {lowpass.shape}, "
            f"wavelets of shape {wavelets.shape}"
        )
    energy = sum((np.abs(wavelet) ** 2 for wavelet in wavelets), np.zeros(lowpass.shape))
    axes = tuple(range(lowpass.ndim))
    mirrored = np.roll(np.flip(energy), 1, axis=axes)
    return np.abs(lowpass) ** 2 + (energy + mirrored) / 2


def low_band(spectra, level, axes, xp):
    """Spectra in FFT order on the grid that is coarser by 2**level: their low band, unscaled.

    Args:
        axes: those of frequencies, negative numbers.
        xp: NumPy or `keras.ops`.
    """
    for axis in axes if level else ():
        size, behind = xp.shape(spectra)[axis], (slice(None),) * (-1 - axis)
        half = size // 2 ** (level + 1)
        parts = (spectra[(..., part, *behind)] for part in (slice(0, half), slice(size - half, size)))
        spectra = xp.concatenate(list(parts), axis=axis)
    return spectra


def as_float(size, xp):
    """An axis length in float64, whether it is an int or a tensor."""
    return float(size) if isinstance(size, int) else xp.cast(size, "float64")


def on_grid(first, values, size):
    """The values of bins from `first` on, added up on a grid of `size` bins in FFT order."""
    start, count = first % size, len(values)
    padded = np.pad(values, (start, -(start + count) % size))
    return padded.reshape(-1, size).sum(0)


def without_zeros(spectra):
    """Spectra `(B, size)` in FFT order without their longest gap: the first bin, negative or not, and `(B, bins)`."""
    size, absolute = spectra.shape[1], abs(spectra)
    used = np.flatnonzero((absolute > 1e-9 * absolute.max()).any(0))
    gaps = np.diff(used, append=used[0] + size)
    first = used[(np.argmax(gaps) + 1) % len(used)]
    kept = np.roll(spectra, -first, axis=1)[:, : size - gaps.max() + 1]
    return int(first if first <= size // 2 else first - size), kept

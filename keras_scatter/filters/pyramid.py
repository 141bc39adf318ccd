"""Design of the faithful convolutions: short kernels that filter like the wavelets, by least squares in frequency.

psi_0 is one kernel at full resolution. A wider wavelet psi_d is read from P channels at 1 / 2**d of it, so that
`psi_d ~ sum_p c_p * up(psi'_p)` with c_p the low-pass that leads to channel p. The channels of level 1 are made from
the image by P low-pass kernels, those of each further level from the P channels before, by P x P refining kernels
that are the same for all levels; each time every second sample is kept. For given low-pass kernels the taps psi'_p
are the solution of a linear least-squares problem, solved here when a layer is built, with the weight of
`passed_spectrum`; the low-pass kernels, which serve all wavelets, are optimised over that solution with the weight of
`image_spectrum`, once, and kept in `lowpass_taps.py`.
"""

import numpy as np
import scipy.linalg
import scipy.optimize
import scipy.signal

from keras_scatter.cache import cached
from keras_scatter.filters.lowpass_taps import REFINING, TAPS
from keras_scatter.filters.morlet import morlet_spectra
from keras_scatter.filters.rounding import round_taps

GRID = 64  # frequencies along each axis on which psi_0 and psi_1 are compared
MEAN_WEIGHT = 1.0  # of the mean of a rounded wavelet, against the sum of all weights
FLOOR = 0.1  # weight of frequencies that a wavelet does not pass, against those that it passes best
UNITS = {1: 1e-3, 2: 1e-3, 3: 1e-4, 4: 1e-4}  # of the refining taps, by P: the rounding does not show in the errors


def grid(d):
    """Frequencies along each axis for psi_d, such that all levels see equally many after decimation."""
    return GRID * 2 ** max(0, d - 1)


def frequencies(n):
    """Angular frequencies of an n x n grid as two broadcastable axes, radians a sample, -pi..pi in FFT order."""
    omega = 2 * np.pi * np.fft.fftfreq(n)
    return omega[:, None], omega[None, :]


def image_spectrum(n):
    """Power spectrum `1 / |omega|^2` of natural images; the zero frequency has the weight of the first one."""
    rows, columns = frequencies(n)
    square = rows**2 + columns**2
    square[0, 0] = (2 * np.pi / n) ** 2
    return 1 / square


def passed_spectrum(wavelets):
    """What an error of each of the wavelets `(L, n, n)` weighs at each frequency, an array of that shape.

    The spectrum of images times that of the wavelet, above a floor: errors far in frequency from the wavelet beat with
    its output, and are averaged away when the modulus is smoothed.
    """
    passed = abs(wavelets) / abs(wavelets).max((1, 2), keepdims=True)
    return image_spectrum(wavelets.shape[-1]) * (passed + FLOOR)


def atoms(size, n):
    """Fourier transforms on n x n of unit impulses on a centred size x size grid: `(n * n, size * size)`."""
    omega, m = 2 * np.pi * np.arange(n) / n, np.arange(size) - size // 2
    axis = np.exp(-1j * omega[:, None] * m)
    return np.einsum("am,bn->abmn", axis, axis).reshape(n * n, size * size)


def taps_spectrum(taps, step=1, n=GRID):
    """Fourier transform on n x n of taps `(..., size, size)` that are `step` samples apart."""
    coarse = (atoms(taps.shape[-1], n // step) @ taps.reshape(*taps.shape[:-2], -1)[..., None])[..., 0]
    return np.tile(coarse.reshape(*taps.shape[:-2], n // step, n // step), (step, step))


def fold(spectra, step):
    """Sum of the `step x step` blocks of `(..., n, n)`, flattened: `(..., (n / step)**2)`."""
    n = spectra.shape[-1] // step
    return spectra.reshape(*spectra.shape[:-2], step, n, step, n).sum((-4, -2)).reshape(*spectra.shape[:-2], n * n)


def fit_taps(target, channels, step, size, weight):
    """Least-squares taps such that `sum_p channel_p * up(taps_p)` is the target.

    Args:
        target: `(L, n, n)` spectra of the wavelets.
        channels: `(P, n, n)` spectra of the low-pass filters that lead to the channels.
        step: distance of the taps in samples of the image, 2**d for a channel decimated d times.
        size: taps along each axis.
        weight: of the squared error at each frequency, `(n, n)` or `(L, n, n)`.

    Returns:
        `(L, P, size, size)` complex128. The mean of each composite wavelet is exactly zero.
    """
    weights = np.broadcast_to(weight, target.shape)
    return np.stack([_fit(*wavelet, channels, step, size) for wavelet in zip(target, weights)])


def _fit(target, weight, channels, step, size):
    """Taps `(P, size, size)` of one wavelet."""
    P, m = len(channels), np.arange(size) - size // 2
    gram = _gram(weight, channels, step, size)
    right = _correlation(weight * channels.conj() * target, step)[:, m[:, None], m].ravel()
    gram[np.diag_indices_from(gram)] *= 1 + 1e-12
    mean = np.repeat(channels[:, 0, 0], size**2)
    taps, toward = scipy.linalg.cho_solve(scipy.linalg.cho_factor(gram), np.stack([right, mean.conj()], 1)).T
    taps = taps - toward * (mean @ taps) / (mean @ toward)
    return taps.reshape(P, size, size)


def rounded_taps(taps, channels, step, weight):
    """Taps that bfloat16 holds, as near as `round_taps` brings them to those of `fit_taps`, whose arguments these are.

    The mean of a composite wavelet is no longer zero, but below 1e-5 of its taps.
    """
    found, mean = np.empty_like(taps), np.repeat(channels[:, 0, 0].real, taps.shape[-1] ** 2)
    for i, wavelet_weight in enumerate(np.broadcast_to(weight, (len(taps), *channels.shape[1:]))):
        # Real and imaginary parts, each by itself, have spectra that an even weight measures.
        mirrored = np.roll(wavelet_weight[::-1, ::-1], 1, (0, 1))
        gram = _gram((wavelet_weight + mirrored) / 2, channels, step, taps.shape[-1]).real
        gram += MEAN_WEIGHT * np.trace(gram) * np.outer(mean, mean)
        parts = (round_taps(part.ravel(), gram) for part in (taps[i].real, taps[i].imag))
        found[i] = (next(parts) + 1j * next(parts)).reshape(taps[i].shape)
    return found


def _gram(weight, channels, step, size):
    """Inner products of the atoms `channel_p * up(impulse)`, `(P size^2, P size^2)`."""
    m = np.arange(size) - size // 2
    lag = m[:, None] - m
    # They depend on the distance alone: (p, q, row, row', column, column').
    gram = _correlation((weight * channels.conj())[:, None] * channels, step)[:, :, lag[:, :, None, None], lag]
    return gram.transpose(0, 2, 4, 1, 3, 5).reshape(len(channels) * size**2, -1)


def _correlation(spectra, step):
    """Values at multiples of `step` of the functions with these spectra, times the number of the frequencies."""
    n = spectra.shape[-1] // step
    return n**2 * np.fft.ifft2(fold(spectra, step).reshape(*spectra.shape[:-2], n, n))


def filter_error(target, channels, step, taps, weight):
    """Weighted relative error of the composite filters: one float for all angles."""
    residual = target - composite(channels, step, taps)
    return np.sqrt((weight * abs(residual) ** 2).sum() / (weight * abs(target) ** 2).sum())


def composite(channels, step, taps):
    """Spectra `(L, n, n)` of `sum_p channel_p * up(taps_p)`."""
    return (channels * taps_spectrum(taps, step, channels.shape[-1])).sum(1)


def channel_spectra(kernels, n):
    """Spectra `(P, n, n)` of the filters that lead to the channels of the last level.

    Args:
        kernels: list of low-pass kernels by level, `(P, 1, size, size)` and then `(P, P, size, size)`.
    """
    channels = np.ones((1, n, n))
    for d, taps in enumerate(kernels):
        channels = (taps_spectrum(taps, 2**d, n) * channels).sum(1)
    return channels


def bank_spectra(lowpasses, wavelets, shape):
    """Spectra of what low-pass kernels and wavelets of all levels make of an image.

    Args:
        lowpasses: list of kernels as in `channel_spectra`, one for every level but the last, or also for that.
        wavelets: list of taps `(L, P, size, size)` by level, which read the channels of their level.
        shape: height and width of the grid.

    Returns:
        Those of the last channels, `(P, H, W)`, and of the wavelets, `(levels * L, H, W)`.
    """
    channels, found = np.ones((1, *shape)), []
    for d, taps in enumerate(wavelets):
        found.append((channels * _on_grid(taps, 2**d, shape)).sum(1))
        if d < len(lowpasses):
            channels = (channels * _on_grid(lowpasses[d], 2**d, shape)).sum(1)
    return channels, np.concatenate(found)


def _on_grid(taps, step, shape):
    """Fourier transform `(..., H, W)` of taps `(..., size, size)` that are `step` samples apart."""
    position = step * (np.arange(taps.shape[-1]) - taps.shape[-1] // 2)
    rows, columns = (np.exp(-2j * np.pi * np.outer(np.arange(n), position) / n) for n in shape)
    return rows @ taps @ columns.T


def error_and_gradients(kernels, size, L, n):
    """Squared filter error of psi_d after `fit_taps`, d the number of levels, and its gradient for each level.

    Since the inner problem is solved, the gradient is the partial derivative of its Lagrange function with the
    wavelet taps held fixed.

    Args:
        kernels: as in `channel_spectra`.
        size: taps of the wavelets along each axis.
    """
    levels = len(kernels)
    target, weight = _weighted_target(levels, L, n)
    channels = [channel_spectra(kernels[:d], n) for d in range(levels + 1)]
    taps = taps_spectrum(fit_taps(target, channels[-1], 2**levels, size, weight), 2**levels, n)
    residual = target - (channels[-1] * taps).sum(1)
    error = (weight * abs(residual) ** 2).sum()
    residual *= weight
    pull = np.einsum("lpab,lab->pab", taps.conj(), residual)
    # The Lagrange multiplier of the zero mean is the projection that it keeps the residual from having.
    gain = channels[-1][:, 0, 0].real
    multiplier = gain @ np.einsum("pab,lab->pl", channels[-1].conj(), residual) / (gain @ gain)
    pull[:, 0, 0] -= multiplier @ taps[:, :, 0, 0].conj()
    gradients = []
    for d, kernel in reversed(list(enumerate(kernels))):
        basis = atoms(kernel.shape[-1], n >> d)
        wanted = fold(pull[:, None] * channels[d].conj(), 2**d) @ basis.conj()
        gradients.insert(0, -2 * wanted.real.reshape(kernel.shape))
        pull = (taps_spectrum(kernel, 2**d, n).conj() * pull[:, None]).sum(0)
    return error, gradients


@cached
def _weighted_target(d, L, n):
    """Spectra of psi_d, and `image_spectrum` in units of their weighted energy."""
    target, weight = morlet_spectra(d, L, n, n), image_spectrum(n)
    return target, weight / (weight * target**2).sum()


def optimise_lowpass(P, lowpass_size, size, L=8, iterations=150):
    """Low-pass kernels `(P, lowpass_size, lowpass_size)` that leave the least error of psi_1 after `fit_taps`.

    BFGS over the taps, once from modulated windows and once from the best P - 1 kernels.
    """
    shape = (P, 1, lowpass_size, lowpass_size)

    def objective(flat):
        error, (gradient,) = error_and_gradients([flat.reshape(shape)], size, L, GRID)
        return error, gradient.ravel()

    windows = modulated_windows(P, lowpass_size)
    starts = [windows]
    if P > 1:
        starts.append(np.concatenate([lowpass_kernels(P - 1, lowpass_size, size)[0][:, 0], windows[P - 1 :]]))
    found = [_minimum(objective, start, iterations) for start in starts]
    return canonical(min(found, key=lambda result: result.fun).x.reshape(P, lowpass_size, lowpass_size))


def optimise_refining(first, size, L=8, iterations=150):
    """Refining kernels `(P, P, k, k)` that leave the least summed squared error of psi_2 and psi_3.

    BFGS from modulated windows of the first channel, on half as many frequencies as in the design. The mean of an
    image is neither amplified nor attenuated from level to level.

    Args:
        first: `(P, 1, k, k)`, the low-pass kernels of level 1.
        size: taps of the wavelets along each axis.
    """
    P, _, k, _ = first.shape
    shape = (P, P, k, k)

    def objective(flat):
        refining = flat.reshape(shape)
        error, gradient = 0, 0
        for d in (2, 3):
            found, gradients = error_and_gradients([first] + [refining] * (d - 1), size, L, grid(d) // 2)
            error, gradient = error + found, gradient + sum(gradients[1:])
        return error, gradient.ravel()

    start = np.zeros(shape)
    start[:, 0] = modulated_windows(P, k)
    refining = _minimum(objective, start, iterations).x.reshape(shape)
    return refining / abs(np.linalg.eigvals(refining.sum((2, 3)))).max()


def modulated_windows(P, size):
    """The first P products of a low-pass window and its modulation by (-1)^n along the axes: `(P, size, size)`."""
    low = scipy.signal.firwin(size, 0.5, window=("kaiser", 2))
    high = low * (-1) ** np.arange(size)
    return np.stack([np.outer(a, b) for a, b in [(low, low), (high, low), (low, high), (high, high)]][:P])


def _minimum(objective, start, iterations):
    return scipy.optimize.minimize(objective, start.ravel(), jac=True, options={"maxiter": iterations})


def canonical(kernels):
    """The same span of low-pass kernels in one form: orthogonal, the first sums to 1, the others to 0."""
    P, size, _ = kernels.shape
    rows = np.linalg.qr(kernels.reshape(P, -1).T)[0]
    rotation = np.linalg.qr(np.column_stack([rows.sum(0), np.eye(P)])[:, :P])[0]
    rows = (rows @ rotation).T
    rows[0] /= rows[0].sum()
    return rows.reshape(P, size, size)


def tabulated(P, lowpass_size, size):
    """The key of `lowpass_taps.py` for these sizes: the same, or the nearest whose kernels fit into lowpass_size.

    Example:

    >>> tabulated(2, 11, 7)
    (2, 7, 7)
    """
    fitting = [key for key in TAPS if key[0] == P and key[1] <= lowpass_size]
    return min(fitting, key=lambda key: (abs(key[2] - size), lowpass_size - key[1], key))


def lowpass_kernels(P, lowpass_size, size, levels=1):
    """The low-pass kernels of levels 1, 2, ..., from `lowpass_taps.py`.

    For sizes that are not in it, these are the kernels of `tabulated` with zeros around them; their filter errors are
    up to a sixth larger than if they had been optimised for the sizes, which would take minutes.

    Returns:
        List of float64 arrays `(P, 1, lowpass_size, lowpass_size)`, `(P, P, lowpass_size, lowpass_size)`, ...
    """
    key = tabulated(P, lowpass_size, size)
    found = key[1]
    kernels = [
        np.reshape(UNITS[P] * np.array(REFINING[key]) if d else TAPS[key], (P, P if d else 1, found, found))
        for d in range(levels)
    ]
    margin = (lowpass_size - found) // 2
    return [np.pad(kernel, [(0, 0), (0, 0), (margin, margin), (margin, margin)]) for kernel in kernels]

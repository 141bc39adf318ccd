"""Design of the faithful convolutions: short kernels that filter like the wavelets, by least squares in frequency.

psi_0 is one kernel at full resolution. A wider wavelet psi_d is read from P channels that are low-passed by kernels
h_p and decimated by 2, so that `psi_d ~ sum_p c_p * up(psi'_p)` with c_p the low-pass that leads to channel p. For
given low-pass kernels the taps psi'_p are the solution of a linear least-squares problem, solved here when a layer
is built; the low-pass kernels are optimised over that solution, once, and kept in `lowpass_taps.py`.
"""

import functools
import pathlib
import textwrap

import numpy as np
import scipy.linalg
import scipy.optimize
import scipy.signal

from keras_scatter.filters.lowpass_taps import TAPS
from keras_scatter.filters.morlet import morlet_spectra

GRID = 64  # frequencies along each axis on which filters are compared


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


def fit_taps(target, channels, step, size):
    """Least-squares taps such that `sum_p channel_p * up(taps_p)` is the target, weighted by `image_spectrum`.

    Args:
        target: `(L, n, n)` spectra of the wavelets.
        channels: `(P, n, n)` spectra of the low-pass filters that lead to the channels.
        step: distance of the taps in samples of the image, 2**d for a channel decimated d times.
        size: taps along each axis.

    Returns:
        `(L, P, size, size)` complex128. The mean of each composite wavelet is exactly zero.
    """
    P, n = channels.shape[0], target.shape[-1]
    weighted = image_spectrum(n) * channels.conj()
    basis = atoms(size, n // step)
    products = fold(weighted[:, None] * channels, step)
    gram = np.einsum("fm,pqf,fk->pmqk", basis.conj(), products, basis, optimize=True).reshape(P * size**2, -1)
    right = np.einsum("fm,plf->pml", basis.conj(), fold(weighted[:, None] * target, step), optimize=True)
    gram[np.diag_indices_from(gram)] *= 1 + 1e-12
    mean = np.repeat(channels[:, 0, 0], size**2)
    factor = scipy.linalg.cho_factor(gram)
    taps = scipy.linalg.cho_solve(factor, right.reshape(P * size**2, -1))
    toward = scipy.linalg.cho_solve(factor, mean.conj())
    taps -= np.outer(toward, mean @ taps) / (mean @ toward)
    return taps.T.reshape(-1, P, size, size)


def filter_error(target, channels, step, taps):
    """Relative error of the composite filters, weighted by `image_spectrum`: one float for all angles."""
    residual = target - composite(channels, step, taps)
    weight = image_spectrum(target.shape[-1])
    return np.sqrt((weight * abs(residual) ** 2).sum() / (weight * abs(target) ** 2).sum())


def composite(channels, step, taps):
    """Spectra `(L, n, n)` of `sum_p channel_p * up(taps_p)`."""
    return (channels * taps_spectrum(taps, step, channels.shape[-1])).sum(1)


def optimise_lowpass(P, lowpass_size, size, L=8, iterations=150):
    """Low-pass kernels `(P, lowpass_size, lowpass_size)` that leave the least error of psi_1 after `fit_taps`.

    L-BFGS over the taps; since the inner problem is solved exactly, the gradient is the partial derivative with the
    wavelet taps held fixed. It starts once from modulated windows and once from the best P - 1 kernels.
    """
    target, weight = morlet_spectra(1, L, GRID, GRID), image_spectrum(GRID)
    scale = (weight * target**2).sum()
    basis = atoms(lowpass_size, GRID)

    def objective(flat):
        channels = taps_spectrum(flat.reshape(P, lowpass_size, lowpass_size))
        taps = fit_taps(target, channels, 2, size)
        inner = taps_spectrum(taps, 2)
        residual = target - (channels * inner).sum(1)
        pull = np.einsum("lpab,lab->pab", inner.conj(), weight * residual).reshape(P, -1)
        gradient = -2 * (pull @ basis.conj()).real
        return (weight * abs(residual) ** 2).sum() / scale, gradient.ravel() / scale

    low = scipy.signal.firwin(lowpass_size, 0.5, window=("kaiser", 2))
    high = low * (-1) ** np.arange(lowpass_size)
    windows = np.stack([np.outer(a, b) for a, b in [(low, low), (high, low), (low, high), (high, high)]])
    starts = [windows[:P]]
    if P > 1:
        starts.append(np.concatenate([lowpass_kernels(P - 1, lowpass_size, size), windows[P - 1 : P]]))
    found = [
        scipy.optimize.minimize(objective, start.ravel(), jac=True, options={"maxiter": iterations}) for start in starts
    ]
    return canonical(min(found, key=lambda result: result.fun).x.reshape(P, lowpass_size, lowpass_size))


def canonical(kernels):
    """The same span of low-pass kernels in one form: orthogonal, the first sums to 1, the others to 0."""
    P, size, _ = kernels.shape
    rows = np.linalg.qr(kernels.reshape(P, -1).T)[0]
    rotation = np.linalg.qr(np.column_stack([rows.sum(0), np.eye(P)])[:, :P])[0]
    rows = (rows @ rotation).T
    rows[0] /= rows[0].sum()
    return rows.reshape(P, size, size)


@functools.cache
def lowpass_kernels(P, lowpass_size, size):
    """The low-pass kernels of `lowpass_taps.py`; for sizes that are not in it they are optimised, which takes a while.

    Returns:
        `(P, lowpass_size, lowpass_size)` float64.
    """
    if (P, lowpass_size, size) in TAPS:
        return np.array(TAPS[P, lowpass_size, size]).reshape(P, lowpass_size, lowpass_size)
    return optimise_lowpass(P, lowpass_size, size)


def write_lowpass_taps(path):
    """Make `lowpass_taps.py` again: `python -m keras_scatter.filters.design`, several minutes."""
    TAPS.clear()
    lines = [
        '"""Low-pass kernels of the faithful design: {(P, lowpass size, wavelet size): taps, kernel after kernel}.',
        "",
        "Made by `python -m keras_scatter.filters.design`.",
        '"""',
        "",
        "TAPS = {",
    ]
    for size in (3, 5, 7, 9):
        for P in (1, 2, 3, 4):
            taps = TAPS[P, size, size] = optimise_lowpass(P, size, size).round(6).ravel().tolist()
            lines += [f"    ({P}, {size}, {size}): [", *textwrap.wrap(str(taps)[1:-1] + ",", 112, **INDENT), "    ],"]
    path.write_text("\n".join([*lines, "}", ""]))


INDENT = {"initial_indent": " " * 8, "subsequent_indent": " " * 8}

if __name__ == "__main__":
    write_lowpass_taps(pathlib.Path(__file__).with_name("lowpass_taps.py"))

"""Battle-Lemarie wavelets of signals in frequency: cubic splines, one wavelet an octave.

Reference: R. Morel et al., Scale dependencies and self-similar models with wavelet scattering spectra, ACHA
(2025); the constants are those of the program that its authors publish.
"""

import numpy as np

CENTRE = 0.75 * 1.012470304985129  # of the wavelet of spacing 1, cycles a sample
HIGHEST = 0.425  # centre frequency of scale 0, cycles a sample


def battle_lemarie(J, size):
    """The spectra of J wavelets and of the low-pass, `(J, size)` and `(size,)` float64 in FFT order: real.

    With `B(f)` the spectrum of the squared samples of a cubic spline, wavelet j is
    `sin(pi f / 2)^8 / (pi f)^4 * sqrt(B(f / 2 + 1 / 2) / (B(f) B(f / 2)))` up to its first minimum, f in units of
    `0.56 * 2**-j` cycles a sample. It has no negative frequencies, but for the first octave, which goes on beyond the
    Nyquist frequency and ends at 7/8 of a cycle. The low-pass, of the width of scale J - 1, is 1 at frequency 0.

    Example:

    >>> wavelets, lowpass = battle_lemarie(J=3, size=64)
    >>> wavelets.argmax(1).tolist()
    [24, 12, 6]
    """
    bins = np.arange(size)
    wavelets = np.stack([_wavelet(bins / size * CENTRE / HIGHEST * 2.0**j) for j in range(J)])
    f = np.fft.fftfreq(size) * CENTRE / HIGHEST * 2.0 ** (J - 1)
    return wavelets, np.sinc(f) ** 4 / 16 / np.sqrt(_spline(f))


def _wavelet(f):
    size = len(f)
    # At frequency 0 it is 0.
    g = np.where(f == 0, 1, f)
    spectrum = np.sin(np.pi * f / 2) ** 8 / (np.pi * g) ** 4
    spectrum *= np.sqrt(_spline(f / 2 + 0.5) / (_spline(f) * _spline(f / 2)))
    is_least = (spectrum[1:-1] < spectrum[:-2]) & (spectrum[1:-1] < spectrum[2:])
    if is_least.any():
        spectrum[np.argmax(is_least) + 2 :] = 0
    spectrum[size - size // 8 :] = 0
    return spectrum


def _spline(f):
    c, s = np.cos(np.pi * f) ** 2, np.sin(np.pi * f) ** 2
    return (5 + 30 * c + 30 * s * c + 70 * c**2 + 2 * s**2 * c + 2 / 3 * s**3) / (105 * 256)

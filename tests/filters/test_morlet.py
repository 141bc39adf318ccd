import numpy as np
import numpy_twin
import pytest
from compare import BACKEND, assert_close
from keras import ops

from keras_scatter.filters import morlet


@pytest.mark.parametrize(
    ("j", "L", "height", "width"),
    [(0, 8, 40, 40), (1, 4, 36, 52), (2, 6, 24, 24), (1, 16, 12, 12), (0, 1, 20, 20), (0, 2, 20, 24), (3, 3, 48, 32)],
)
def test_spectra_equal_the_sum_over_periods(j, L, height, width):
    expected = [numpy_twin.wavelet(height, width, j, t, L) for t in range(L)]
    assert_close(morlet.morlet_spectra(j, L, height, width), expected, 1e-9)


@pytest.mark.parametrize(("J", "size"), [(1, 36), (2, 40), (4, 96)])
def test_gaussian_spectrum_is_one_axis_of_the_low_pass(J, size):
    axis = morlet.gaussian_spectrum(J, size)
    expected = np.fft.fft2(numpy_twin.gabor(size, size, 0.8 * 2 ** (J - 1), 0, 0, 1)).real
    assert_close(np.outer(axis, axis), expected, 1e-9)


def test_spectra_of_sizes_known_at_run_time_only():
    """The same formula in keras.ops, with tensors for the sizes."""
    if BACKEND != "tensorflow":
        pytest.skip("only TensorFlow traces with unknown sizes")
    found = morlet.morlet_spectra(1, 4, ops.convert_to_tensor(24), ops.convert_to_tensor(36), xp=ops)
    assert_close(found, morlet.morlet_spectra(1, 4, 24, 36), 1e-12)


def test_wavelets_have_no_mean():
    assert np.abs(morlet.morlet_spectra(2, 8, 48, 48)[:, 0, 0]).max() < 1e-12
    assert np.abs(morlet.morlet(1, 8, 5).sum((1, 2))).max() < 1e-12


def test_wavelet_peaks_at_its_frequency():
    """The first axis is that of angle 0, at index 3 of 8; the peak is just above xi, 3/8 of a turn at j = 0."""
    spectrum = morlet.morlet_spectra(0, 8, 64, 64)[3]
    assert np.unravel_index(spectrum.argmax(), spectrum.shape) == (25, 0)


def test_low_pass_gain_is_kymatios():
    """3.1415 in place of pi: the gain at zero frequency is pi / 3.1415 in two dimensions."""
    assert_close(morlet.gaussian_spectrum(3, 64)[0] ** 2, np.pi / 3.1415, 1e-9)


def test_littlewood_paley_sum():
    """Figures measured on Kymatio's bank of J=3, L=8 on 64 x 64: at most 1.0136 inside the disc of radius pi."""
    energy = sum((abs(morlet.morlet_spectra(j, 8, 64, 64)) ** 2).sum(0) for j in range(3))
    mirrored = np.roll(energy[::-1, ::-1], 1, (0, 1))
    phi = morlet.gaussian_spectrum(3, 64)
    total = np.outer(phi, phi) ** 2 + (energy + mirrored) / 2
    omega = 2 * np.pi * np.fft.fftfreq(64)
    inside = total[np.hypot(*np.meshgrid(omega, omega)) < np.pi]
    assert inside.max() == pytest.approx(1.0136, abs=2e-4)
    assert inside.min() == pytest.approx(0.3475, abs=2e-3)

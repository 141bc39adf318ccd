import numpy as np
import pytest
from compare import assert_close

from keras_scatter.filters.bump import bump_spectra
from keras_scatter.filters.morlet import XI, angle


@pytest.mark.parametrize("L", [2, 3, 4, 6])
def test_frequencies_and_directions(L):
    """The largest value is near the centre frequency in the direction of the angle, and all ends at twice that."""
    size = 64
    spectra = bump_spectra(2, L, size, size)
    frequencies = 2 * np.pi * np.fft.fftfreq(size)
    for t, spectrum in enumerate(spectra):
        row, column = np.unravel_index(spectrum.argmax(), spectrum.shape)
        found = np.array([frequencies[row], frequencies[column]])
        direction = np.array([np.cos(angle(t, L)), np.sin(angle(t, L))])
        assert abs(found - XI / 4 * direction).max() <= 2 * np.pi / size
        radius = np.hypot(frequencies[:, None], frequencies)
        assert not spectrum[radius >= XI / 2].any() and spectrum[0, 0] == 0
        ahead = frequencies[:, None] * direction[0] + frequencies * direction[1] > -1e-12
        assert not spectrum[~ahead].any()


def test_sums_over_angles_are_round():
    """Steerable: squares summed over angles do not depend on the direction."""
    total = np.square(bump_spectra(2, 6, 65, 65)).sum(0)
    total = total + np.roll(total[::-1, ::-1], 1, (0, 1))
    k = np.arange(65)
    assert_close(total[k, 0], total[0, k], 1e-12)
    assert_close(total[3, 4], total[5, 0], 1e-12)


def test_aliases_are_added():
    """At scale 0 the wavelet reaches beyond the Nyquist frequency, from both sides."""
    spectrum = bump_spectra(0, 4, 32, 32)
    assert spectrum[:, 16].max() > 0.1 and spectrum.shape == (4, 32, 32)

import numpy as np
import numpy_twin
import pytest
from compare import assert_close, once

from keras_scatter.filters import MorletBank
from keras_scatter.filters.filter_bank import LARGEST
from keras_scatter.layers import ScatteringFFT

pytestmark = once


@pytest.mark.parametrize(("J", "L", "shape"), [(2, 8, (24, 20)), (1, 1, (9, 16)), (3, 5, (32, 40))])
def test_filters_are_those_of_the_twin(J, L, shape):
    bank = MorletBank(J, L, shape)
    expected = [numpy_twin.wavelet(*shape, j, t, L) for j, t in bank.names]
    assert_close(bank.spectra, expected, 1e-9)
    lowpass = numpy_twin.gabor(*shape, 0.8 * 2 ** (J - 1), 0, 0, 1)
    assert_close(bank.lowpass_spectrum, np.fft.fft2(lowpass).real, 1e-9)
    assert bank.lowpass.dtype == bank.spectra.dtype == "float64"


def test_the_first_coefficients_of_the_layer_are_its_filters():
    """A periodic image, filtered by the bank, decimated and smoothed as the layer does."""
    bank, layer = MorletBank(2, 4, (16, 24)), ScatteringFFT(2, 4, 1, padding="periodic")
    image = np.random.default_rng(0).normal(size=(16, 24))
    expected = [np.fft.ifft2(np.fft.fft2(image) * bank.lowpass_spectrum).real[::4, ::4]]
    for (j, _), spectrum in zip(bank.names, bank.spectra):
        step = 2**j
        modulus = abs(np.fft.ifft2(np.fft.fft2(image) * spectrum)[::step, ::step])
        height, width = modulus.shape
        rows, columns = np.r_[0 : height // 2, 16 - height // 2 : 16], np.r_[0 : width // 2, 24 - width // 2 : 24]
        low = bank.lowpass_spectrum[np.ix_(rows, columns)]
        smooth = np.fft.ifft2(np.fft.fft2(modulus) * low).real
        expected.append(smooth[:: 4 // step, :: 4 // step])
    assert_close(layer(image[None, :, :, None])[0], np.stack(expected, axis=-1), 2e-5)


def test_names_and_scales_are_those_of_the_paths():
    bank, paths = MorletBank(3, 4), ScatteringFFT(3, 4, 1).paths
    assert [(name.j,) for name in bank.names] == [path.scales for path in paths[1:]]
    assert [(name.t,) for name in bank.names] == [path.angles for path in paths[1:]]
    assert bank.scales.tolist() == [name.j for name in bank.names]


def test_spectra_peak_at_the_frequencies():
    """Within two bins: what makes the mean vanish shifts the peak a little."""
    n = 128
    bank = MorletBank(3, 8, (n, n))
    for spectrum, frequency in zip(bank.spectra, bank.frequencies):
        peak = 2 * np.pi * np.fft.fftfreq(n)[np.array(np.unravel_index(spectrum.argmax(), (n, n)))]
        assert np.abs(peak - frequency).max() < 2 * 2 * np.pi / n


@pytest.mark.parametrize("L", [4, 8])
def test_spectra_are_gaussians_of_the_bandwidths(L):
    """Around the centre, along and across, less what makes the mean vanish, over three periods of frequency."""
    n = 64
    bank = MorletBank(3, L, (n, n))
    omega = 2 * np.pi * np.fft.fftfreq(n)
    rows, columns = np.meshgrid(*[np.concatenate([omega - 2 * np.pi, omega, omega + 2 * np.pi])] * 2, indexing="ij")
    for spectrum, centre, width in zip(bank.spectra, bank.frequencies, bank.bandwidths):
        cos, sin = centre / np.hypot(*centre)
        along, across = rows * cos + columns * sin, columns * cos - rows * sin

        def gaussian(xi, parts=(along, across), width=width):
            found = np.exp(-(((parts[0] - xi) / width[0]) ** 2 + (parts[1] / width[1]) ** 2) / 2)
            return found.reshape(3, n, 3, n).sum((0, 2))

        oscillation, envelope = gaussian(np.hypot(*centre)), gaussian(0)
        assert_close(spectrum, oscillation - oscillation[0, 0] / envelope[0, 0] * envelope, 1e-4)


def test_bounds_inside_the_disc():
    """Figures measured on Kymatio's bank."""
    least, most = MorletBank(J=3, L=8, shape=(64, 64)).frame_bounds(below=np.pi)
    assert least == pytest.approx(0.3475, abs=2e-3) and most == pytest.approx(1.0136, abs=2e-4)


def test_equal_banks_share_their_spectra():
    assert np.shares_memory(MorletBank(2, 4, (20, 20)).spectra, MorletBank(2, 4, [20, 20]).spectra)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"J": 0}, ValueError, "J must be an integer >= 1. Received: J=0"),
        ({"J": 2.0}, TypeError, "J must be an integer >= 1. Received: J=2.0"),
        ({"J": 10**9}, ValueError, "J must be at most 26. Received: J=1000000000"),
        ({"J": 2, "L": 0}, ValueError, "L must be an integer >= 1. Received: L=0"),
        ({"J": 2, "shape": 64}, ValueError, "shape must be two integers, height and width. Received: shape=64"),
        ({"J": 2, "shape": (8,)}, ValueError, "shape must be two integers, height and width. Received: shape=(8,)"),
        ({"J": 2, "shape": (8, 8.0)}, TypeError, "shape[1] must be an integer >= 1. Received: shape[1]=8.0"),
        ({"J": 4, "shape": (16, 15)}, ValueError, "width must be at least 2**J = 16 pixels. Received: width=15, J=4"),
        ({"J": 2, "shape": (10**5, 10**5)}, ValueError, f"J, L and shape must give at most {LARGEST} values, 512 MiB"),
        ({"J": 1, "L": 10**9}, ValueError, f"J, L and shape must give at most {LARGEST} values"),
        ({"J": 20, "shape": (2**20, 2**20)}, ValueError, "Received: J=20, L=8, shape=(1048576, 1048576)"),
    ],
)
def test_bad_arguments(arguments, error, text):
    with pytest.raises(error) as caught:
        MorletBank(**arguments)
    assert text in str(caught.value)

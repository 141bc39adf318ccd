import numpy as np
import pytest
from compare import assert_close, images
from keras import ops

from keras_scatter.functional import fourier


@pytest.mark.parametrize("factor", [1, 2, 4])
def test_folding_a_spectrum_decimates_the_planes(factor):
    plane = images(3, 16, 24)
    spectrum = np.fft.fft2(plane)
    found = (
        fourier.fold(ops.convert_to_tensor(spectrum.real), factor),
        fourier.fold(ops.convert_to_tensor(spectrum.imag), factor),
    )
    expected = np.fft.fft2(plane[:, ::factor, ::factor])
    for part, other in zip(found, (expected.real, expected.imag)):
        assert_close(part, other, 1e-6)


def test_convolution_is_circular_and_decimated():
    planes, filters = images(2, 12, 8), images(5, 12, 8, seed=1)
    real, imag = fourier.convolve(fourier.spectrum(ops.convert_to_tensor(planes)), ops.convert_to_tensor(filters), 2)
    expected = np.fft.ifft2(np.fft.fft2(planes)[:, None] * filters)[..., ::2, ::2]
    assert_close(real, expected.real, 1e-5)
    assert_close(imag, expected.imag, 1e-5)


def test_banks_are_cached():
    first, second = (fourier.wavelet_bank(2, 8, (40, 40), "float32") for _ in range(2))
    assert first[0] is second[0]
    assert [spectra.shape for spectra in first] == [(8, 40, 40)] * 2


def test_a_large_bank_is_made_of_its_factors_in_every_call(monkeypatch):
    kept = fourier.wavelet_bank(3, 4, (48, 64), "float32")
    monkeypatch.setattr(fourier, "LARGE_BANK", 4 * 3 * 4 * 48 * 64 - 1)
    made = fourier.wavelet_bank(3, 4, (48, 64), "float32")
    assert not any(isinstance(spectra, np.ndarray) for spectra in made)
    for found, expected in zip(made, kept, strict=True):
        assert_close(found, expected, 1e-6)


def test_low_band_keeps_the_lowest_frequencies():
    index = np.fft.fftfreq(16, 1 / 16).astype("float32")
    filters = np.broadcast_to(index[:, None] + 100 * index, (1, 16, 16))
    coarse = np.fft.fftfreq(8, 1 / 8)
    assert_close(fourier.low_band(ops.convert_to_tensor(filters), 1)[0], coarse[:, None] + 100 * coarse, 0)

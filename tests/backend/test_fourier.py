import numpy as np
import pytest
from compare import assert_close, images
from keras import ops

from keras_scatter.backend import fourier


@pytest.mark.parametrize("factor", [1, 2, 4])
def test_folding_a_spectrum_decimates_the_planes(factor):
    plane = images(3, 16, 24)
    spectrum = np.fft.fft2(plane) / factor**2
    found = [fourier.fold(ops.convert_to_tensor(part), (factor, factor)) for part in (spectrum.real, spectrum.imag)]
    expected = np.fft.fft2(plane[:, ::factor, ::factor])
    for part, other in zip(found, (expected.real, expected.imag), strict=True):
        assert_close(part, other, 1e-6)


def waves(planes, filters, factors):
    spectrum = fourier.spectrum(ops.convert_to_tensor(planes), len(factors))
    return fourier.convolve(spectrum, ops.convert_to_tensor(filters), factors)


@pytest.mark.parametrize("factors", [(2, 2), (1, 4), (1, 1)])
def test_convolution_is_circular_and_decimated(factors):
    planes, filters = images(2, 3, 12, 8), images(5, 12, 8, seed=1)
    found = waves(planes, filters, factors)
    expected = np.fft.ifft2(np.fft.fft2(planes)[:, :, None] * filters)[..., :: factors[0], :: factors[1]]
    expected = expected.reshape(2, 15, *expected.shape[3:]) * np.prod(factors)
    for part, other in zip(fourier.parts(found), (expected.real, expected.imag), strict=True):
        assert_close(part, other, 1e-5)
    assert_close(fourier.modulus(found), abs(expected), 1e-5)


def test_volumes():
    planes, filters = images(1, 2, 4, 6, 8), images(3, 4, 6, 8, seed=1)
    expected = np.fft.ifftn(np.fft.fftn(planes, axes=(2, 3, 4))[:, :, None] * filters, axes=(3, 4, 5))
    assert_close(fourier.modulus(waves(planes, filters, (1, 1, 1))), abs(expected).reshape(1, 6, 4, 6, 8), 1e-5)


@pytest.mark.parametrize(("negative", "positive"), [(0, 5), (3, 5), (8, 8)])
def test_the_window_of_a_half_spectrum(negative, positive):
    """Bins of negative frequencies are the conjugates of positive ones."""
    x = images(2, 1, 16) - 0.5
    filters = np.eye(negative + positive, dtype="float32")
    spectrum = fourier.window(fourier.spectrum(ops.convert_to_tensor(x), 1), negative, positive)
    found = fourier.convolve(spectrum, ops.convert_to_tensor(filters), (1,))
    whole = np.fft.fft(x)
    expected = np.concatenate([whole[..., :positive], whole[..., 16 - negative :]], -1) / (negative + positive)
    # A single bin is a wave whose modulus is that of the bin.
    assert_close(fourier.modulus(found), np.repeat(abs(expected).transpose(0, 2, 1), negative + positive, 2), 1e-5)

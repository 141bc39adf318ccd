import numpy as np
import pytest
from compare import assert_close, images

from keras_scatter import denoise
from keras_scatter.errors import psnr


def noise(shape, sigma, seed=0):
    return np.random.default_rng(seed).normal(scale=sigma, size=shape)


@pytest.mark.parametrize("sigma, gain", [(10, 6.2), (25, 9.3), (50, 11.8)])
def test_the_cameraman_gains_decibels(sigma, gain):
    """6.6, 9.7 and 12.1 dB were measured."""
    data = pytest.importorskip("skimage.data")
    clean = data.camera()[64:320, 64:320].astype("float32")
    noisy = clean + noise(clean.shape, sigma)
    assert psnr(denoise(noisy, sigma), clean) > psnr(noisy, clean) + gain


def test_colours_gain_decibels():
    data = pytest.importorskip("skimage.data")
    clean = data.astronaut()[:129, 190:311] / 255
    noisy = clean + noise(clean.shape, 0.1)
    denoised = denoise(noisy, 0.1, channel_axis=-1)
    assert denoised.shape == clean.shape and denoised.dtype == "float32"
    assert psnr(denoised, clean, peak=1) > psnr(noisy, clean, peak=1) + 7


def test_noise_alone_is_taken_away():
    """Of its energy in the five sixths of the spectrum that wavelets hold nearly nothing stays."""
    noisy = noise((4, 64, 64), 3.0)
    assert denoise(noisy, 3.0).std() < 0.15 * noisy.std()


def test_an_image_without_noise_stays():
    image = images(37, 50)
    assert_close(denoise(image, 0), image)


def test_batches_and_channels_are_images_by_themselves():
    stack = images(2, 3, 21, 34) + noise((2, 3, 21, 34), 0.2)
    expected = np.stack([[denoise(image, 0.2) for image in row] for row in stack])
    assert_close(denoise(stack, 0.2), expected)
    assert_close(denoise(stack, 0.2, channel_axis=1), expected)
    last = denoise(np.moveaxis(stack, 1, -1), 0.2, channel_axis=-1)
    assert_close(np.moveaxis(last, -1, 1), expected)


@pytest.mark.parametrize("shape, levels", [((1, 1), None), ((1, 40), None), ((6, 6), 2), ((130, 67), 6)])
def test_images_of_any_size(shape, levels):
    found = denoise(images(*shape), 0.1, levels)
    assert found.shape == shape and np.isfinite(found).all()


def test_integers_are_numbers():
    image = (255 * images(16, 16)).astype("uint8")
    assert_close(denoise(image, 10), denoise(image.astype("float64"), 10))


WRONG = {
    "rank": ((np.zeros(9), 1), {}, ValueError, r"image must have height and width. Received: shape \(9,\)"),
    "no channels": (
        (np.zeros((9, 9)), 1),
        {"channel_axis": -1},
        ValueError,
        "image must have height, width and channels",
    ),
    "empty": ((np.zeros((0, 9)), 1), {}, ValueError, r"image must have pixels. Received: shape \(0, 9\)"),
    "complex": ((np.zeros((9, 9), "complex64"), 1), {}, TypeError, "image must be an array of real numbers"),
    "negative": ((np.zeros((9, 9)), -1), {}, ValueError, "sigma must be a number >= 0. Received: sigma=-1"),
    "no number": ((np.zeros((9, 9)), "25"), {}, TypeError, "sigma must be a number >= 0. Received: sigma='25'"),
    "levels": ((np.zeros((9, 9)), 1, 7), {}, ValueError, "levels must be an integer from 1 to 6. Received: levels=7"),
    "axis": ((np.zeros((9, 9, 3)), 1), {"channel_axis": 3}, ValueError, "channel_axis must be an integer from -3 to 2"),
}


@pytest.mark.parametrize("arguments, options, error, message", WRONG.values(), ids=WRONG)
def test_wrong_arguments(arguments, options, error, message):
    with pytest.raises(error, match=message):
        denoise(*arguments, **options)

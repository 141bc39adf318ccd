import numpy as np
import pytest
import scipy.signal
from compare import assert_close, once

from keras_scatter import saved_filters
from keras_scatter.filters import GroupBank, MorletBank
from keras_scatter.filters.groups import designed_group, resolve_config

pytestmark = once


def group(L=4, order=1, J=None, design="faithful", share_filters=True):
    config = resolve_config(L, order, J, 7, design, 2, share_filters)
    return config, designed_group(config)


@pytest.mark.parametrize(("J", "shape"), [(1, (16, 16)), (2, (32, 24)), (3, (40, 64))])
def test_the_faithful_design_has_the_filters_of_the_transform(J, shape):
    bank, exact = GroupBank(*group(J=J), shape=shape), MorletBank(J, 4, shape)
    assert bank.names == exact.names
    # As the design weighs errors of psi_1: by the spectrum of images.
    omega = np.meshgrid(*(2 * np.pi * np.fft.fftfreq(n) for n in shape), indexing="ij")
    weight = 1 / np.maximum(np.hypot(*omega), 2 * np.pi / 64)
    error = np.linalg.norm((bank.spectra - exact.spectra) * weight, axis=(1, 2))
    assert (error < 0.08 * np.linalg.norm(exact.spectra * weight, axis=(1, 2))).all()
    assert_close(bank.lowpass_spectrum, exact.lowpass_spectrum, 1e-12)
    assert_close(bank.frequencies, exact.frequencies, 0.1)


def correlated(image, kernel):
    """As convolution layers do it, on a periodic image."""
    found = [scipy.signal.correlate2d(image, part, "same", "wrap") for part in (kernel.real, kernel.imag)]
    return found[0] + 1j * found[1]


@pytest.mark.parametrize("name", ["cifar10_o2", "refined_o2"])
def test_wavelets_are_what_the_kernels_make_of_an_image(name):
    config, arrays = saved_filters.load(name)
    arrays = {key: np.asarray(array, "float64") for key, array in arrays.items()}
    image = np.random.default_rng(0).normal(size=(16, 24))
    bank = GroupBank(config, arrays, image.shape)
    first, later = (arrays[f"psi_{d}_real"] + 1j * arrays[f"psi_{d}_imag"] for d in (0, 1))
    lowpass = arrays["lowpass_1" if config["design"] == "faithful" else "lowpass_0"]
    channels = [correlated(image, lowpass[:, :, 0, p])[::2, ::2].real for p in range(lowpass.shape[3])]
    for t in range(8):
        filtered = np.fft.ifft2(np.fft.fft2(image) * bank.spectra[[t, 8 + t]])
        assert_close(filtered[0], correlated(image, first[:, :, 0, t]), 1e-10)
        expected = sum(correlated(channel, later[:, :, p, t]) for p, channel in enumerate(channels))
        assert_close(filtered[1][::2, ::2], expected, 1e-10)


def test_the_low_pass_of_the_design_of_the_paper_is_that_of_all_blocks():
    config, arrays = saved_filters.load("cifar10_o2")
    image = np.random.default_rng(0).normal(size=(16, 24))
    half = correlated(image, arrays["lowpass_0"][:, :, 0, 0].astype("float64")).real[::2, ::2]
    expected = correlated(half, arrays["lowpass_1"][:, :, 0, 0].astype("float64")).real[::2, ::2]
    filtered = np.fft.ifft2(np.fft.fft2(image) * GroupBank(config, arrays, image.shape).lowpass_spectrum)
    assert_close(filtered[::4, ::4], expected, 1e-10)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"shape": (16, 18)}, "width must be a multiple of 2**J = 4. Received: width=18, J=2"),
        ({"shape": (2, 16)}, "height must be at least 2**J = 4 pixels. Received: height=2, J=2"),
        ({"shape": 16}, "shape must be two integers, height and width. Received: shape=16"),
        ({"shape": (2**14, 2**14)}, "J, L and shape must give at most 67108864 values"),
        ({"arrays": {}}, "arrays must have the names and shapes {'psi_0_real': (7, 7, 1, 4)"),
    ],
)
def test_bad_arguments(changes, text):
    config, arrays = group(J=2)
    with pytest.raises(ValueError) as caught:
        GroupBank(**{"config": config, "arrays": arrays, **changes})
    assert text in str(caught.value)


def test_filters_that_are_not_shared_are_no_bank():
    with pytest.raises(ValueError, match="config must have share_filters=True"):
        GroupBank(*group(design="paper", share_filters=False))

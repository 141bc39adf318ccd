import numpy as np
import pytest
from compare import assert_close, once

from keras_scatter.filters import DualTreeBank
from keras_scatter.filters.dtcwt_taps import BIORT_NAMES, QSHIFT_NAMES
from keras_scatter.layers import DTCWT

pytestmark = once


@pytest.mark.parametrize(
    ("levels", "biort", "qshift"),
    [
        (1, "legall", "qshift_a"),
        (3, "near_sym_a", "qshift_a"),
        (2, "farras", "qshift_d"),
        (2, "near_sym_b_bp", "qshift_b_bp"),
    ],
)
def test_coefficients_are_those_of_the_layer(levels, biort, qshift):
    """Of an image that is zero around its middle, so that the border is not seen."""
    image = np.zeros((160, 192))
    image[72:88, 88:104] = np.random.default_rng(0).normal(size=(16, 16))
    bank = DualTreeBank(levels, biort, qshift, image.shape)
    low, high = DTCWT(levels, biort, qshift)(image[None, :, :, None])
    filtered = np.fft.ifft2(np.fft.fft2(image) * bank.spectra)
    for (j, t), found in zip(bank.names, filtered):
        step = 2 ** (j + 1)
        real, imag = (np.asarray(part)[0, :, :, t, 0] for part in high[j])
        assert_close(step * found[::step, ::step], real + 1j * imag, 1e-5)
    smooth = np.fft.ifft2(np.fft.fft2(image) * bank.lowpass_spectrum).real[:: 2**levels, :: 2**levels]
    assert_close(2 ** (levels - 1) * smooth, np.asarray(low)[0, ::2, ::2, 0], 1e-5)


@pytest.mark.parametrize("qshift", [name for name in QSHIFT_NAMES if not name.endswith("_bp")])
def test_orthonormal_filters_keep_every_frequency(qshift):
    assert_close(DualTreeBank(3, "farras", qshift, (32, 48)).littlewood_paley(), np.ones((32, 48)), 1e-4)


@pytest.mark.parametrize("biort", [name for name in BIORT_NAMES if name not in ("near_sym_a2", "near_sym_b_bp")])
def test_other_filters_nearly_do(biort):
    least, most = DualTreeBank(2, biort).frame_bounds()
    assert 0.75 < least <= 1 <= most < 1.85


def test_orientations():
    """Waves of 15 to 165 degrees have steep rows first, then steep columns, and both of either sign."""
    bank = DualTreeBank(3)
    for j in range(3):
        rows, columns = bank.frequencies[bank.scales == j].T
        steepness = abs(rows) > abs(columns)
        assert steepness[[0, 5]].all() and not steepness[[2, 3]].any()
        assert_close(abs(rows[[1, 4]]), abs(columns[[1, 4]]), 1e-10)
        assert (rows[:3] * columns[:3] > 0).all() and (rows[3:] * columns[3:] < 0).all()
        assert np.hypot(rows, columns).max() < np.pi * 1.2 / 2**j


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"levels": 0}, ValueError, "levels must be an integer >= 1. Received: levels=0"),
        ({"levels": 1.0}, TypeError, "levels must be an integer >= 1. Received: levels=1.0"),
        ({"levels": 27}, ValueError, "levels must be at most 26. Received: levels=27"),
        ({"biort": "haar"}, ValueError, "biort must be one of 'antonini', 'farras'"),
        ({"qshift": "qshift_z"}, ValueError, "qshift must be one of 'qshift_06', 'qshift_32'"),
        (
            {"levels": 5, "shape": (64, 16)},
            ValueError,
            "width must be at least 2**levels = 32 pixels. Received: width=16",
        ),
        ({"shape": (2**13, 2**13)}, ValueError, "levels and shape must give at most 67108864 values"),
    ],
)
def test_bad_arguments(arguments, error, text):
    with pytest.raises(error) as caught:
        DualTreeBank(**arguments)
    assert text in str(caught.value)

import keras
import numpy as np
import pytest
from compare import assert_close, images

from keras_scatter import testing
from keras_scatter.layers import ComplexModulusConv, ScatteringFFT

pytestmark = pytest.mark.keras_version

IDENTITY = keras.layers.Identity()
TRIPLE = keras.layers.Rescaling(3.0)
BROKEN = keras.layers.Rescaling(float("nan"))


@pytest.mark.parametrize("layer", [ScatteringFFT(J=2, L=4), ComplexModulusConv(L=8, order=2)])
def test_scattering_passes(layer):
    x = images(3, 24, 24, 2)
    assert testing.assert_translation_stable(layer, x, tolerance=0.2).max() > 0
    assert testing.assert_noise_stable(layer, x).shape == (3,)
    assert testing.assert_deformation_stable(layer, x, deviation=0.5).shape == (3,)
    assert testing.assert_energy_bounded(layer, x).max() > 0.5


@pytest.mark.parametrize(
    "check, text",
    [
        (lambda x: testing.assert_translation_stable(IDENTITY, x, 0.01), "under a shift by (1, 1) pixels: "),
        (lambda x: testing.assert_noise_stable(TRIPLE, x, bound=0.5), "under noise of deviation 0.1: "),
        (lambda x: testing.assert_deformation_stable(TRIPLE, x, bound=0.5), "under a deformation by 1.0 pixels: "),
        (
            lambda x: testing.assert_energy_bounded(TRIPLE, x),
            "energy of the features to that of the image: 9 for image",
        ),
        (lambda x: testing.assert_translation_stable(BROKEN, x, 10.0), "nan for image 0"),
        (lambda x: testing.assert_energy_bounded(BROKEN, x), "nan for image 0"),
    ],
)
def test_what_is_not_stable_is_named(check, text):
    with pytest.raises(AssertionError) as caught:
        check(images(3, 16, 16, 1))
    assert text in str(caught.value)


def test_no_images_is_no_success():
    for check in (testing.assert_energy_bounded, testing.assert_noise_stable, testing.assert_deformation_stable):
        with pytest.raises(ValueError, match=r"images must hold at least one image\. Received: shape"):
            check(IDENTITY, images(0, 16, 16, 1))


def test_the_worst_image_is_named():
    x = np.full((3, 16, 16, 1), 0.5, "float32")
    x[1] = images(16, 16, 1)
    with pytest.raises(AssertionError, match=r"for image 1, allowed 0\.01"):
        testing.assert_translation_stable(IDENTITY, x, 0.01)


def test_relative_distance_is_zero_for_equal_rows_even_if_they_vanish():
    assert_close(1 + testing.relative_distance(np.zeros((2, 3)), np.zeros((2, 3))), np.ones(2), 0)


def test_features_go_through_in_batches():
    x = images(5, 8, 8, 1)
    assert_close(testing.features(IDENTITY, x, batch_size=2), x.reshape(5, -1), 0)


def test_channels_first():
    layer = ScatteringFFT(J=1, L=4, order=1, data_format="channels_first")
    x = images(2, 3, 16, 12)
    options = {"data_format": "channels_first"}
    testing.assert_energy_bounded(layer, x, **options)
    testing.assert_translation_stable(layer, x, 0.5, **options)

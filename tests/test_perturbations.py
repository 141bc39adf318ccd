import numpy as np
import pytest
from compare import assert_close, images, once

from keras_scatter import perturbations

pytestmark = once


def test_noise_has_the_deviation():
    noise = perturbations.add_noise(np.full((4, 64, 64, 1), 5.0), 2.0, seed=3) - 5
    assert abs(noise.std() - 2) < 0.05 and abs(noise.mean()) < 0.05
    assert not np.array_equal(noise, perturbations.add_noise(np.zeros((4, 64, 64, 1)), 2.0, seed=4))


@pytest.mark.parametrize("rows, columns", [(2, 2), (-1, 3), (0, 0)])
def test_shift_moves_down_and_right_and_mirrors(rows, columns):
    x = images(2, 8, 10, 3)
    padded = np.pad(x, [(0, 0), (4, 4), (4, 4), (0, 0)], "reflect")
    expected = padded[:, 4 - rows : 12 - rows, 4 - columns : 14 - columns]
    assert_close(perturbations.shift(x, rows, columns), expected, 0)


def test_shift_by_more_than_the_image():
    with pytest.raises(ValueError, match=r"must be less than the size of the image, 8\. Received: .*=8"):
        perturbations.shift(images(1, 8, 10, 1), 8, 0)


@pytest.mark.parametrize("perturb", [lambda x: perturbations.shift(x, 2, 2), lambda x: perturbations.deform(x, 3.0)])
def test_constant_images_do_not_change(perturb):
    x = np.full((2, 20, 24, 2), 0.25, "float32")
    assert_close(perturb(x), x, 1e-6)


def test_an_identity_warp_changes_nothing():
    x = images(2, 20, 24, 2)
    assert np.array_equal(perturbations.deform(x, 0.0), x)


def test_a_deformation_is_smooth_and_of_the_given_size():
    ramp = np.broadcast_to(np.arange(128.0)[:, None, None], (8, 128, 128, 1))
    displacement = (ramp - perturbations.deform(ramp, 2.0, spacing=16))[:, 16:-16, :, 0]
    assert 1.0 < displacement.std() < 2.0
    assert np.abs(np.diff(displacement, axis=2)).max() < 1.5
    assert not np.allclose(displacement[0], displacement[1])


@pytest.mark.parametrize(
    "perturb",
    [
        lambda x, **options: perturbations.shift(x, 1, 2, **options),
        lambda x, **options: perturbations.deform(x, 1.5, **options),
    ],
)
def test_channels_first(perturb):
    x = images(2, 12, 14, 3)
    found = perturb(x.transpose(0, 3, 1, 2), data_format="channels_first")
    assert_close(found.transpose(0, 2, 3, 1), perturb(x), 0)


@pytest.mark.parametrize(
    "images, options, text",
    [
        (np.zeros((4, 4)), {}, r"images must be an array of rank 4. Received: shape \(4, 4\)"),
        (np.zeros((1, 4, 4, 1)), {"data_format": "nchw"}, "data_format must be one of 'channels_last'"),
    ],
)
def test_bad_input(images, options, text):
    with pytest.raises(ValueError, match=text):
        perturbations.shift(images, 1, 1, **options)

import keras
import numpy as np
import pytest
from compare import images, once

from keras_scatter.workflows import datasets
from keras_scatter.workflows.datasets import load_images

pytestmark = once


@pytest.mark.parametrize("dataset", ["dead_leaves", "random"])
def test_procedural_images(dataset):
    train, held_out = load_images(dataset, 5, 3, size=12, seed=1)
    assert train.shape == (5, 12, 12, 1) and held_out.shape == (3, 12, 12, 1)
    assert train.dtype == np.float32 and 0 <= train.min() < train.max() <= 1
    again, _ = load_images(dataset, 5, 3, size=12, seed=1)
    assert np.array_equal(train, again)
    other, _ = load_images(dataset, 5, 3, size=12, seed=2)
    assert not np.array_equal(train, other)


def test_held_out_dead_leaves_are_of_another_scene():
    """No row of a held-out image, which has many grey values, stands in a training image."""
    train, held_out = load_images("dead_leaves", 300, 100, size=8)
    rows = {row.tobytes() for row in train.reshape(-1, 8) if len(np.unique(row)) > 4}
    others = {row.tobytes() for row in held_out.reshape(-1, 8) if len(np.unique(row)) > 4}
    assert rows and others and not rows & others


def test_dead_leaves_have_the_spectrum_of_photographs():
    """Power falls about as 1 / frequency^2."""
    windows = datasets.dead_leaves(60, 64) * np.hanning(64)[:, None, None] * np.hanning(64)[:, None]
    power = (abs(np.fft.fft2(windows[..., 0] - windows.mean((1, 2, 3))[:, None, None])) ** 2).mean(0)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(64), np.fft.fftfreq(64)))
    kept = (frequency > 0.06) & (frequency < 0.4)
    slope = np.polyfit(np.log(frequency[kept]), np.log(power[kept]), 1)[0]
    assert -2.8 < slope < -1.6


def test_folder_of_images(tmp_path):
    for i, image in enumerate(images(6, 20, 30, 3)):
        keras.utils.save_img(tmp_path / f"{i}.png", image)
    train, held_out = load_images(str(tmp_path), 4, 1, size=16)
    assert train.shape == (4, 16, 16, 1) and held_out.shape == (1, 16, 16, 1)
    assert 0 <= train.min() < train.max() <= 1
    others, same = load_images(str(tmp_path), 9, 1, size=16, seed=5)
    assert np.array_equal(same, held_out) and len(others) == 5
    assert not any(np.array_equal(image, held_out[0]) for image in others)


def test_the_green_channel_is_taken():
    colour = np.zeros((1, 2, 2, 3), "uint8")
    colour[..., 1] = 51
    assert np.allclose(datasets.green(colour), 0.2)
    assert datasets.green(colour[..., :1]).shape == (1, 2, 2, 1)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (("dead_leaves", 0, 1), ValueError, "count must be an integer >= 1. Received: count=0"),
        (("dead_leaves", 1, 1.5), TypeError, "held_out must be an integer >= 1. Received: held_out=1.5"),
        (("dead_leaves", 1, 1, 2), ValueError, "size must be an integer >= 4. Received: size=2"),
        (("no_such_set", 1, 1), ValueError, "dataset must be dead_leaves, random, a folder of images, or"),
    ],
)
def test_bad_arguments(arguments, error, text):
    with pytest.raises(error) as caught:
        load_images(*arguments)
    assert text in str(caught.value)


def test_empty_folder(tmp_path):
    with pytest.raises(ValueError, match="dataset must be a folder with images"):
        load_images(str(tmp_path), 1, 1)


def test_a_failed_download_names_the_variable_for_local_copies(monkeypatch, tmp_path):
    import tensorflow_datasets as tfds

    def fail(*arguments, **options):
        raise ConnectionError("no route to host")

    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", fail)
    with pytest.raises(ValueError, match=r"'cifar10' could not be downloaded .*no route to host.*TFDS_DATA_DIR"):
        load_images("cifar10", 1, 1)


def test_a_missing_package_is_named_with_the_way_to_install_it():
    from keras_scatter.optional import require

    with pytest.raises(ImportError, match=r"no_such_package is needed here .* pip install 'keras_scatter\[plots\]'"):
        require("no_such_package", "plots")


def test_striped_images():
    found, labels = datasets.striped_images(50, (12, 16, 3), classes=4, seed=1)
    assert found.shape == (50, 12, 16, 3) and found.dtype == np.uint8 and set(labels) == {0, 1, 2, 3}
    again, same = datasets.striped_images(50, (12, 16, 3), classes=4, seed=1)
    assert np.array_equal(found, again) and np.array_equal(labels, same)


def test_stripes_run_along_the_direction_of_their_class():
    found, labels = datasets.striped_images(60, (32, 32, 1), classes=2)
    spectra = abs(np.fft.fft2(found[..., 0] - found.mean((1, 2, 3))[:, None, None]))
    # Class 0 varies along the columns, class 1 along the rows.
    along_columns = spectra[:, 0].max(1) > spectra[:, :, 0].max(1)
    assert np.array_equal(along_columns, labels == 0)


def test_standardised():
    train = np.random.default_rng(0).integers(0, 200, (5, 6, 7, 3)).astype("uint8")
    found, other = datasets.standardised(train, train + 10)
    assert found.dtype == np.float32
    assert np.allclose(found.mean((0, 1, 2)), 0, atol=1e-5) and np.allclose(found.std((0, 1, 2)), 1, atol=1e-5)
    assert np.allclose(other - found, 10 / train.std((0, 1, 2)), atol=1e-5)


def test_labelled_images_of_tensorflow_datasets():
    import tensorflow_datasets as tfds

    with tfds.testing.mock_data(num_examples=6):
        (train, labels), (test, _) = datasets.load_labelled("mnist", ("train", "test"), images=4)
    assert train.shape == test.shape == (4, 28, 28, 1) and train.dtype == np.uint8
    assert labels.shape == (4,) and labels.dtype == np.int64


def test_unknown_labelled_images():
    with pytest.raises(ValueError, match=r"dataset must be an image data set .* Received: dataset='no_such_set'"):
        datasets.load_labelled("no_such_set", ("train", "test"))

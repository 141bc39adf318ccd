from types import SimpleNamespace

import numpy as np
import pytest
from compare import once

from keras_scatter.workflows import tfds_images
from keras_scatter.workflows.tfds_images import TfdsImages

tfds = pytest.importorskip("tensorflow_datasets")
pytestmark = once


@pytest.fixture(autouse=True)
def builder(tmp_path, monkeypatch):
    """A data set of 20 images in each of two splits, whose labels are those of MNIST."""
    builder = tfds.testing.DummyMnist(data_dir=tmp_path)
    builder.download_and_prepare()
    monkeypatch.setattr(tfds_images, "image_builder", lambda *arguments: builder)
    return builder


def test_images_and_labels(builder):
    source = TfdsImages("mnist", scale=2)
    whole = list(builder.as_dataset(split="train").as_numpy_iterator())
    part = source.read(2, 6)
    assert (source.count, source.shape) == (20, (28, 28, 1)) and part.inputs.dtype == np.float32
    assert np.array_equal(part.inputs, 2.0 * np.stack([example["image"] for example in whole[2:6]]))
    assert part.labels.tolist() == [example["label"] for example in whole[2:6]]
    described = source.describe()
    assert described["name"].endswith("mnist/3.0.1") and described["images"] == 20 and described["split"] == "train"


def test_parts_of_splits():
    source = TfdsImages("mnist", "train[2:6]+test[15:]")
    assert source.count == 9
    assert source._cut(0, 9) == "train[2:6]+test[15:20]"
    assert source._cut(3, 6) == "train[5:6]+test[15:17]"
    assert source._cut(4, 5) == "test[15:16]"
    assert len(source.read(3, 6).inputs) == 3


def test_images_are_scaled(builder, monkeypatch):
    assert TfdsImages("mnist", image_size=(14, 8)).read(0, 2).inputs.shape == (2, 14, 8, 1)
    info = SimpleNamespace(splits=builder.info.splits, features={"image": SimpleNamespace(shape=(None, None, 3))})
    monkeypatch.setattr(tfds_images, "image_builder", lambda *arguments: SimpleNamespace(info=info))
    with pytest.raises(ValueError, match="image_size must be given for images of many sizes"):
        TfdsImages("mnist")


@pytest.mark.parametrize("split", ["nothing", "train[", "train[3:3]"])
def test_bad_splits(split):
    with pytest.raises(ValueError, match="split must"):
        TfdsImages("mnist", split)

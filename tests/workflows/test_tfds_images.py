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


@pytest.fixture
def broken(builder):
    """The number of bytes that stay of some of the training images."""
    import tensorflow as tf

    (path,) = builder.data_path.glob("*-train.tfrecord*")
    examples = [tf.train.Example.FromString(record.numpy()) for record in tf.data.TFRecordDataset(str(path))]
    for number, length in {3: 40, 7: 0}.items():
        image = examples[number].features.feature["image"].bytes_list
        image.value[0] = image.value[0][:length]
    with tf.io.TFRecordWriter(str(path)) as writer:
        for example in examples:
            writer.write(example.SerializeToString())
    return path.name


def test_images_that_cannot_be_read_are_named_and_counted(broken):
    said = rf"input must hold images that can be read.* Received: 2 that cannot be read \({broken}__3: .*__7: "
    with pytest.raises(ValueError, match=said):
        TfdsImages("mnist").read(2, 9)
    assert not TfdsImages("mnist").read(8, 12).skipped


def test_images_that_cannot_be_read_are_left_out_when_asked(builder, broken):
    source = TfdsImages("mnist", scale=1, on_error="skip")
    part = source.read(2, 9)
    assert list(part.skipped) == [f"{broken}__3", f"{broken}__7"] and all(part.skipped.values())
    assert part.inputs.shape == (5, 28, 28, 1) and len(part.labels) == 5
    assert np.array_equal(part.inputs, np.concatenate([source.read(*ends).inputs for ends in ((2, 3), (4, 7), (8, 9))]))
    none = source.read(3, 4)
    assert none.inputs.shape == (0, 28, 28, 1) and none.labels.shape == (0,) and len(none.skipped) == 1
    assert source.describe() != TfdsImages("mnist", scale=1).describe()
    with pytest.raises(ValueError, match="on_error must be one of 'fail', 'skip'"):
        TfdsImages("mnist", on_error="stop")


@pytest.mark.parametrize("split", ["nothing", "train[", "train[3:3]"])
def test_bad_splits(split):
    with pytest.raises(ValueError, match="split must"):
        TfdsImages("mnist", split)

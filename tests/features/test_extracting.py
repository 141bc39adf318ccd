import numpy as np
import pytest
from compare import assert_close, images, once

import keras_scatter
from keras_scatter.features import computing, extracting
from keras_scatter.layers import ScatteringFFT

X, LABELS = images(10, 8, 8, 1), np.arange(10)


def layer():
    return ScatteringFFT(J=1, L=2, order=1)


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def extract(data, out=None, **options):
    return keras_scatter.extract(layer(), data, out, **{"shard_size": 4, "verbose": False} | options)


def test_to_memory():
    expected = layer()(X)
    assert_close(extract(X, batch_size=3), expected)
    features, labels = extract((X, LABELS))
    assert_close(features, expected)
    assert np.array_equal(labels, LABELS)


def test_to_a_folder(tmp_path):
    features = extract((X, LABELS), tmp_path / "some" / "out")
    arrays = features.arrays()
    assert_close(arrays["features"], layer()(X))
    assert np.array_equal(arrays["labels"], LABELS) and len(list(features.shards())) == 3
    assert features.config["layer"]["class"] == "ScatteringFFT" and features.config["input"]["kind"] == "arrays"


def test_an_interrupted_call_goes_on(tmp_path, monkeypatch):
    whole = content(extract((X, LABELS), tmp_path / "whole").folder)
    compute, calls = computing.compute, []

    def interrupted(*arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return compute(*arguments)

    monkeypatch.setattr(extracting.computing, "compute", interrupted)
    with pytest.raises(KeyboardInterrupt):
        extract((X, LABELS), tmp_path / "out")
    assert sorted(content(tmp_path / "out")) == ["manifest.json", "shard-000000.npz"]
    extract((X, LABELS), tmp_path / "out")
    assert len(calls) == 4 and content(tmp_path / "out") == whole
    extract((X, LABELS), tmp_path / "out")
    assert len(calls) == 4
    (tmp_path / "out" / "shard-000001.npz").unlink()
    extract((X, LABELS), tmp_path / "out")
    assert len(calls) == 5 and content(tmp_path / "out") == whole


def test_other_data_are_refused(tmp_path):
    extract(X, tmp_path)
    with pytest.raises(ValueError, match=r"out holds features of another config \(input\.sha256: "):
        extract(X + 1, tmp_path)
    with pytest.raises(ValueError, match=r"layer\.config\.L: 2 there, 3 now"):
        keras_scatter.extract(ScatteringFFT(J=1, L=3, order=1), X, tmp_path, shard_size=4, verbose=False)


@once
def test_a_dataset_of_tensorflow(tmp_path):
    import tensorflow as tf

    def dataset(x):
        return tf.data.Dataset.from_tensor_slices((x, LABELS[: len(x)])).batch(3)

    expected = extract((X, LABELS), tmp_path / "arrays").arrays()
    features = extract(dataset(X), tmp_path / "dataset")
    assert np.array_equal(features.arrays()["features"], expected["features"])
    assert np.array_equal(extract(dataset(X), tmp_path / "dataset").arrays()["labels"], LABELS)
    assert_close(extract(dataset(X))[0], expected["features"])
    with pytest.raises(ValueError, match=r"data must come in the same order .*others than .*shard-000000\.npz"):
        extract(dataset(X[::-1]), tmp_path / "dataset")
    with pytest.raises(ValueError, match=r"data must hold what they held before\. Received: 2 shards, but 3 are there"):
        extract(dataset(X[:8]), tmp_path / "dataset")


@once
def test_a_folder_of_images(tmp_path):
    image = pytest.importorskip("PIL.Image")
    for number in range(3):
        image.fromarray((255 * X[number, :, :, 0]).astype("uint8")).save(tmp_path / f"{number}.png")
    found = extract(tmp_path, color_mode="grayscale")
    assert_close(found, layer()((255 * X[:3]).astype("uint8") / 255))
    (tmp_path / "2.png").write_text("")
    features = extract(tmp_path, tmp_path / "out", color_mode="grayscale", on_error="skip")
    assert_close(features.arrays()["features"], found[:2])
    assert list(features.skipped) == ["2.png"] and features.arrays()["names"].tolist() == ["0.png", "1.png"]


@once
def test_bad_arguments(tmp_path):
    (tmp_path / "file").write_text("")
    for options, error, text in (
        ({"out": tmp_path / "file"}, ValueError, "out must be a folder"),
        ({"batch_size": 0}, ValueError, "batch_size must be an integer >= 1. Received: batch_size=0"),
        ({"shard_size": None}, TypeError, "shard_size must be an integer >= 1"),
        ({"verbose": 1}, TypeError, "verbose must be True or False"),
        ({"data": "no such folder"}, ValueError, "data must be a folder of images"),
        ({"data": [["text"]]}, TypeError, "data must be an array of real numbers"),
        ({"layer": "ScatteringFFT"}, TypeError, "layer must be a Keras layer or model"),
    ):
        with pytest.raises(error) as caught:
            keras_scatter.extract(**{"layer": layer(), "data": X} | options)
        assert text in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]

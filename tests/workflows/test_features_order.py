import keras
import numpy as np
import pytest
from compare import once

from keras_scatter.features.sources import Folder
from keras_scatter.layers import LocallyInvariantLayer, ScatteringFFT
from keras_scatter.workflows import features_order

pytestmark = once


def test_layers_as_they_are_written():
    layer = features_order.make_layer("ScatteringFFT(3, L=4, paths=[(1, (0,), (1,))])")
    assert isinstance(layer, ScatteringFFT) and (layer.J, layer.L, len(layer.paths)) == (3, 4, 1)
    assert features_order.make_layer("ScatteringFFT").J == ScatteringFFT().J


def test_random_weights_are_the_same_for_all_workers():
    def weights():
        layer = features_order.make_layer("LocallyInvariantLayer(2)")
        layer.build((None, 8, 8, 1))
        return layer.get_weights()

    assert all(np.array_equal(*pair) for pair in zip(weights(), weights()))
    assert isinstance(features_order.make_layer("LocallyInvariantLayer(2)"), LocallyInvariantLayer)


def test_a_layer_from_a_file(tmp_path):
    path = str(tmp_path / "model.keras")
    keras.Sequential([keras.Input((8, 8, 1)), ScatteringFFT(J=1, L=2)]).save(path)
    assert features_order.layer_of(features_order.make_layer(path)).L == 2
    (tmp_path / "broken.keras").write_text("")
    with pytest.raises(ValueError, match=r"broken\.keras is damaged"):
        features_order.make_layer(str(tmp_path / "broken.keras"))


@pytest.mark.parametrize(
    "text",
    [
        "nothing.keras",
        "NoSuchLayer()",
        "ScatteringFFT(",
        "ScatteringFFT(J=open('a'))",
        "layers.DTCWT()",
        "a" * 9,
        "1",
        "",
    ],
)
def test_other_layers_are_refused(text):
    with pytest.raises(ValueError, match=r"layer must be a \.keras file .*Received: layer="):
        features_order.make_layer(text)


def test_bad_arguments_of_a_layer_are_named():
    with pytest.raises(ValueError, match="J must be"):
        features_order.make_layer("ScatteringFFT(J=-1)")


def test_sources(tmp_path, monkeypatch):
    image = pytest.importorskip("PIL.Image")
    pytest.importorskip("tensorflow_datasets")
    image.fromarray(np.zeros((4, 4), "uint8")).save(tmp_path / "a.png")
    order = {"image_size": None, "color_mode": "grayscale", "scale": 0.5, "on_error": "skip", "split": "test"}
    folder = features_order.source_of({"input": str(tmp_path), **order})
    assert isinstance(folder, Folder) and (folder.shape, folder.scale, folder.on_error) == ((4, 4, 1), 0.5, "skip")
    monkeypatch.setattr(features_order, "TfdsImages", lambda *arguments, **options: (*arguments, options))
    assert features_order.source_of({"input": "mnist", **order}) == (
        "mnist",
        "test",
        {"image_size": None, "scale": 0.5, "on_error": "skip"},
    )
    monkeypatch.undo()
    with pytest.raises(ValueError, match=r"input must be a folder of images, or an image data set .*input='no_such'"):
        features_order.source_of({"input": "no_such", **order})

import numpy as np

from keras_scatter.layers import ScatteringFFT
from keras_scatter.workflows import feature_cache
from keras_scatter.workflows.datasets import striped_images


def test_features_are_computed_once(tmp_path, monkeypatch):
    images, _ = striped_images(5, (16, 16, 1))
    found = feature_cache.cached("exact", "train", images, tmp_path)
    expected = ScatteringFFT(J=2, L=8, order=2)(images / 255)
    assert np.max(np.abs(found - np.asarray(expected))) < 1e-6
    monkeypatch.setitem(feature_cache.FEATURES, "exact", None)
    assert np.array_equal(feature_cache.cached("exact", "train", images, tmp_path), found)
    assert [path.name for path in tmp_path.iterdir()] == ["exact-train.npy"]

import numpy as np
import pytest

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


def test_features_in_parts_go_on_where_they_stopped(tmp_path):
    asked = []

    def compute(first, last):
        asked.append((first, last))
        if first == 4 and len(asked) < 4:
            raise KeyboardInterrupt
        return np.arange(first, last)[:, None]

    with pytest.raises(KeyboardInterrupt):
        feature_cache.cached_in_parts(compute, 5, tmp_path / "features", 2)
    found = feature_cache.cached_in_parts(compute, 5, tmp_path / "features", 2)
    assert found.tolist() == [[0], [1], [2], [3], [4]]
    assert asked == [(0, 2), (2, 4), (4, 5), (4, 5)]
    np.save(tmp_path / "features" / "0001.npy", np.zeros((1, 1)))
    with pytest.raises(ValueError, match=r"0001\.npy is damaged: it has features of 1 items and not of 2"):
        feature_cache.cached_in_parts(compute, 5, tmp_path / "features", 2)

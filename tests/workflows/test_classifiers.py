import keras
import numpy as np
import pytest
from compare import assert_close

from keras_scatter.workflows.classifiers import LEAST, cnn, in_batches, in_deviations, linear


def test_standardised():
    """The moments are those of the first, and one number or one for each feature."""
    features = np.random.default_rng(0).normal(size=(200, 3)) * [1, 100, 0] + [5, 6, 7]
    for each, deviations in ((False, features.std(0) / features.std()), (True, [1, 1, 0])):
        found, others = in_deviations(features, features[:5] + 1, each)
        assert abs(found.mean(0)).max() < 1e-9
        assert_close(found.std(0), np.array(deviations), 1e-9)
        units = [1 / max(one, LEAST) for one in features.std(0)] if each else [1 / features.std()] * 3
        assert_close(others - found[:5], np.broadcast_to(units, (5, 3)), 1e-9)


def test_small_features_count_where_each_has_its_own_deviation():
    """The label is in a feature of a thousandth of the others."""
    pytest.importorskip("sklearn")
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 400)
    features = np.column_stack([generator.normal(size=(400, 4)) * 1e4, 1e-1 * labels])
    arrays = features[:100], labels[:100], features[100:]
    right = {each: (linear(*arrays, each=each) == labels[100:]).mean() for each in (False, True)}
    assert right[True] > 0.95 > 0.7 > right[False]


def test_in_batches():
    images = np.arange(40.0, dtype="float32").reshape(40, 1)
    assert_close(in_batches(keras.layers.Rescaling(2.0), images), 2 * images, 1e-6)


def test_the_network_learns():
    generator = np.random.default_rng(0)
    labels = np.repeat([0, 1], 12)
    images = generator.normal(size=(24, 16, 16, 1)).astype("float32") + 4.0 * labels[:, None, None, None]
    found = cnn(images, labels, images, epochs=20, seed=0)
    assert (found == labels).mean() > 0.9

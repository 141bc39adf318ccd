import doctest
import pickle
import subprocess
import sys

import numpy as np
import pytest
from compare import BACKEND, assert_close, images, once, to_numpy

pytest.importorskip("sklearn")

from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import estimator_checks_generator

from keras_scatter import layers, sklearn
from keras_scatter.sklearn import ScatteringTransformer


@pytest.fixture(scope="module")
def digits():
    return load_digits(return_X_y=True)


def checks():
    return list(estimator_checks_generator(ScatteringTransformer(J=1, L=2, order=1)))


# A skipped one asks for sparse or string inputs, or for a parametrisation that is not ours.
@once
@pytest.mark.parametrize("index", range(len(checks())))
def test_scikit_learn_checks_it(index):
    estimator, check = checks()[index]
    check(estimator)


@pytest.mark.parametrize(
    ("arguments", "shape", "layer", "sample"),
    [
        ({"J": 1, "L": 3}, (3, 8, 10), layers.ScatteringFFT(J=1, L=3), (8, 10, 1)),
        ({"J": 1, "L": 3}, (3, 8, 10, 2), layers.ScatteringFFT(J=1, L=3), (8, 10, 2)),
        ({"J": 1, "L": 3, "shape": (8, 10)}, (3, 80), layers.ScatteringFFT(J=1, L=3), (8, 10, 1)),
        ({"J": 1, "L": 3, "shape": [8, 10, 2]}, (3, 160), layers.ScatteringFFT(J=1, L=3), (8, 10, 2)),
        ({"J": 1, "L": 3, "layer": "ComplexModulusConv"}, (3, 8, 10), layers.ComplexModulusConv(J=1, L=3), (8, 10, 1)),
        ({"J": 3, "Q": 2, "layer": "ScatteringFFT1D"}, (3, 50), layers.ScatteringFFT1D(J=3, Q=2), (50, 1)),
        ({"J": 3, "layer": "ScatteringFFT1D"}, (3, 50, 2), layers.ScatteringFFT1D(J=3), (50, 2)),
        (
            {"J": 1, "L": 1, "layer": "HarmonicScattering3D"},
            (2, 12, 12, 12),
            layers.HarmonicScattering3D(J=1, L=1),
            (12, 12, 12, 1),
        ),
    ],
)
def test_features_are_those_of_the_layer(arguments, shape, layer, sample):
    X = images(*shape)
    transformer = ScatteringTransformer(**arguments, batch_size=2)
    found = transformer.fit_transform(X)
    expected = to_numpy(layer(X.reshape(len(X), *sample)))
    assert found.dtype == "float32"
    assert_close(found, expected.reshape(len(X), -1), 1e-6)
    names = transformer.get_feature_names_out()
    assert names.shape == (found.shape[1],) and len(set(names)) == len(names)


def test_rows_fill_the_smallest_square():
    X = images(2, 7)
    square = np.pad(X, [(0, 0), (0, 2)]).reshape(2, 3, 3)
    transformer = ScatteringTransformer(J=1, L=2, order=1)
    assert_close(transformer.fit_transform(X), ScatteringTransformer(J=1, L=2, order=1).fit_transform(square), 1e-6)
    assert transformer.shape_ == (3, 3, 1)
    # A single pixel becomes the corner of the smallest image that J allows.
    small = ScatteringTransformer(J=2, L=2, order=1)
    assert small.fit(X[:, :1]).shape_ == (4, 4, 1)
    corner = np.zeros((2, 4, 4, 1), "float32")
    corner[:, 0, 0, 0] = X[:, 0]
    assert_close(small.transform(X[:, :1]), to_numpy(layers.ScatteringFFT(2, 2, 1)(corner)).reshape(2, -1), 1e-6)


def test_pooling_and_logarithm():
    X = images(3, 16, 12, 2) - 0.4
    arguments = {"J": 2, "L": 2, "order": 1}
    maps = to_numpy(layers.ScatteringFFT(**arguments)(X))
    transformer = ScatteringTransformer(**arguments, pooling="mean", log=True)
    mean = maps.mean(axis=(1, 2))
    assert_close(transformer.fit_transform(X), np.log(np.abs(mean) + 1e-6), 1e-6)
    names = transformer.get_feature_names_out().tolist()
    assert names[:2] == ["c0_order_0", "c0_j0_t0"] and names[5] == "c1_order_0" and len(names) == 10
    assert (mean[:, [0, 5]] < mean.max()).all()


def test_names_follow_the_features():
    """A feature that only one place and channel can change has their name."""
    x = np.zeros((1, 16, 8, 2), "float32")
    x[0, 12, 4, 1] = 1
    transformer = ScatteringTransformer(J=2, L=2, order=1).fit(x)
    strongest = transformer.get_feature_names_out()[np.argmax(transformer.transform(x)[0])]
    assert strongest == "at_3_1_c1_order_0"


def test_pandas_names(digits):
    pytest.importorskip("pandas")
    transformer = ScatteringTransformer(J=1, L=2, order=1, shape=(8, 8), pooling="mean").set_output(transform="pandas")
    assert list(transformer.fit_transform(digits[0][:3]).columns) == ["order_0", "j0_t0", "j0_t1"]


def test_clone_pickle_and_parameters(digits):
    X = digits[0][:5]
    transformer = ScatteringTransformer(J=1, L=2, order=1, shape=(8, 8), log=True)
    fitted = transformer.fit(X)
    again = pickle.loads(pickle.dumps(fitted))
    assert np.array_equal(again.transform(X), fitted.transform(X))
    assert clone(fitted).get_params() == transformer.get_params() == {**transformer.get_params(), "J": 1, "log": True}
    assert not hasattr(clone(fitted), "shape_")
    assert len(pickle.dumps(fitted)) < 2000


@once
def test_it_runs_in_two_processes(digits):
    X, y = digits[0][:60], digits[1][:60]
    pipeline = make_pipeline(ScatteringTransformer(L=2, order=1, shape=(8, 8)), LogisticRegression(max_iter=500))
    search = GridSearchCV(pipeline, {"scatteringtransformer__J": [1, 2]}, cv=2, n_jobs=2)
    assert search.fit(X, y).best_score_ > 0.5


@pytest.mark.parametrize(
    ("arguments", "shape", "text"),
    [
        ({"layer": "Conv2D"}, (2, 16), "layer must be one of 'ScatteringFFT', 'ComplexModulusConv'"),
        ({"J": 0}, (2, 16), "J must be an integer >= 1. Received: J=0"),
        ({"pooling": "max"}, (2, 16), "pooling must be one of None, 'mean'. Received: pooling='max'"),
        ({"log": 1}, (2, 16), "log must be True or False. Received: log=1"),
        ({"batch_size": 0}, (2, 16), "batch_size must be an integer >= 1"),
        ({"shape": (4, 4, 1, 1)}, (2, 16), "shape must be None or a tuple of 2 sizes"),
        ({"shape": 16}, (2, 16), "shape must be None or a tuple of 2 sizes"),
        ({"shape": (4, 5)}, (2, 16), "X must have rows of 20 features"),
        ({"shape": (4, 4)}, (2, 4, 4), "X must have rows of 16 features"),
        ({"layer": "HarmonicScattering3D"}, (2, 4, 4), "X must have samples of 3 sizes"),
        ({"shape": (2, 8)}, (2, 16), None),
    ],
)
def test_bad_arguments(arguments, shape, text):
    transformer = ScatteringTransformer(**arguments)
    if text is None:  # smaller than 2**J: filled with zeros
        assert transformer.fit(images(*shape)).shape_ == (4, 8, 1)
        return
    with pytest.raises((TypeError, ValueError), match=text):
        transformer.fit(images(*shape))


def test_bad_samples():
    X = images(3, 8, 8)
    transformer = ScatteringTransformer(J=1, L=2, order=1)
    with pytest.raises(Exception, match="not fitted"):
        transformer.transform(X)
    transformer.fit(X)
    with pytest.raises(ValueError, match=r"X must have samples of shape \(8, 8\), as in fit. Received: \(8, 9\)"):
        transformer.transform(images(3, 8, 9))
    X[1, 2, 3] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        transformer.transform(X)
    with pytest.raises(ValueError, match="NaN"):
        transformer.fit(X)


@once
def test_a_missing_scikit_learn_is_named_with_its_install_line():
    code = "import sys; sys.modules['sklearn'] = None; sys.modules['sklearn.base'] = None; import keras_scatter.sklearn"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode and "pip install 'keras_scatter[sklearn]'" in done.stderr


@pytest.mark.skipif(BACKEND != "tensorflow", reason="prints the same on every backend")
def test_the_example_of_the_class():
    assert doctest.testmod(sklearn, extraglobs={"np": np}).failed == 0

"""What is no argument is refused in words, before anything is made of it."""

import json

import keras
import numpy as np
import pytest
from compare import images, once

from keras_scatter import layers, models, perturbations, saved_filters, testing
from keras_scatter.testing import assert_clear_error
from keras_scatter.workflows import datasets, stability

ARRAY = np.array([1, 2])
X = images(2, 8, 8, 1)
STUDENT = layers.ComplexModulusConv(L=2, order=1)
EXACT = layers.ScatteringFFT(J=2, L=2)

WRONG = [
    (
        layers.ComplexModulusConv,
        {},
        {"kernel_initializer": [None, "nonsense", 3, ARRAY, object], "weights": [3, ARRAY]},
    ),
    (layers.ComplexModulusConv, {}, {"L": [ARRAY, 1.0], "kernel_size": [ARRAY, (5, 7)], "share_filters": [ARRAY, 1]}),
    (
        layers.LocallyInvariantLayer,
        {},
        {"mixing_initializer": [None, "nonsense", ARRAY], "L": [10**9], "seed": [2**32]},
    ),
    (layers.LocallyInvariantLayer, {}, {"bias_initializer": [None, 3], "activation": ["nonsense", 3]}),
    (layers.LocallyInvariantLayer, {}, {"mixing_regularizer": [3], "activity_regularizer": ["nonsense"]}),
    (
        layers.LocallyInvariantLayer,
        {},
        {"bias_regularizer": [{}], "mixing_constraint": [3], "bias_constraint": [ARRAY]},
    ),
    (layers.ScatteringFFT, {}, {"J": [ARRAY, np.float64(2)], "data_format": [ARRAY], "output": [ARRAY]}),
    (layers.ScatteringFFT1D, {"J": 3}, {"T": [ARRAY, float("nan"), "8"], "Q": [ARRAY, ()], "stride": [ARRAY]}),
    (layers.DTCWT, {}, {"levels": [10**9, ARRAY, True], "biort": [ARRAY]}),
    (layers.NonExpansive, {}, {"limit": [float("nan"), ARRAY, None]}),
    (
        models.VGGInvariant,
        {},
        {"swap": [None, 3, "invA", [ARRAY]], "seed": [None, -1, True], "gain": [float("nan"), None]},
    ),
    (models.InvariantNetMNIST, {}, {"seed": [None, -1], "classifier_activation": ["nonsense"], "filters": [ARRAY]}),
    (models.ConvNetMNIST, {}, {"gain": [None, float("nan")], "kernel_size": [10**9, 1.5], "weights": [3]}),
    (
        models.ScatNetHybrid,
        {"variant": "A"},
        {"seed": [None], "dropout": [1.0, None], "input_shape": [3, (8, 8), (8, "a", 1)]},
    ),
    (models.ScatResNet10, {"scattering": None, "width": 4}, {"J": [10**30, 17], "classifier_activation": ["nonsense"]}),
    (models.RelativeError, {}, {"name": [3, ARRAY]}),
    (layers.TimeFrequencyScattering, {"J": 3, "J_fr": 1, "Q": 1}, {"Q_fr": [10**30]}),
    (layers.TimeFrequencyScattering, {"J": 2, "J_fr": 1, "Q": 1, "format": "joint"}, {"order_1": [False]}),
    (layers.ScatteringFFT, {}, {"dtype": ["nonsense", "int32", -1, ARRAY, (), object]}),
    (models.ScatteringDistiller, {"student": STUDENT}, {"teacher": [3, "exact", keras.layers.ReLU()]}),
    (models.RestoreBest, {}, {"monitor": [None, 3], "filepath": [3]}),
    (perturbations.add_noise, {"images": X, "deviation": 0.1}, {"images": [None, "a"], "deviation": [ARRAY, -1, None]}),
    (perturbations.add_noise, {"images": X, "deviation": 0.1}, {"seed": [None, -1, 1.5, ARRAY]}),
    (
        perturbations.shift,
        {"images": X, "rows": 1, "columns": 1},
        {"images": [None, X[0]], "rows": [1.5, ARRAY, 8, True]},
    ),
    (
        perturbations.deform,
        {"images": X, "deviation": 1},
        {"images": [3], "deviation": [None], "spacing": [0, None, ARRAY]},
    ),
    (
        testing.features,
        {"layer": EXACT, "images": X},
        {"layer": [3, None], "images": [3, "a", (1,)], "batch_size": [0, 1.5]},
    ),
    (testing.relative_distance, {"x": X, "y": X}, {"x": [3, None], "y": [X[:1], "a"]}),
    (testing.assert_translation_stable, {"layer": EXACT, "images": X}, {"tolerance": [None, -1, ARRAY]}),
    (testing.assert_translation_stable, {"layer": EXACT, "images": X, "tolerance": 1}, {"shift": [3, (1,), (1, 0.5)]}),
    (testing.assert_noise_stable, {"layer": EXACT, "images": X}, {"bound": [None, -1], "deviation": ["a"]}),
    (testing.assert_deformation_stable, {"layer": EXACT, "images": X}, {"bound": [ARRAY], "seed": [-1]}),
    (
        testing.assert_energy_bounded,
        {"layer": EXACT, "images": X},
        {"bound": ["a"], "images": [X[0]], "data_format": ["x"]},
    ),
    (
        stability.measure,
        {"layer": EXACT, "images": X},
        {"layer": [3], "images": [X[0], X[:0]], "noise": [-1], "shift": [1]},
    ),
    (stability.measure, {"layer": EXACT, "images": X}, {"deformation": ["a"], "seed": [-1], "batch_size": [0]}),
    (stability.compare, {"groups": ["morlet_o1"]}, {"groups": [3, "morlet_o1"], "images": [0], "size": [2]}),
    (
        datasets.load_images,
        {"dataset": "random", "count": 1, "held_out": 1},
        {"dataset": [3, None], "seed": [-1, None]},
    ),
    (
        datasets.load_images,
        {"dataset": "random", "count": 1, "held_out": 1},
        {"count": [0], "held_out": [1.5], "size": [3]},
    ),
    (datasets.dead_leaves, {"count": 1}, {"count": [10**9, 0], "size": [0, 10**9], "seed": [-1, "a"]}),
    (datasets.random_images, {"count": 1}, {"count": [10**9, 0], "size": [10**9], "seed": [[0, -1]]}),
    (datasets.striped_images, {"count": 1}, {"count": [0], "shape": [3, (8, 8)], "classes": [0], "seed": [None]}),
    (saved_filters.load, {}, {"name_or_path": [3, None]}),
    (saved_filters.describe, {}, {"name": [3, ARRAY]}),
]


CASES = [
    pytest.param(function, name, arguments | {name: value}, id=f"{function.__name__}-{name}-{value!r:.20}")
    for function, arguments, wrong in WRONG
    for name, values in wrong.items()
    for value in values
]


@once
@pytest.mark.parametrize(("function", "name", "arguments"), CASES)
def test_the_error_says_what_is_wrong(function, name, arguments):
    assert_clear_error(lambda: function(**arguments), {"name_or_path": "weights"}.get(name, name))


@pytest.mark.parametrize(
    "layer",
    [
        layers.ScatteringFFT(J=np.array(2), L=np.int64(2), chunk_size=np.uint8(3)),
        layers.ScatteringFFT1D(J=np.array(3), Q=np.int64(2), T=np.float32(8), stride=np.int32(4)),
        layers.ComplexModulusConv(
            L=np.array(2), J=np.int64(2), kernel_size=np.int32(5), lowpass_filters=np.array(1), share_filters=np.True_
        ),
        layers.ComplexModulusConv(L=2, kernel_size=(np.int32(5), np.array(5), 5)),
        layers.LocallyInvariantLayer(np.array(3), magnitude_bias=np.float32(0.5), wavelet_size=np.int64(5)),
        layers.DTCWTScattering(J=np.array(1), magnitude_bias=np.array(0.5)),
    ],
    ids=lambda layer: layer.name,
)
def test_numbers_of_numpy_are_numbers(layer):
    config = layer.get_config()
    again = type(layer).from_config(json.loads(json.dumps(config)))
    assert json.dumps(again.get_config()) == json.dumps(config)


@once
def test_the_oracle_tells_clear_errors_from_others():
    def fails(error):
        def function():
            raise error

        return function

    for error in (
        ValueError("J must be an integer >= 1. Received: J=0"),
        TypeError("images must be real numbers. Received: dtype=string"),
        ValueError("history.csv is damaged: it has no header"),
        ValueError('Input 0 of layer "x" is incompatible with the layer: expected ndim=4, found ndim=3.'),
        ValueError(
            "Exception encountered when calling X.call().\n\n\x1b[1mJ must be 1. Received: J=0\x1b[0m\n\nArguments"
        ),
    ):
        assert assert_clear_error(fails(error)) is error
    for error in (
        ValueError("The truth value of an array with more than one element is ambiguous"),
        KeyError("J must be an integer >= 1. Received: J=0"),
        ValueError("J must be an integer >= 1"),
        ValueError("Exception encountered.\n\n\x1b[1mbad\x1b[0m\n\nArguments must be. Received: J=0"),
    ):
        with pytest.raises(AssertionError, match="unclear: "):
            assert_clear_error(fails(error))
    with pytest.raises(AssertionError, match="unclear: "):
        assert_clear_error(fails(ValueError("J must be an integer >= 1. Received: J=0")), "L")
    with pytest.raises(AssertionError, match="no error, but a result: 3"):
        assert_clear_error(lambda: 3)

"""Layers of Fourier transforms compute the same by FFTs and by products with matrices."""

import copy
import json

import keras
import numpy as np
import pytest
from compare import BACKEND, assert_close, gradient, images, to_numpy
from keras import ops

from keras_scatter.layers import HarmonicScattering3D, ScatteringFFT, ScatteringFFT1D, TimeFrequencyScattering

# Images of 97 and 112 pixels and signals of 300 samples are transformed in two factors.
CASES = {
    "images": (ScatteringFFT, {"J": 2, "L": 2, "order": 2}, (2, 9, 14, 2)),
    "images_in_factors": (
        ScatteringFFT,
        {"J": 1, "L": 1, "order": 1, "data_format": "channels_first"},
        (1, 1, 97, 112),
    ),
    "images_periodic": (ScatteringFFT, {"J": 1, "L": 2, "padding": "periodic", "output": "wavelet"}, (2, 12, 8, 1)),
    "order_0_alone": (ScatteringFFT, {"J": 1, "L": 1, "paths": [(0, (), ())]}, (2, 13, 22, 1)),
    "signals": (ScatteringFFT1D, {"J": 4, "Q": (2, 1), "T": 20.5}, (2, 300, 2)),
    "signals_without_average": (ScatteringFFT1D, {"J": 3, "T": 0, "order": 3}, (1, 60, 1)),
    "volumes": (HarmonicScattering3D, {"J": 1, "L": 1, "sigma_0": 0.4, "order_0": True}, (2, 5, 6, 7, 1)),
    "volumes_local": (
        HarmonicScattering3D,
        {"J": 1, "L": 1, "sigma_0": 0.4, "average": "local", "rotation_covariant": False},
        (1, 6, 4, 8, 2),
    ),
    "time_frequency": (TimeFrequencyScattering, {"J": 3, "J_fr": 1, "Q": 2}, (2, 64, 1)),
    "joint_maps": (TimeFrequencyScattering, {"J": 3, "J_fr": 1, "Q": 1, "T": 0, "format": "joint"}, (1, 48, 1)),
}
each = pytest.mark.parametrize(("make", "arguments", "shape"), CASES.values(), ids=CASES)


def flat(found):
    """All outputs in one array."""
    return np.concatenate([to_numpy(part).ravel() for part in keras.tree.flatten(found)])


@each
def test_products_give_the_numbers_of_ffts(make, arguments, shape):
    x = images(*shape) - 0.3
    native = make(**arguments)
    layer = make(**arguments, fft="matmul")
    assert layer.paths == native.paths
    found, expected = layer(x), native(x)
    if isinstance(expected, dict):
        assert list(found) == list(expected)
    assert_close(flat(found), flat(expected), 2e-6)


@pytest.mark.parametrize("name", ["images", "volumes_local"])
def test_gradients_of_products(name, float64):
    make, arguments, shape = CASES[name]
    x = images(*shape).astype("float64") - 0.3
    native, layer = (make(**arguments, fft=fft, dtype="float64") for fft in ("native", "matmul"))
    weights = images(*native(x).shape, seed=1).astype("float64")

    def value(layer):
        return lambda x: ops.sum(layer(x) * ops.convert_to_tensor(weights))

    assert_close(gradient(value(layer), x), gradient(value(native), x), 1e-10)


def test_products_in_float64(float64):
    x = images(1, 20, 20, 1).astype("float64")
    found, expected = (ScatteringFFT(J=2, dtype="float64", fft=fft)(x) for fft in ("matmul", "native"))
    assert_close(found, expected, 1e-13)


def test_a_chunk_size_holds_for_products():
    x = images(5, 8, 8, 1)
    assert_close(ScatteringFFT(J=2, fft="matmul", chunk_size=2)(x), ScatteringFFT(J=2, fft="matmul")(x), 1e-6)


def test_a_layer_of_products_can_be_copied():
    x = images(1, 8, 8, 1)
    layer = ScatteringFFT(J=1, L=2, fft="matmul")
    assert_close(copy.deepcopy(layer)(x), layer(x), 1e-6)


@each
def test_the_form_is_in_the_config(make, arguments, shape):
    layer = make(**arguments, fft="matmul")
    again = make.from_config(json.loads(json.dumps(layer.get_config())))
    assert again.fft == "matmul"
    assert make(**arguments).fft == "auto"


@pytest.mark.parametrize("fft", ["fast", None, True, np.zeros(2)])
def test_unknown_forms(fft):
    with pytest.raises(ValueError, match=r"fft must be one of 'auto', 'native', 'matmul'. Received: fft="):
        ScatteringFFT(fft=fft)


@pytest.mark.parametrize(
    ("layer", "shape", "text"),
    [
        (ScatteringFFT(J=1, fft="matmul"), (8, None, 1), 'Image width must be known with fft="matmul"'),
        (ScatteringFFT1D(J=1, fft="matmul"), (None, 1), 'Signal length must be known with fft="matmul"'),
        (HarmonicScattering3D(J=1, fft="matmul"), (8, 8, None, 1), 'Volume width must be known with fft="matmul"'),
    ],
)
def test_products_need_known_sizes(layer, shape, text):
    with pytest.raises(ValueError, match=text):
        layer(keras.Input(shape))


@pytest.mark.skipif(BACKEND != "tensorflow", reason="looks at a graph of TensorFlow")
@each
def test_graphs_of_products_are_plain(make, arguments, shape):
    """Neither complex numbers, nor FFTs, nor loops, nor inner functions, nor two equal constants of a transform."""
    import tensorflow as tf

    layer = make(**arguments, fft="matmul")
    graph = tf.function(layer).get_concrete_function(tf.TensorSpec((None, *shape[1:]))).graph
    kinds = {operation.type for operation in graph.get_operations()}
    assert "MatMul" in kinds
    assert not [kind for kind in kinds if "Complex" in kind or "FFT" in kind or "While" in kind or "Call" in kind]
    assert not [op for op in graph.get_operations() if any(t.dtype.is_complex for t in op.outputs)]
    constants = [op.get_attr("value").tensor_content for op in graph.get_operations() if op.type == "Const"]
    large = [content for content in constants if len(content) > 4096]
    assert len(large) == len(set(large))

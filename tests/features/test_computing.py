import keras
import numpy as np
import pytest
from compare import assert_close, images

from keras_scatter.features import computing
from keras_scatter.layers import LocallyInvariantLayer, ScatteringFFT


def test_features_do_not_depend_on_their_batch():
    layer = ScatteringFFT(J=1, L=2, order=1)
    x = images(5, 8, 8, 1)
    found = computing.compute(computing.as_model(layer, (8, 8, 1)), x, 4)
    assert_close(found, layer(x))
    assert np.array_equal(found[4:], computing.compute(computing.as_model(layer, (8, 8, 1)), x[4:], 4))
    assert computing.compute(None, x[:0], 4).shape == (0,)


def test_bfloat16_is_widened():
    model = computing.as_model(keras.layers.Rescaling(0.5, dtype="bfloat16"), (2,))
    found = computing.compute(model, np.ones((3, 2), "float32"), 2)
    assert found.dtype == np.float32 and np.all(found == 0.5)


def test_a_layer_of_several_outputs_is_refused():
    model = computing.as_model(ScatteringFFT(J=1, L=2, order=1, output="modulus"), (8, 8, 1))
    with pytest.raises(ValueError, match=r"layer must give one array\. Received: a layer that gives a dict"):
        computing.compute(model, images(2, 8, 8, 1), 2)


def test_the_description_of_a_layer_has_config_and_weights():
    def described(**arguments):
        model = computing.as_model(LocallyInvariantLayer(2, **arguments), (8, 8, 1))
        return computing.describe(model.layers[0])

    keras.utils.set_random_seed(0)
    first = described()
    assert first != described()  # other weights
    keras.utils.set_random_seed(0)
    assert first == described(name="another")
    keras.utils.set_random_seed(0)
    assert first["config"] != described(dtype="float16")["config"]


def test_the_description_of_a_model_goes_without_names():
    def described():
        keras.utils.set_random_seed(0)
        inputs = keras.Input((4,))
        outputs = keras.layers.Dense(2)(keras.layers.Dense(3)(inputs))
        return computing.describe(keras.Model(inputs, outputs))

    assert described() == described()


def test_what_is_no_layer_is_refused():
    with pytest.raises(TypeError, match=r"layer must be a Keras layer or model\. Received: layer=<function"):
        computing.check_layer(lambda x: x)

"""Initial values of weights."""

import keras
from keras import ops

from keras_scatter.arguments import check_object


def constant(array):
    """Initializer of a weight from an array of its shape."""
    return lambda shape, dtype: ops.convert_to_tensor(array, dtype)


def check_initializer(name, value, allowed="a Keras initializer"):
    """The Keras initializer that an argument asks for; a function is none, because it has no config."""

    def get(value):
        found = keras.initializers.get(value)
        if not isinstance(found, keras.initializers.Initializer):
            raise ValueError
        return found

    return check_object(name, value, get, allowed)


def distinct(initializer, index):
    """A copy of an initializer with another seed: weights that start equal would stay equal."""
    config = initializer.get_config()
    if isinstance(config.get("seed"), int):
        config["seed"] += index
    return type(initializer).from_config(config)

"""Initial values of weights."""

from keras import ops


def constant(array):
    """Initializer of a weight from an array of its shape."""
    return lambda shape, dtype: ops.convert_to_tensor(array, dtype)


def distinct(initializer, index):
    """A copy of an initializer with another seed: weights that start equal would stay equal."""
    config = initializer.get_config()
    if isinstance(config.get("seed"), int):
        config["seed"] += index
    return type(initializer).from_config(config)

"""What computes features: a layer as a model of one array, and a description of it."""

import json

import keras
import numpy as np

from keras_scatter.arguments import shown
from keras_scatter.files import checksum


def check_layer(layer):
    """Refuse what is no layer."""
    if not isinstance(layer, keras.Layer):
        raise TypeError(f"layer must be a Keras layer or model. Received: layer={shown(layer)}")


def as_model(layer, shape):
    """A model of inputs `(None, *shape)`, whose `predict_on_batch` knows every backend's way to be fast."""
    if isinstance(layer, keras.Model):
        if not layer.built:
            layer.build((None, *shape))
        return layer
    return keras.Sequential([keras.Input(tuple(shape)), layer])


def describe(layer):
    """What the features of a built layer depend on, a dict that JSON can hold: config, and a checksum of the weights.

    Names that Keras numbers, `dense_3`, are no part of it.
    """
    names = {part.name: f"layer {number}" for number, part in enumerate(layer._flatten_layers())}

    def plain(value):
        if isinstance(value, dict):
            return {key: plain(part) for key, part in value.items() if key not in ("build_config", "compile_config")}
        if isinstance(value, (list, tuple)):
            return [plain(part) for part in value]
        return names.get(value, value) if isinstance(value, str) else value

    weights = {f"{number:06}": np.asarray(weight) for number, weight in enumerate(layer.get_weights())}
    config = plain(json.loads(json.dumps(keras.saving.serialize_keras_object(layer))))
    return {"class": config["class_name"], "config": config["config"], "weights": checksum(weights)}


def compute(model, inputs, batch_size):
    """Features of an array, one NumPy array without bfloat16.

    All batches have one size, so that one program computes all: numbers do not depend on what was computed before.

    Raises:
        ValueError: the model gives more than one array.
    """
    found = [np.zeros((0,), "float32")] * (not len(inputs))
    for first in range(0, len(inputs), batch_size):
        batch = inputs[first : first + batch_size]
        padded = np.concatenate([batch, np.repeat(batch[-1:], batch_size - len(batch), axis=0)])
        outputs = model.predict_on_batch(padded)
        if not hasattr(outputs, "shape"):
            raise ValueError(f"layer must give one array. Received: a layer that gives a {type(outputs).__name__}")
        found.append(_as_stored(outputs[: len(batch)]))
    return np.concatenate(found)


def _as_stored(outputs):
    outputs = np.asarray(outputs)
    return outputs.astype("float32") if outputs.dtype.name == "bfloat16" else outputs

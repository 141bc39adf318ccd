"""What an order of `keras-scatter features` speaks of: images and a layer.

An order is a dict of the options of the command that JSON can hold.
"""

import ast
import pathlib

import keras

from keras_scatter import layers
from keras_scatter.arguments import shown
from keras_scatter.features import computing
from keras_scatter.features.sources import Folder
from keras_scatter.files import damaged
from keras_scatter.workflows.tfds_images import TfdsImages

SEED = 0  # of random weights of a layer that is given by its name


def opened(order):
    """What an order of the command speaks of: the images and the model."""
    source = source_of(order)
    return source, computing.as_model(make_layer(order["layer"]), source.shape)


def source_of(order):
    """The images of an order: a folder, or a data set of TensorFlow Datasets."""
    options = {name: order[name] for name in ("image_size", "scale", "on_error")}
    if pathlib.Path(order["input"]).is_dir():
        return Folder(order["input"], color_mode=order["color_mode"], **options, argument="input")
    return TfdsImages(order["input"], order["split"], **options)


def make_layer(text):
    """The model in a `.keras` file, or the layer of this package that a call in Python stands for.

    >>> make_layer("ScatteringFFT(J=3, order=1)").J
    3
    """
    if text.endswith(".keras"):
        if not pathlib.Path(text).is_file():
            raise ValueError(f"layer must be a .keras file that is there. Received: layer={text!r}")
        try:
            return keras.saving.load_model(text, compile=False)
        except Exception as error:  # Keras, zipfile and h5py raise some eight kinds
            raise damaged(text, error) from error
    try:
        call = ast.parse(text, mode="eval").body
        call = ast.Call(call, [], []) if isinstance(call, ast.Name) else call
        name, given = call.func.id, [ast.literal_eval(argument) for argument in call.args]
        named = {keyword.arg: ast.literal_eval(keyword.value) for keyword in call.keywords}
        kind = getattr(layers, name) if name in layers.__all__ else None
    except (SyntaxError, ValueError, AttributeError, MemoryError, RecursionError):
        kind = None
    if not (isinstance(kind, type) and issubclass(kind, keras.Layer)):
        raise ValueError(
            "layer must be a .keras file or a layer of keras_scatter as it is written in Python, such as "
            f"'ScatteringFFT(J=2)'. Received: layer={shown(text)}"
        )
    keras.utils.set_random_seed(SEED)
    return kind(*given, **named)


def layer_of(model):
    """The layer that `computing.as_model` wrapped, or the model."""
    return model.layers[0] if type(model) is keras.Sequential and len(model.layers) == 1 else model

"""What the functions that build models share."""

import inspect
import pathlib

import keras

from keras_scatter.arguments import check_choice, check_integer, check_number, check_object, check_seed, shown
from keras_scatter.layers.base_transform import check_policy

LAST = "channels_last"
LARGEST_WIDTH = 2**16  # channels, units or classes; more would fill the memory before anything is refused


class Builder:
    """Makes the layers of one model.

    All have its dtype and the channels last: images with channels first are transposed on their way in, because
    convolutions with channels first cannot be trained by TensorFlow on a processor. So weights fit both data formats.

    Args:
        data_format: that of the model's images; None takes Keras's setting.
        dtype: name of a dtype, or a dtype policy; None takes Keras's setting.
    """

    def __init__(self, data_format=None, dtype=None):
        check_choice("data_format", data_format, (None, LAST, "channels_first"))
        self.data_format = data_format or keras.config.image_data_format()
        self.dtype = check_policy(dtype)
        # Of images and of probabilities.
        self.precise = "float64" if self.dtype.compute_dtype == "float64" else "float32"

    def images(self, height, width, channels):
        """A symbolic batch of images in the data format, and the same with the channels last."""
        if self.data_format == LAST:
            inputs = keras.Input((height, width, channels), dtype=self.precise)
            return inputs, inputs
        inputs = keras.Input((channels, height, width), dtype=self.precise)
        return inputs, keras.layers.Permute((2, 3, 1), dtype=self.precise, name="channels_last")(inputs)

    def layer(self, kind, *arguments, **options):
        """A layer of that class."""
        if "data_format" in inspect.signature(kind).parameters:
            options["data_format"] = LAST
        return kind(*arguments, dtype=self.dtype, **options)

    def normalised(self, x, name, dropout=0.0, activation=True):
        """Batch normalisation with PyTorch's constants, dropout, ReLU."""
        x = self.layer(keras.layers.BatchNormalization, momentum=0.9, epsilon=1e-5, name=f"{name}_norm")(x)
        if dropout:
            x = self.layer(keras.layers.Dropout, dropout, name=f"{name}_dropout")(x)
        return self.layer(keras.layers.ReLU, name=f"{name}_relu")(x) if activation else x

    def mean(self, x):
        """Mean over the pixels."""
        return self.layer(keras.layers.GlobalAveragePooling2D, name="mean")(x)

    def classified(self, x, classes, activation, initializer, name="classes"):
        """A dense layer that ends a model, in float32 at least, with kernel and bias by `initializer(inputs)`."""
        kernel, bias = initializer(x.shape[-1])
        options = {"activation": check_activation(activation), "kernel_initializer": kernel, "bias_initializer": bias}
        return keras.layers.Dense(classes, dtype=self.precise, name=name, **options)(x)

    def projected(self, x, classes, activation):
        """A fixed random projection of all features, and a learned linear map of its outputs: the end of table 1.1."""
        x = self.layer(keras.layers.Flatten, name="unravel")(x)
        options = {"use_bias": False, "kernel_initializer": glorot(2**0.5), "trainable": False}
        x = self.layer(keras.layers.Dense, classes, name="project", **options)(x)
        return self.classified(x, classes, activation, by_glorot, name="reshuffle")


def glorot(gain):
    """Uniform in `+- gain * sqrt(6 / (fan_in + fan_out))`: equation 1.5.1 of A Learnable ScatterNet."""
    return keras.initializers.VarianceScaling(gain**2, "fan_avg", "uniform")


def by_glorot(inputs):
    """Initializers of kernel and bias of the last layer in A Learnable ScatterNet."""
    return glorot(2**0.5), "zeros"


def check_width(name, value):
    """Number of filters, units or classes of a layer."""
    return check_integer(name, value, maximum=LARGEST_WIDTH)


def check_training(gain, seed=0, classifier_activation=None):
    """Check the arguments that all networks share, before anything is built."""
    check_number("gain", gain)
    check_seed("seed", seed)
    check_activation(classifier_activation)


def check_activation(activation):
    """The activation of the output that an argument asks for."""
    return check_object("classifier_activation", activation, keras.activations.get, "None or a Keras activation")


def check_filters(filters):
    """Numbers of filters of the two layers of a small network."""
    if not isinstance(filters, (tuple, list)) or len(filters) != 2:
        raise ValueError(f"filters must be two integers >= 1. Received: filters={shown(filters)}")
    return tuple(check_width("filters", number) for number in filters)


def finished(inputs, outputs, name, weights):
    """The functional model, with its weights loaded."""
    model = keras.Model(inputs, outputs, name=name)
    if weights is None:
        return model
    if not str(weights).endswith(".weights.h5") or not pathlib.Path(weights).is_file():
        raise ValueError(
            "weights must be None or the path of a file that `model.save_weights` wrote, NAME.weights.h5. "
            f"Received: weights={str(weights)!r}"
        )
    try:
        model.load_weights(weights)
    except (ValueError, KeyError, OSError) as error:
        raise ValueError(
            f"weights must be those of a model built with the same arguments, here {name}. "
            f"Received: weights={str(weights)!r} ({error})"
        ) from error
    return model

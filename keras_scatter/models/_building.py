"""What the functions that build models share."""

import pathlib

import keras

from keras_scatter.arguments import check_integer


def channel_axis():
    """The axis of the channels in Keras's image data format."""
    return -1 if keras.config.image_data_format() == "channels_last" else 1


def image_input(height, width, channels):
    """A symbolic batch of images in Keras's image data format."""
    last = keras.config.image_data_format() == "channels_last"
    return keras.Input((height, width, channels) if last else (channels, height, width))


def glorot(gain):
    """Uniform in `+- gain * sqrt(6 / (fan_in + fan_out))`: equation 1.5.1 of the paper."""
    return keras.initializers.VarianceScaling(gain**2, "fan_avg", "uniform")


def normalised(x, name, dropout=0.0):
    """Batch normalisation with the constants of the paper's program, dropout, ReLU."""
    x = keras.layers.BatchNormalization(channel_axis(), momentum=0.9, epsilon=1e-5, name=f"{name}_norm")(x)
    if dropout:
        x = keras.layers.Dropout(dropout, name=f"{name}_dropout")(x)
    return keras.layers.ReLU(name=f"{name}_relu")(x)


def classified(x, classes, activation):
    """Mean over the pixels and a dense layer."""
    x = keras.layers.GlobalAveragePooling2D(name="mean")(x)
    return keras.layers.Dense(classes, activation=activation, kernel_initializer=glorot(2**0.5), name="classes")(x)


def projected(x, classes, activation):
    """A fixed random projection of all features, and a learned linear map of its outputs: the end of table 1.1."""
    x = keras.layers.Flatten(name="unravel")(x)
    fixed = keras.layers.Dense(
        classes, use_bias=False, kernel_initializer=glorot(2**0.5), trainable=False, name="project"
    )
    dense = keras.layers.Dense(classes, activation=activation, kernel_initializer=glorot(2**0.5), name="reshuffle")
    return dense(fixed(x))


def check_filters(filters):
    """Numbers of filters of the two layers of a small network."""
    if not isinstance(filters, (tuple, list)) or len(filters) != 2:
        raise ValueError(f"filters must be two integers >= 1. Received: filters={filters!r}")
    return tuple(check_integer("filters", number) for number in filters)


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

"""What the networks behind a scattering transform share: their input, and residual blocks."""

from collections.abc import Callable
from typing import NamedTuple

import keras

from keras_scatter.arguments import check_choice, check_integer
from keras_scatter.filters.paths import scattering_paths
from keras_scatter.layers.complex_modulus_conv import ComplexModulusConv
from keras_scatter.layers.scattering_fft import ScatteringFFT
from keras_scatter.models._building import check_width, finished

LARGEST_J = 16  # of images of 65,536 pixels a side


class Input(NamedTuple):
    """What comes in, and what scatters it.

    Attributes:
        shape: height, width and channels of the images, or of the feature map if `scattering` is None; or None.
        image_shape: that of the images if `shape` is None.
        J, L, order, scattering: as in the models.
    """

    shape: tuple | None
    image_shape: tuple
    J: int
    L: int
    order: int
    scattering: str | None


class Residual(NamedTuple):
    """A residual network.

    Attributes:
        stem: filters of the 3x3 convolution in front.
        groups: number of blocks, width and first stride of each group.
        block: `basic` or `bottleneck`.
        stem_bias: whether the stem has a bias.
        momentum: of the normalisation of the features, as Keras counts it; None for none.
    """

    stem: int
    groups: tuple
    block: Callable
    stem_bias: bool = False
    momentum: float | None = None


def resnet50(width):
    """Stem and bottleneck blocks of the networks of fifty layers."""
    return Residual(width, ((5, width, 1), (8, 2 * width, 2), (3, 4 * width, 2)), bottleneck)


def residual_network(build, given, network, classes, activation, name, weights):
    """Scattering, a stem, groups of residual blocks, mean, classes."""
    classes = check_width("classes", classes)
    inputs, x = scattered(build, given)
    if network.momentum is not None:
        x = standardised(build, x, network.momentum)
    x = residual_groups(build, x, network)[-1]
    return finished(inputs, build.classified(build.mean(x), classes, activation, uniform), name, weights)


def residual_groups(build, x, network):
    """Outputs of every group of residual blocks behind the stem."""
    x = _convolved(build, x, network.stem, 3, 1, "stem", use_bias=network.stem_bias)
    x = build.normalised(x, "stem")
    found = []
    for group, (blocks, width, strides) in enumerate(network.groups, start=1):
        for index in range(blocks):
            name = f"group{group}_block{index + 1}"
            x = _residual_block(build, x, network.block(width), strides if index == 0 else 1, name)
        found.append(x)
    return found


def basic(width):
    """Filters, kernel size and whether it has the strides, for the convolutions of a block: two of 3x3."""
    return (width, 3, True), (width, 3, False)


def bottleneck(width):
    """As `basic`: 1x1 to `width` channels, 3x3, 1x1 to four times as many."""
    return (width, 1, False), (width, 3, True), (4 * width, 1, False)


def scattered(build, given):
    """The symbolic input of a model and its scattering features, channels last."""
    check_choice("order", given.order, (1, 2))
    check_choice("scattering", given.scattering, ("exact", "distilled", None))
    J, L = check_integer("J", given.J, maximum=LARGEST_J), check_integer("L", given.L)
    if given.scattering is None:
        return build.images(*_feature_shape(given, len(scattering_paths(J, L, given.order))))
    inputs, images = build.images(*_image_shape(given))
    kind = ScatteringFFT if given.scattering == "exact" else ComplexModulusConv
    layer = build.layer(kind, J=J, L=L, order=given.order, trainable=False, name="scattering")
    return inputs, layer(images)


def standardised(build, x, momentum=0.9):
    """Features of mean 0 and variance 1, without learned scale and shift."""
    options = {"center": False, "scale": False, "epsilon": 1e-5, "momentum": momentum, "name": "features_norm"}
    return build.layer(keras.layers.BatchNormalization, **options)(x)


def dense(build, x, width, name, dropout=0.0):
    """A dense layer without bias, batch normalisation, dropout, ReLU."""
    kernel, _ = uniform(x.shape[-1])
    x = build.layer(keras.layers.Dense, width, use_bias=False, kernel_initializer=kernel, name=name)(x)
    return build.normalised(x, name, dropout)


def pointwise(build, x, width, name):
    """A 1x1 convolution without bias, batch normalisation, ReLU."""
    return build.normalised(_convolved(build, x, width, 1, 1, name), name)


def check_widths(argument, widths, least=1):
    """A tuple of positive integers, `least` of them at least."""
    if not isinstance(widths, (tuple, list)) or len(widths) < least:
        number = "one integer >= 1 or more" if least else "integers >= 1"
        raise ValueError(f"{argument} must be a tuple of {number}. Received: {argument}={widths!r}")
    return tuple(check_width(argument, width) for width in widths)


def uniform(inputs):
    """Initializers of kernel and bias as PyTorch's: uniform in `+- 1 / sqrt(inputs)`."""
    limit = inputs**-0.5
    return tuple(keras.initializers.RandomUniform(-limit, limit) for _ in range(2))


def _convolved(build, x, filters, size, strides, name, use_bias=False):
    """A convolution that is padded alike on all sides; Keras's "same" pads strided ones on two sides only."""
    padding = "same" if strides == 1 else "valid"
    if strides > 1 and size > 1:
        x = build.layer(keras.layers.ZeroPadding2D, size // 2, name=f"{name}_pad")(x)
    initializer = keras.initializers.VarianceScaling(2, "fan_out", "untruncated_normal")
    options = {"strides": strides, "padding": padding, "use_bias": use_bias, "kernel_initializer": initializer}
    return build.layer(keras.layers.Conv2D, filters, size, name=name, **options)(x)


def _residual_block(build, x, convolutions, strides, name):
    shortcut, channels = x, convolutions[-1][0]
    if strides != 1 or x.shape[-1] != channels:
        shortcut = _convolved(build, x, channels, 1, strides, f"{name}_shortcut")
        shortcut = build.normalised(shortcut, f"{name}_shortcut", activation=False)
    for index, (filters, size, strided) in enumerate(convolutions, start=1):
        part = f"{name}_conv{index}"
        x = _convolved(build, x, filters, size, strides if strided else 1, part)
        x = build.normalised(x, part, activation=index < len(convolutions))
    x = build.layer(keras.layers.Add, name=f"{name}_add")([x, shortcut])
    return build.layer(keras.layers.ReLU, name=f"{name}_relu")(x)


def _image_shape(given):
    shape = _checked(given.image_shape if given.shape is None else given.shape)
    if any(size % 2**given.J for size in shape[:2]):
        raise ValueError(
            f"input_shape must have a height and a width that are multiples of 2**J = {2**given.J}. "
            f"Received: input_shape={shape}, J={given.J}"
        )
    return shape


def _feature_shape(given, paths):
    if given.shape is None:
        *sizes, channels = given.image_shape
        return *(size // 2**given.J for size in sizes), channels * paths
    shape = _checked(given.shape)
    if shape[-1] % paths:
        raise ValueError(
            f"input_shape must be that of a feature map with scattering=None: {paths} channels a colour for "
            f"J={given.J}, L={given.L}, order={given.order}, such as {3 * paths} for three. "
            f"Received: input_shape={shape}"
        )
    return shape


def _checked(shape):
    try:
        sizes = tuple(check_integer("input_shape", size) for size in shape)
        known = len(sizes) == 3
    except (TypeError, ValueError):
        known = False
    if not known:
        raise ValueError(
            "input_shape must be height, width and channels, known integers >= 1 such as (224, 224, 3). "
            f"Received: input_shape={shape!r}"
        )
    return sizes

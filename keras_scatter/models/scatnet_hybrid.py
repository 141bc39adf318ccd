"""Hybrid scattering networks: two scattering layers, fixed or learnable, in front of four convolutions."""

import keras

from keras_scatter.arguments import check_choice, check_fraction, check_integer, shown
from keras_scatter.layers.dtcwt_scattering import DTCWTScattering
from keras_scatter.layers.locally_invariant_layer import LocallyInvariantLayer
from keras_scatter.models._building import Builder, by_glorot, check_training, check_width, finished, glorot
from keras_scatter.typing import KerasObject, PathLike, Shape

STEM = 16


def ScatNetHybrid(
    variant: str,
    classes: int = 10,
    input_shape: Shape = (32, 32, 3),
    weights: PathLike | None = None,
    *,
    width: int = 96,
    dropout: float = 0.3,
    mixing: str = "1x1",
    gain: float = 1.5,
    seed: int = 0,
    classifier_activation: KerasObject = "softmax",
    dtype: KerasObject = None,
    data_format: str | None = None,
    name: str | None = None,
) -> keras.Model:
    """Two scattering layers, which take the image to a quarter of its size, then four 3x3 convolutions.

    * `"A"`: wavelet moduli without learning, 3 -> 21 -> 147 channels;
    * `"B"`: the same with learned mixing, two `LocallyInvariantLayer`;
    * `"C"` and `"D"`: A and B behind a 3x3 convolution to 16 channels, 16 -> 112 -> 784.

    The convolutions have 2, 2, 4 and 4 times `width` filters. Each layer is followed by batch normalisation and ReLU,
    the four also by dropout; then come the mean over the pixels and a dense layer. With 10 classes the networks have
    2.6, 2.6, 3.7 and 4.3 million parameters. The paper trains on images of mean 0 and deviation 1 by channel.

    Args:
        variant: `"A"`, `"B"`, `"C"` or `"D"`.
        classes: number of classes.
        input_shape: height, width and channels of the images; the sizes may be None.
        weights: None, or the path of a `.weights.h5` file written by `save_weights`.
        width: base width of the four convolutions.
        dropout: fraction of the features that are dropped in training after each of the four.
        mixing: how `LocallyInvariantLayer` mixes the wavelet moduli in B and D.
        gain: factor a of their Glorot-uniform initial mixing weights.
        seed: integer >= 0 for the fixed kernels of `mixing="impulse"`, `"gaussian"` and `"random"`.
        classifier_activation: activation of the output; None gives logits.
        dtype: a dtype or a dtype policy for all layers; None takes Keras's setting. The output is float32 at least.
        data_format: `"channels_last"` or `"channels_first"` of the input; None takes Keras's setting. Weights fit both.
        name: name of the model; None means `scatnet_a` and so on.

    Returns:
        A functional `keras.Model` from `(batch, H, W, C)`, or `(batch, C, H, W)`, to `(batch, classes)`.

    Raises:
        ValueError: an argument is out of range, or `weights` is not a file of an equal model.

    Example:

    >>> model = ScatNetHybrid("D", classes=10)
    >>> model.output_shape, round(model.count_params() / 1e6, 1)
    ((None, 10), 4.3)

    Reference:
        A Learnable ScatterNet: Locally Invariant Convolutional Layers, section 1.5.3 and table 1.7.
    """
    check_choice("variant", variant, ("A", "B", "C", "D"))
    classes, width = check_width("classes", classes), check_width("width", width)
    check_training(gain, seed, classifier_activation)
    dropout = check_fraction("dropout", dropout)
    build = Builder(data_format, dtype)
    inputs, x = build.images(*_check_shape(input_shape))
    if variant in "CD":
        x = build.normalised(_convolution(build, STEM, "stem")(x), "stem")
    for order in (1, 2):
        if variant in "AC":
            layer = build.layer(DTCWTScattering, J=1, name=f"scat{order}")
        else:
            options = {"mixing": mixing, "gain": gain, "seed": seed + order}
            layer = build.layer(LocallyInvariantLayer, 7 * x.shape[-1], name=f"inv{order}", **options)
        x = build.normalised(layer(x), layer.name)
    for letter, factor in zip("CDEF", (2, 2, 4, 4)):
        x = build.normalised(_convolution(build, factor * width, f"conv{letter}")(x), f"conv{letter}", dropout)
    outputs = build.classified(build.mean(x), classes, classifier_activation, by_glorot)
    return finished(inputs, outputs, name or f"scatnet_{variant.lower()}", weights)


def _check_shape(shape):
    try:
        height, width, channels = shape
        sizes = (None if size is None else check_integer("input_shape", size) for size in (height, width))
        return *sizes, check_integer("input_shape", channels)
    except (TypeError, ValueError):
        raise ValueError(
            "input_shape must be height, width and channels, such as (32, 32, 3); sizes may be None. "
            f"Received: input_shape={shown(shape)}"
        ) from None


def _convolution(build, filters, name):
    options = {"padding": "same", "use_bias": False, "kernel_initializer": glorot(2**0.5)}
    return build.layer(keras.layers.Conv2D, filters, 3, name=name, **options)

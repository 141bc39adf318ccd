"""Hybrid scattering networks: two scattering layers, fixed or learnable, in front of four convolutions."""

import keras

from keras_scatter.arguments import check_choice, check_integer
from keras_scatter.layers.dtcwt_scattering import DTCWTScattering
from keras_scatter.layers.locally_invariant_layer import LocallyInvariantLayer
from keras_scatter.models._building import channel_axis, classified, finished, glorot, image_input, normalised

STEM = 16


def ScatNetHybrid(
    variant,
    classes=10,
    input_shape=(32, 32, 3),
    weights=None,
    *,
    width=96,
    dropout=0.3,
    mixing="1x1",
    gain=1.5,
    seed=0,
    classifier_activation="softmax",
    name=None,
):
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
        name: name of the model; None means `scatnet_a` and so on.

    Returns:
        A functional `keras.Model` from `(batch, *input_shape)`, or channels first if that is Keras's image data
        format, to `(batch, classes)`.

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
    classes, width = check_integer("classes", classes), check_integer("width", width)
    if not isinstance(input_shape, (tuple, list)) or len(input_shape) != 3:
        raise ValueError(
            f"input_shape must be height, width and channels, such as (32, 32, 3). Received: {input_shape!r}"
        )
    inputs = x = image_input(*input_shape)
    if variant in "CD":
        x = normalised(_convolution(STEM, "stem")(x), "stem")
    for order in (1, 2):
        if variant in "AC":
            layer = DTCWTScattering(J=1, name=f"scat{order}")
        else:
            layer = LocallyInvariantLayer(
                7 * x.shape[channel_axis()],
                mixing=mixing,
                gain=gain,
                seed=seed + order,
                name=f"inv{order}",
            )
        x = normalised(layer(x), layer.name)
    for letter, factor in zip("CDEF", (2, 2, 4, 4)):
        x = normalised(_convolution(factor * width, f"conv{letter}")(x), f"conv{letter}", dropout)
    return finished(
        inputs, classified(x, classes, classifier_activation), name or f"scatnet_{variant.lower()}", weights
    )


def _convolution(filters, name):
    return keras.layers.Conv2D(filters, 3, padding="same", use_bias=False, kernel_initializer=glorot(2**0.5), name=name)

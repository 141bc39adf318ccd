"""Scattering, an encoder that is shared by all places, and dense layers."""

from collections.abc import Sequence

import keras

from keras_scatter.arguments import check_fraction
from keras_scatter.models._building import Builder, check_width, finished
from keras_scatter.models._hybrid import (
    Input,
    check_widths,
    dense,
    pointwise,
    scattered,
    standardised,
    uniform,
)
from keras_scatter.typing import KerasObject, PathLike, Shape


def SharedLocalEncoder(
    input_shape: Shape | None = None,
    J: int = 4,
    L: int = 8,
    order: int = 2,
    classes: int = 1000,
    scattering: str | None = "exact",
    weights: PathLike | None = None,
    *,
    widths: Sequence[int] = (1024, 1024, 128),
    dense_widths: Sequence[int] = (2048, 2048),
    dropout: float = 0.0,
    classifier_activation: KerasObject = "softmax",
    dtype: KerasObject = None,
    data_format: str | None = None,
    name: str | None = "shared_local_encoder",
) -> keras.Model:
    """Scattering, a cascade of 1x1 convolutions, and dense layers.

    Features without mean and scale, 1x1 convolutions `local1`, `local2` and so on, which encode every place by
    itself and alike, then dense layers `dense1` and so on, and `classes`. `keras_scatter.angular_spectrum` reads the
    kernel of `local1`.

    The papers state neither widths nor dropout: the defaults are ours, 60.1 million weights, the size of AlexNet.

    Args:
        input_shape: height, width and channels of the images, multiples of 2**J for the first two; None means
            (224, 224, 3). With `scattering=None`, that of the feature map.
        J: scale of the scattering transform, features are averaged over about 2**J pixels.
        L: its number of angles.
        order: 1 or 2, the largest number of wavelets on a path.
        classes: number of classes.
        scattering: `"exact"` for `ScatteringFFT`, `"distilled"` for a `ComplexModulusConv` with designed filters, for
            J up to 4; None if features come in, those of `ScatteringFFT` for images of any number of channels. It is
            not trained, unless `model.get_layer("scattering").trainable = True` is set before `compile`.
        weights: None, or the path of a `.weights.h5` file written by `save_weights`. There are no published ones.
        widths: numbers of filters of the 1x1 convolutions.
        dense_widths: outputs of the dense layers in front of the last one; may be empty.
        dropout: fraction of their outputs that is dropped in training.
        classifier_activation: activation of the output; None gives logits.
        dtype: a dtype or a dtype policy for all layers; None takes Keras's setting. The output is float32 at least.
        data_format: `"channels_last"` or `"channels_first"` of the input; None takes Keras's setting. Weights fit both.
        name: name of the model.

    Returns:
        A functional `keras.Model` from `(batch, H, W, C)`, or `(batch, C, H, W)`, to `(batch, classes)`.

    Raises:
        TypeError: an argument that counts something is no integer.
        ValueError: an argument is out of range, the sizes are unknown or no multiples of 2**J, the channels of a
            feature map do not fit, or `weights` is not a file of an equal model.

    Example:

    >>> model = SharedLocalEncoder((32, 32, 3), J=2, classes=10, widths=(256, 256, 128), dense_widths=(512, 512))
    >>> f"{model.count_params() - sum(map(np.size, (w.numpy() for w in model.non_trainable_weights))):,}"
    '4,625,418'

    Reference:
        E. Oyallon, E. Belilovsky, S. Zagoruyko, Scaling the Scattering Transform: Deep Hybrid Networks, ICCV 2017.
    """
    classes, dropout = check_width("classes", classes), check_fraction("dropout", dropout)
    widths, dense_widths = check_widths("widths", widths), check_widths("dense_widths", dense_widths, least=0)
    build = Builder(data_format, dtype)
    inputs, x = scattered(build, Input(input_shape, (224, 224, 3), J, L, order, scattering))
    x = standardised(build, x)
    for index, width in enumerate(widths, start=1):
        x = pointwise(build, x, width, f"local{index}")
    x = build.layer(keras.layers.Flatten, name="flatten")(x)
    for index, width in enumerate(dense_widths, start=1):
        x = dense(build, x, width, f"dense{index}", dropout)
    return finished(inputs, build.classified(x, classes, classifier_activation, uniform), name, weights)

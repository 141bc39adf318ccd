"""Scattering and dense layers."""

from collections.abc import Sequence

import keras

from keras_scatter.arguments import check_fraction
from keras_scatter.models._building import Builder, check_width, finished
from keras_scatter.models._hybrid import Input, check_widths, dense, scattered, standardised, uniform
from keras_scatter.typing import KerasObject, PathLike, Shape


def ScatteringMLP(
    input_shape: Shape | None = None,
    J: int = 2,
    L: int = 8,
    order: int = 2,
    classes: int = 10,
    scattering: str | None = "exact",
    weights: PathLike | None = None,
    *,
    widths: Sequence[int] = (1024, 1024, 1024),
    dropout: float = 0.5,
    classifier_activation: KerasObject = "softmax",
    dtype: KerasObject = None,
    data_format: str | None = None,
    name: str | None = "scattering_mlp",
) -> keras.Model:
    """Scattering and dense layers: features without mean and scale, then `dense1` and so on, and `classes`.

    The paper has four dense layers, the last one included, and states neither widths nor dropout: the defaults are
    ours, 18.0 million weights.

    Args:
        input_shape: height, width and channels of the images, multiples of 2**J for the first two; None means
            (32, 32, 3). With `scattering=None`, that of the feature map.
        J: scale of the scattering transform, features are averaged over about 2**J pixels.
        L: its number of angles.
        order: 1 or 2, the largest number of wavelets on a path.
        classes: number of classes.
        scattering: `"exact"` for `ScatteringFFT`, `"distilled"` for a `ComplexModulusConv` with designed filters, for
            J up to 4; None if features come in, those of `ScatteringFFT` for images of any number of channels. It is
            not trained, unless `model.get_layer("scattering").trainable = True` is set before `compile`.
        weights: None, or the path of a `.weights.h5` file written by `save_weights`. There are no published ones.
        widths: outputs of the dense layers in front of the last one.
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

    >>> model = ScatteringMLP((28, 28, 1), widths=(64,))
    >>> model.get_layer("dense1").input.shape, model.output_shape
    ((None, 3969), (None, 10))

    Reference:
        E. Oyallon, E. Belilovsky, S. Zagoruyko, Scaling the Scattering Transform: Deep Hybrid Networks, ICCV 2017.
    """
    classes, dropout = check_width("classes", classes), check_fraction("dropout", dropout)
    widths = check_widths("widths", widths)
    build = Builder(data_format, dtype)
    inputs, x = scattered(build, Input(input_shape, (32, 32, 3), J, L, order, scattering))
    x = build.layer(keras.layers.Flatten, name="flatten")(standardised(build, x))
    for index, width in enumerate(widths, start=1):
        x = dense(build, x, width, f"dense{index}", dropout)
    return finished(inputs, build.classified(x, classes, classifier_activation, uniform), name, weights)

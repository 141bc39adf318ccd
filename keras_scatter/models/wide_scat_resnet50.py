"""A wide residual network of fifty layers behind scattering."""

import keras

from keras_scatter.models.scat_resnet50 import ScatResNet50
from keras_scatter.typing import KerasObject, PathLike, Shape


def WideScatResNet50(
    input_shape: Shape | None = None,
    J: int = 3,
    L: int = 8,
    order: int = 1,
    classes: int = 1000,
    scattering: str | None = "exact",
    weights: PathLike | None = None,
    *,
    width: int = 256,
    classifier_activation: KerasObject = "softmax",
    dtype: KerasObject = None,
    data_format: str | None = None,
    name: str | None = "wide_scat_resnet50",
) -> keras.Model:
    """`ScatResNet50` with twice as many channels, within blocks and outside: 107.0 million weights.

    The paper gives 107.2 million; what the others are is not known.

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
        width: channels of the stem, and within the first blocks.
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

    >>> model = WideScatResNet50((32, 32, 3), J=2, classes=10, width=8)
    >>> model.get_layer("group3_block3_relu").output.shape
    (None, 2, 2, 128)

    Reference:
        Compressing the Input for CNNs with the First-Order Scattering Transform: table 1.
    """
    return ScatResNet50(
        input_shape,
        J,
        L,
        order,
        classes,
        scattering,
        weights,
        width=width,
        classifier_activation=classifier_activation,
        dtype=dtype,
        data_format=data_format,
        name=name,
    )

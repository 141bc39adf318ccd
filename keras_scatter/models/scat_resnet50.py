"""A residual network of fifty layers behind scattering."""

import keras

from keras_scatter.models._building import Builder, check_width
from keras_scatter.models._hybrid import Input, residual_network, resnet50
from keras_scatter.typing import KerasObject, PathLike, Shape


def ScatResNet50(
    input_shape: Shape | None = None,
    J: int = 3,
    L: int = 8,
    order: int = 1,
    classes: int = 1000,
    scattering: str | None = "exact",
    weights: PathLike | None = None,
    *,
    width: int = 128,
    classifier_activation: KerasObject = "softmax",
    dtype: KerasObject = None,
    data_format: str | None = None,
    name: str | None = "scat_resnet50",
) -> keras.Model:
    """Scattering and a residual network of 52 convolutions and a dense layer.

    A 3x3 convolution of `width` channels, then bottleneck blocks: 5 of `width`, 8 of twice and 3 of four times as many
    channels within, and four times as many outside; the second and the third group begin with stride 2. Then the mean
    and a dense layer. 27.8 million weights.

    The paper scatters images that are scaled to 0..1 and standardised by colour, and trains for 90 epochs by SGD with
    momentum 0.9, rate 0.1 that is divided by 10 every 30 epochs, batches of 256, and weight decay 1e-4.

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

    >>> model = ScatResNet50((32, 32, 3), J=2, classes=10, width=4)
    >>> model.get_layer("group3_block3_relu").output.shape, model.output_shape
    ((None, 2, 2, 64), (None, 10))

    Reference:
        Compressing the Input for CNNs with the First-Order Scattering Transform: table 1.
    """
    network = resnet50(check_width("width", width))
    given = Input(input_shape, (224, 224, 3), J, L, order, scattering)
    build = Builder(data_format, dtype)
    return residual_network(build, given, network, classes, classifier_activation, name, weights)

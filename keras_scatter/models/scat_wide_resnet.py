"""A wide residual network for small images behind scattering."""

import keras

from keras_scatter.arguments import check_choice
from keras_scatter.models._building import Builder, check_width
from keras_scatter.models._hybrid import Input, Residual, basic, residual_network
from keras_scatter.typing import KerasObject, PathLike, Shape

# Height and width, channels of the stem over k, stride of the second group.
VARIANTS = {"cifar": (32, 16, 1), "stl": (96, 32, 2)}


def ScatWideResNet(
    variant: str = "cifar",
    k: int = 8,
    input_shape: Shape | None = None,
    J: int = 2,
    L: int = 8,
    order: int = 2,
    classes: int = 10,
    scattering: str | None = "exact",
    weights: PathLike | None = None,
    *,
    classifier_activation: KerasObject = "softmax",
    dtype: KerasObject = None,
    data_format: str | None = None,
    name: str | None = None,
) -> keras.Model:
    """Scattering and a wide residual network, for CIFAR-10 or STL-10.

    Features without mean and scale, a 3x3 convolution, two basic blocks of 32 k channels, two of 64 k, the mean, a
    dense layer. `"cifar"` has 16 k channels behind the first convolution and no strides, `"stl"` 32 k, and stride 2 in
    its second group. 10.8 and 11.3 million weights with k = 8.

    The authors train on images of 0..1 (those of STL-10 through `preprocessing.LocalContrastNormalization`) by SGD with
    momentum 0.9, rate 0.1 and weight decay 5e-4; with few labels they change only the schedule.

    Args:
        variant: `"cifar"` or `"stl"`.
        k: factor of all widths, an integer >= 1. The authors use 8 and 16, and 2 on STL-10.
        input_shape: height, width and channels of the images, multiples of 2**J for the first two; None means
            (32, 32, 3) for `"cifar"` and (96, 96, 3) for `"stl"`. With `scattering=None`, that of the feature map.
        J: scale of the scattering transform, features are averaged over about 2**J pixels.
        L: its number of angles.
        order: 1 or 2, the largest number of wavelets on a path.
        classes: number of classes.
        scattering: `"exact"` for `ScatteringFFT`, `"distilled"` for a `ComplexModulusConv` with designed filters, for
            J up to 4; None if features come in, those of `ScatteringFFT` for images of any number of channels. It is
            not trained, unless `model.get_layer("scattering").trainable = True` is set before `compile`.
        weights: None, or the path of a `.weights.h5` file written by `save_weights`. There are no published ones.
        classifier_activation: activation of the output; None gives logits.
        dtype: a dtype or a dtype policy for all layers; None takes Keras's setting. The output is float32 at least.
        data_format: `"channels_last"` or `"channels_first"` of the input; None takes Keras's setting. Weights fit both.
        name: name of the model; None means `scat_wide_resnet_cifar` or `scat_wide_resnet_stl`.

    Returns:
        A functional `keras.Model` from `(batch, H, W, C)`, or `(batch, C, H, W)`, to `(batch, classes)`.

    Raises:
        TypeError: an argument that counts something is no integer.
        ValueError: an argument is out of range, the sizes are unknown or no multiples of 2**J, the channels of a
            feature map do not fit, or `weights` is not a file of an equal model.

    Example:

    >>> model = ScatWideResNet("stl", k=1)
    >>> model.get_layer("scattering").output.shape, model.get_layer("mean").input.shape
    ((None, 24, 24, 243), (None, 12, 12, 64))

    Reference:
        E. Oyallon, E. Belilovsky, S. Zagoruyko, Scaling the Scattering Transform: Deep Hybrid Networks, ICCV 2017.
    """
    size, stem, strides = VARIANTS[check_choice("variant", variant, tuple(VARIANTS))]
    k = check_width("k", k)
    network = Residual(stem * k, ((2, 32 * k, 1), (2, 64 * k, strides)), basic, momentum=0.9)
    given = Input(input_shape, (size, size, 3), J, L, order, scattering)
    name = name or f"scat_wide_resnet_{variant}"
    build = Builder(data_format, dtype)
    return residual_network(build, given, network, classes, classifier_activation, name, weights)

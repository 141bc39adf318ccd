"""A VGG-like network in which convolutions are swapped for locally invariant layers."""

from collections.abc import Sequence

import keras

from keras_scatter.arguments import check_choice, shown
from keras_scatter.layers.locally_invariant_layer import LocallyInvariantLayer
from keras_scatter.models._building import Builder, by_glorot, check_training, check_width, finished, glorot
from keras_scatter.typing import KerasObject, PathLike

# Height and width, classes, convolutions.
DATASETS = {"cifar10": (32, 10, "ABCDEF"), "cifar100": (32, 100, "ABCDEF"), "tiny_imagenet": (64, 200, "ABCDEFGH")}


def VGGInvariant(
    dataset: str = "cifar10",
    swap: Sequence[str] = ("invC",),
    mixing: str = "1x1",
    weights: PathLike | None = None,
    *,
    width: int = 64,
    gain: float = 1.0,
    seed: int = 0,
    classifier_activation: KerasObject = "softmax",
    dtype: KerasObject = None,
    data_format: str | None = None,
    name: str | None = "vgg_invariant",
) -> keras.Model:
    """Six 3x3 convolutions, eight for Tiny ImageNet, of which any may be replaced by locally invariant layers.

    convA, convB, pool, convC, convD, pool, convE, convF (pool, convG, convH), mean, classes; `width` filters in convA
    and convB, twice as many after each pooling; batch normalisation and ReLU after each. An invariant layer in front
    of a pooling layer replaces it too and has strides 2; elsewhere strides are 1. The paper trains on images of mean
    0 and deviation 1 by channel, and finds the best place just before a pooling, or just after it, in the first half.

    Args:
        dataset: `"cifar10"`, `"cifar100"` or `"tiny_imagenet"`: size of the images and number of classes.
        swap: names of the layers to be locally invariant, from `"invA"` to `"invF"` (`"invH"`); `()` is the reference.
        mixing: how `LocallyInvariantLayer` mixes the wavelet moduli.
        weights: None, or the path of a `.weights.h5` file written by `save_weights`.
        width: number C of filters of the first layers.
        gain: factor a of the Glorot-uniform initial mixing weights.
        seed: integer >= 0 for the fixed kernels of `mixing="impulse"`, `"gaussian"` and `"random"`.
        classifier_activation: activation of the output; None gives logits.
        dtype: a dtype or a dtype policy for all layers; None takes Keras's setting. The output is float32 at least.
        data_format: `"channels_last"` or `"channels_first"` of the input; None takes Keras's setting. Weights fit both.
        name: name of the model.

    Returns:
        A functional `keras.Model` from `(batch, 32, 32, 3)` (64 pixels for Tiny ImageNet), or
        `(batch, 3, 32, 32)`, to `(batch, classes)`.

    Raises:
        ValueError: an argument is none of the known ones, or `weights` is not a file of an equal model.

    Example:

    >>> model = VGGInvariant("cifar10", swap=("invB", "invD"), width=4)
    >>> [layer.name for layer in model.layers if layer.name.startswith(("conv", "inv")) and "_" not in layer.name]
    ['convA', 'invB', 'convC', 'invD', 'convE', 'convF']

    Reference:
        A Learnable ScatterNet: Locally Invariant Convolutional Layers, tables 1.5 and 1.6.
    """
    size, classes, letters = DATASETS[check_choice("dataset", dataset, tuple(DATASETS))]
    swap = _check_swap(swap, letters)
    width = check_width("width", width)
    check_training(gain, seed, classifier_activation)
    build = Builder(data_format, dtype)
    inputs, x = build.images(size, size, 3)
    for index, letter in enumerate(letters):
        filters = width * 2 ** (index // 2)
        pooled = index % 2 == 1 and letter != letters[-1]
        invariant = f"inv{letter}" in swap
        if invariant:
            options = {"mixing": mixing, "strides": 2 if pooled else 1, "gain": gain, "seed": seed + index}
            layer = build.layer(LocallyInvariantLayer, filters, name=f"inv{letter}", **options)
        else:
            options = {"padding": "same", "kernel_initializer": glorot(2**0.5)}
            layer = build.layer(keras.layers.Conv2D, filters, 3, name=f"conv{letter}", **options)
        x = build.normalised(layer(x), layer.name)
        if pooled and not invariant:
            x = build.layer(keras.layers.MaxPooling2D, name=f"pool{letter}")(x)
    outputs = build.classified(build.mean(x), classes, classifier_activation, by_glorot)
    return finished(inputs, outputs, name, weights)


def _check_swap(swap, letters):
    known = [f"inv{letter}" for letter in letters]
    if not isinstance(swap, (tuple, list, set)) or not all(isinstance(name, str) and name in known for name in swap):
        raise ValueError(f"swap must be a tuple of names out of {', '.join(known)}. Received: swap={shown(swap)}")
    return set(swap)

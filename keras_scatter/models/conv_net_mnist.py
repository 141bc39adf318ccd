"""The convolutional reference of the small network for MNIST."""

from collections.abc import Sequence

import keras

from keras_scatter.arguments import check_integer
from keras_scatter.models._building import Builder, check_filters, check_training, finished, glorot
from keras_scatter.typing import KerasObject, PathLike


def ConvNetMNIST(
    kernel_size: int = 3,
    weights: PathLike | None = None,
    *,
    filters: Sequence[int] = (7, 49),
    gain: float = 1.5,
    classifier_activation: KerasObject = "softmax",
    dtype: KerasObject = None,
    data_format: str | None = None,
    name: str | None = "conv_net_mnist",
) -> keras.Model:
    """Two convolutions with max-pooling, a fixed random projection and a learned 10 x 10 map.

    28 x 28 x 1 -> conv1, ReLU, pool -> 14 x 14 x 7 -> conv2, ReLU, pool -> 7 x 7 x 49 -> project (not trained) -> 10
    -> reshuffle -> 10: what `InvariantNetMNIST` is compared with. The paper's wide form, with about the parameters of
    `InvariantNetMNIST("3x3")`, is `ConvNetMNIST(kernel_size=5, filters=(10, 100))`.

    Args:
        kernel_size: rows and columns of both kernels, an integer from 1 to 28.
        weights: None, or the path of a `.weights.h5` file written by `save_weights`.
        filters: numbers of filters of both convolutions.
        gain: factor a of the Glorot-uniform initial kernels.
        classifier_activation: activation of the output; None gives logits.
        dtype: a dtype or a dtype policy for all layers; None takes Keras's setting. The output is float32 at least.
        data_format: `"channels_last"` or `"channels_first"` of the input; None takes Keras's setting. Weights fit both.
        name: name of the model.

    Returns:
        A functional `keras.Model` from `(batch, 28, 28, 1)`, or `(batch, 1, 28, 28)`, to `(batch, 10)`.

    Raises:
        ValueError: `kernel_size` or `filters` is wrong, or `weights` is not a file of an equal model.

    Example:

    >>> model = ConvNetMNIST(kernel_size=5, filters=(10, 100))
    >>> model.predict(np.zeros((2, 28, 28, 1)), verbose=0).shape
    (2, 10)

    Reference:
        A Learnable ScatterNet: Locally Invariant Convolutional Layers, tables 1.1b and 1.4.
    """
    kernel_size = check_integer("kernel_size", kernel_size, maximum=28)
    check_training(gain, classifier_activation=classifier_activation)
    build = Builder(data_format, dtype)
    inputs, x = build.images(28, 28, 1)
    for index, number in enumerate(check_filters(filters), start=1):
        options = {"padding": "same", "activation": "relu", "kernel_initializer": glorot(gain)}
        x = build.layer(keras.layers.Conv2D, number, kernel_size, name=f"conv{index}", **options)(x)
        x = build.layer(keras.layers.MaxPooling2D, name=f"maxpool{index}")(x)
    return finished(inputs, build.projected(x, 10, classifier_activation), name, weights)

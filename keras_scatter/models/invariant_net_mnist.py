"""The small network of locally invariant layers for MNIST."""

from collections.abc import Sequence

import keras

from keras_scatter.layers.locally_invariant_layer import LocallyInvariantLayer
from keras_scatter.models._building import Builder, check_filters, check_training, finished
from keras_scatter.typing import KerasObject, PathLike


def InvariantNetMNIST(
    mixing: str = "1x1",
    weights: PathLike | None = None,
    *,
    filters: Sequence[int] = (7, 49),
    gain: float = 1.0,
    seed: int = 0,
    classifier_activation: KerasObject = "softmax",
    dtype: KerasObject = None,
    data_format: str | None = None,
    name: str | None = "invariant_net_mnist",
) -> keras.Model:
    """Two locally invariant layers, a fixed random projection and a learned 10 x 10 map: all learning is in the layers.

    28 x 28 x 1 -> inv1, ReLU -> 14 x 14 x 7 -> inv2, ReLU -> 7 x 7 x 49 -> project (not trained) -> 10 -> reshuffle
    -> 10. It is meant to compare layers, not to compete on MNIST; `ConvNetMNIST` is its convolutional reference. The
    paper trains on images whose mean is 0 and deviation 1.

    Args:
        mixing: how `LocallyInvariantLayer` mixes the wavelet moduli.
        weights: None, or the path of a `.weights.h5` file written by `save_weights`.
        filters: numbers of filters of both layers.
        gain: factor a of the Glorot-uniform initial mixing weights.
        seed: integer >= 0 for the fixed kernels of `mixing="impulse"`, `"gaussian"` and `"random"`.
        classifier_activation: activation of the output; None gives logits.
        dtype: a dtype or a dtype policy for all layers; None takes Keras's setting. The output is float32 at least.
        data_format: `"channels_last"` or `"channels_first"` of the input; None takes Keras's setting. Weights fit both.
        name: name of the model.

    Returns:
        A functional `keras.Model` from `(batch, 28, 28, 1)`, or `(batch, 1, 28, 28)`, to `(batch, 10)`.

    Raises:
        ValueError: `mixing` or `filters` is wrong, or `weights` is not a file of an equal model.

    Example:

    >>> model = InvariantNetMNIST(mixing="impulse")
    >>> model.predict(np.zeros((2, 28, 28, 1)), verbose=0).shape
    (2, 10)

    Reference:
        A Learnable ScatterNet: Locally Invariant Convolutional Layers, tables 1.1a and 1.4.
    """
    check_training(gain, seed, classifier_activation)
    build = Builder(data_format, dtype)
    inputs, x = build.images(28, 28, 1)
    for index, number in enumerate(check_filters(filters)):
        options = {"mixing": mixing, "gain": gain, "activation": "relu", "seed": seed + index}
        x = build.layer(LocallyInvariantLayer, number, name=f"inv{index + 1}", **options)(x)
    return finished(inputs, build.projected(x, 10, classifier_activation), name, weights)

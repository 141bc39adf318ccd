"""Selection along an axis."""

import keras
from keras import ops


def take(x, index, axis):
    """`ops.take` for a one-dimensional index within the axis.

    Under PyTorch it is a single operation; that of Keras ends in a squeeze which ONNX refuses.

    Example:

    >>> take(ops.arange(6), np.array([4, 1]), axis=0).shape[0]
    2
    """
    if keras.backend.backend() != "torch":
        return ops.take(x, index, axis=axis)
    import torch

    return torch.index_select(x, axis, ops.convert_to_tensor(index, dtype="int64"))

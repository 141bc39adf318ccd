"""Selection and products of matrices, and functions whose versions in `keras.ops` lose precision or do not export."""

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


def rows_times(planes, matrix):
    """`planes @ matrix` over the last axis of `(N, ...)`, as one product of two matrices.

    With the planes as a batch TensorFlow 2.21 crashes for shapes like (32, 1, 40, 40). The operator stands for
    `ops.matmul`, which returns float32 for float64 under PyTorch.
    """
    *leading, length = ops.shape(planes)
    return ops.reshape(ops.reshape(planes, (-1, length)) @ matrix, (-1, *leading[1:], ops.shape(matrix)[1]))


def row_sums(planes):
    """The sums over the last axis, which stays with one entry. XLA is faster at products, PyTorch at sums."""
    if keras.backend.backend() == "torch":
        return ops.sum(planes, axis=-1, keepdims=True)
    return rows_times(planes, ops.ones((ops.shape(planes)[-1], 1), planes.dtype))


def cos_sin(angle):
    """Cosine and sine in the dtype of the angle: those of `keras.ops` are float32 for float64 under JAX."""
    if keras.backend.backend() == "jax":
        import jax.numpy as jnp

        return jnp.cos(angle), jnp.sin(angle)
    return ops.cos(angle), ops.sin(angle)


def complex_array(real, imag):
    """A complex array of its parts."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.complex(real, imag)
    if backend == "torch":
        import torch

        return torch.complex(real, imag)
    return real + 1j * imag

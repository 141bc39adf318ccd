"""A constraint that keeps a mixing of channels from amplifying differences."""

from typing import Any

import keras
from keras import ops

from keras_scatter.arguments import check_number
from keras_scatter.typing import Tensor, Tensors


@keras.saving.register_keras_serializable(package="keras_scatter")
class NonExpansive(keras.constraints.Constraint):
    """Scale a convolution kernel down so that its Lipschitz constant is at most `limit`.

    With limit 1, `||A z - A z'|| <= ||z - z'||`: mixed wavelet moduli are as stable to noise and deformations as the
    moduli themselves. For a 1 x 1 kernel the constant is the largest singular value of the matrix A. For `k x l` it is
    bounded by `sqrt(k l)` times that of the kernel as a matrix `(k * l * inputs, outputs)`, because each input sample
    is read k l times; the bound is kept, the constant itself may be smaller.

    In `LocallyInvariantLayer(mixing_constraint=NonExpansive())` it also holds where the kernel is made of weights
    and fixed 3 x 3 kernels: the made kernel is bounded.

    Args:
        limit: largest allowed constant, a number >= 0.

    Example:

    >>> kernel = np.random.default_rng(0).normal(size=(1, 1, 21, 8)).astype("float32")
    >>> mixing = keras.ops.convert_to_numpy(NonExpansive()(kernel))[0, 0]
    >>> bool(np.linalg.norm(mixing, 2) < 1.0001)
    True

    Reference:
        A Learnable ScatterNet: Locally Invariant Convolutional Layers, section 1.3.1.3.
    """

    def __init__(self, limit: float = 1.0) -> None:
        self.limit = check_number("limit", limit)

    def __call__(self, w: Tensor) -> Tensors:
        w = ops.convert_to_tensor(w)
        return w * ops.cast(self.factor(w), w.dtype)

    def factor(self, kernel: Tensor) -> Tensor:
        """By what a kernel `(k, l, inputs, outputs)` is multiplied, at most 1."""
        kernel = ops.cast(kernel, "float64" if "64" in str(kernel.dtype) else "float32")
        # The squares of a large kernel would overflow.
        largest = ops.maximum(ops.max(ops.abs(kernel)), 1e-30)
        # A kernel whose largest tap is 1 has a constant of at least 1.
        return ops.minimum(self.limit / largest / ops.maximum(lipschitz_bound(kernel / largest), 1.0), 1.0)

    def get_config(self) -> dict[str, Any]:
        return {"limit": self.limit}


def lipschitz_bound(kernel):
    """`sqrt(k l)` times the largest singular value of `(k, l, inputs, outputs)` as a matrix."""
    rows, columns, _, outputs = kernel.shape
    matrix = ops.reshape(kernel, (-1, outputs))
    transposed = ops.transpose(matrix)
    # The smaller of both squares has the same largest eigenvalue.
    square = transposed @ matrix if matrix.shape[0] >= outputs else matrix @ transposed
    largest = ops.maximum(ops.eigh(square)[0][-1], 0.0)
    return (rows * columns) ** 0.5 * ops.sqrt(largest)

"""A constraint that keeps a mixing of channels from amplifying differences."""

import keras
from keras import ops

from keras_scatter.arguments import check_number


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

    def __init__(self, limit=1.0):
        self.limit = check_number("limit", limit)

    def __call__(self, w):
        w = ops.convert_to_tensor(w)
        return self._scaled(w, w)

    def of_kernel(self, make_kernel):
        """The constraint of weights from which `make_kernel`, a linear function, makes the kernel."""
        return _OfMadeKernel(self, make_kernel)

    def get_config(self):
        return {"limit": self.limit}

    def _scaled(self, weights, kernel):
        kernel = ops.cast(kernel, "float64" if "64" in str(kernel.dtype) else "float32")
        factor = self.limit / ops.maximum(lipschitz_bound(kernel), max(self.limit, 1e-30))
        return weights * ops.cast(factor, weights.dtype)


class _OfMadeKernel(keras.constraints.Constraint):
    def __init__(self, constraint, make_kernel):
        self._constraint = constraint
        self._make_kernel = make_kernel

    def __call__(self, w):
        return self._constraint._scaled(w, self._make_kernel(w))


def lipschitz_bound(kernel):
    """`sqrt(k l)` times the largest singular value of `(k, l, inputs, outputs)` as a matrix."""
    rows, columns, _, outputs = kernel.shape
    matrix = ops.reshape(kernel, (-1, outputs))
    transposed = ops.transpose(matrix)
    # The smaller of both squares has the same largest eigenvalue.
    square = transposed @ matrix if matrix.shape[0] >= outputs else matrix @ transposed
    largest = ops.maximum(ops.eigh(square)[0][-1], 0.0)
    return (rows * columns) ** 0.5 * ops.sqrt(largest)

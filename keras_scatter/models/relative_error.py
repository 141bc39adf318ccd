"""Relative error as a Keras metric."""

import keras
from keras import ops

from keras_scatter.arguments import shown
from keras_scatter.typing import KerasObject, Tensor


@keras.saving.register_keras_serializable(package="keras_scatter")
class RelativeError(keras.metrics.Metric):
    """Relative error over everything seen since the last reset: `sqrt(sum (y_pred - y_true)^2 / sum y_true^2)`.

    It is the ratio of the two sums, not a mean of ratios, so batches of any size may be mixed. The result is 0 when
    both agree exactly, infinite when only `y_true` vanishes, and NaN when a value was NaN.

    Args:
        name: name of the metric.
        dtype: dtype of the sums.

    Example:

    >>> metric = RelativeError()
    >>> metric.update_state([3.0, 4.0], [3.0, 4.5])
    >>> float(metric.result())
    0.1...
    """

    def __init__(self, name: str = "relative_error", dtype: KerasObject = None) -> None:
        if not isinstance(name, str):
            raise TypeError(f"name must be a string. Received: name={shown(name)}")
        super().__init__(name=name, dtype=dtype)
        self.squared_error = self.add_variable((), "zeros", name="squared_error")
        self.squared_reference = self.add_variable((), "zeros", name="squared_reference")

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor | None = None) -> None:
        y_true, y_pred = ops.cast(y_true, self.dtype), ops.cast(y_pred, self.dtype)
        weight = 1.0 if sample_weight is None else ops.cast(sample_weight, self.dtype)
        self.squared_error.assign_add(ops.sum(weight * ops.square(y_pred - y_true)))
        self.squared_reference.assign_add(ops.sum(weight * ops.square(y_true)))

    def result(self) -> Tensor:
        error, reference = self.squared_error.value, self.squared_reference.value
        exact = ops.equal(error, 0)
        return ops.where(exact, ops.zeros_like(error), ops.sqrt(error / ops.where(exact, 1.0, reference)))

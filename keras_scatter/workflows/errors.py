"""Where `errors_by_order` was."""

from keras_scatter.errors import errors_by_order

__all__ = ["errors_by_order"]

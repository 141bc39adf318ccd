"""Sizes that are numbers, and sizes that TensorFlow knows only when a graph runs."""

import keras


def is_static(*sizes):
    """Whether all axis lengths are known now; under TensorFlow one can be a tensor that has its value at run time."""
    for size in sizes:  # noqa: SIM110 (called by every stage: a generator costs as much as all of it)
        if not isinstance(size, int):
            return False
    return True


def check_at_least(name, size, least, message):
    """Check a size that is a tensor when the graph runs; one that is None is not there yet."""
    if size is not None and keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.debugging.assert_greater_equal(size, least, f"{name} {message}")


def check_multiple(name, size, factor, message):
    """As `check_at_least`, that the size is a multiple."""
    if size is not None and keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        tf.debugging.assert_equal(size % factor, 0, f"{name} {message}")

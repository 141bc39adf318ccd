"""Functions that keep nothing but their arguments for the gradient, and are computed again for it."""

import keras

from keras_scatter.backend.programs import is_inlined


def recomputed(function, is_program):
    """The function, without results that are kept for its gradient.

    Args:
        is_program: whether it is compiled with `xla_under_tensorflow=True`: such a program does so by itself.
    """
    if is_inlined() or (is_program and keras.backend.backend() == "tensorflow"):
        return function
    return keras.remat(function)

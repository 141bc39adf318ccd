"""Functions that keep nothing but their arguments for the gradient, and are computed again for it."""

import functools

import keras
from keras import ops

from keras_scatter.backend.programs import is_inlined


def recomputed(function, is_program):
    """The function, without results that are kept for its gradient.

    Args:
        is_program: whether it is compiled with `xla_under_tensorflow=True`: such a program does so by itself.
    """
    if is_inlined() or (is_program and keras.backend.backend() == "tensorflow"):
        return function
    return keras.remat(function)


def switch(index, branches, array, *others):
    """`branches[index](array, *others)` for an index that may be known when a program runs.

    TensorFlow has no gradients of branches that define gradients of their own, as programs do: there the gradient, for
    the array alone, is computed within the branch, from the arguments.
    """
    if keras.backend.backend() != "tensorflow":
        return ops.switch(index, branches, array, *others)
    import tensorflow as tf

    def chosen_of(functions):
        return tf.switch_case(index, functions)

    @tf.custom_gradient
    def chosen(array, *others):
        def gradient(upstream):
            def within(branch):
                with tf.GradientTape() as tape:
                    inside = tf.identity(array)
                    tape.watch(inside)
                    value = branch(inside, *others)
                return tape.gradient(value, inside, upstream, unconnected_gradients="zero")

            found = chosen_of([functools.partial(within, branch) for branch in branches])
            return found, *[None] * len(others)

        return chosen_of([functools.partial(branch, array, *others) for branch in branches]), gradient

    return chosen(array, *others)

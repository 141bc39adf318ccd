"""XLA for one function, where the backend has it but would not use it by itself."""

import functools

import keras


def compiled(function):
    """Compile `function(*tensors, **static)` with XLA under TensorFlow and JAX.

    Keras leaves XLA off for TensorFlow on machines without an accelerator, where the exact transform is 2.5 times
    faster with it (128 x 3 x 32 x 32, J=2, order 2, two cores), and eager calls under JAX run operation by operation.
    Keyword arguments are constants of the compilation; image sizes are too, as far as they are known, while all
    batch sizes share one trace.
    """

    @functools.cache
    def specialised(static, sizes):
        bound = functools.partial(function, **dict(static))
        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            return tf.function(bound, jit_compile=True, reduce_retracing=True, autograph=False)
        if keras.backend.backend() == "jax":
            import jax

            return jax.jit(bound)
        return bound

    @functools.wraps(function)
    def call(*tensors, **static):
        return specialised(tuple(sorted(static.items())), tuple(tensors[0].shape[1:]))(*tensors)

    return call

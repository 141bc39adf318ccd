"""NumPy arrays as tensors of the backend."""

import contextlib

import keras
from keras import ops


def constants(arrays):
    """Tensors of a tuple of arrays; tensors among them stay as they are.

    With the dtype, because without one JAX makes a program for every new shape of a NumPy array.
    """
    return tuple(ops.convert_to_tensor(array, array.dtype) for array in arrays)


def outside_of_programs():
    """Have operations of a `with` statement run at once, also where a program is traced."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        return tf.init_scope()
    if backend == "jax":
        import jax

        return jax.ensure_compile_time_eval()
    return contextlib.nullcontext()


@contextlib.contextmanager
def float64_allowed():
    """Have JAX compute in float64, as the other backends do by themselves, in a `with` statement."""
    if keras.backend.backend() != "jax":
        yield
        return
    import jax

    earlier = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    try:
        yield
    finally:
        jax.config.update("jax_enable_x64", earlier)


def check_float64(dtype):
    """JAX computes in float32, without a word, where float64 is not enabled: refuse it there."""
    if dtype == "float64" and keras.backend.backend() == "jax":
        import jax

        if not jax.config.jax_enable_x64:
            raise ValueError(
                'dtype="float64" needs JAX_ENABLE_X64=1 in the environment, or '
                'jax.config.update("jax_enable_x64", True): JAX computes in float32 without it. '
                "Received: dtype='float64'"
            )

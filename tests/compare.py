"""The one comparison of arrays, and helpers that every backend needs."""

import keras
import numpy as np
import pytest
from keras import ops

BACKEND = keras.backend.backend()
# For tests that compute nothing with the backend, or start programs that choose one themselves.
once = pytest.mark.skipif(BACKEND != "tensorflow", reason="needs no backend: runs with the default one")
# For long tests of what is the same on every backend.
on_torch = pytest.mark.skipif(BACKEND != "torch", reason="runs on the backend that compiles nothing")
TOLERANCE = {"float64": 1e-10, "float32": 1e-5, "bfloat16": 3e-2, "float16": 3e-3}


def to_numpy(x):
    x = ops.convert_to_numpy(x)
    return np.asarray(x, dtype="complex128" if np.iscomplexobj(x) else "float64")


def peak_error(found, expected):
    """Largest absolute difference over the largest absolute expected value; NaN if there is one."""
    found, expected = to_numpy(found), to_numpy(expected)
    assert found.shape == expected.shape, f"shape {found.shape} instead of {expected.shape}"
    assert expected.size, "nothing to compare"
    return np.max(np.abs(found - expected)) / np.max(np.abs(expected))


def assert_close(found, expected, tolerance=TOLERANCE["float32"]):
    error = peak_error(found, expected)
    # Written so that NaN fails.
    assert error <= tolerance, f"largest error over peak {error:.3g}, allowed {tolerance:.3g}"


def gradient(function, x):
    """Gradient of a scalar function of one array, as NumPy, on any backend."""
    x = ops.convert_to_tensor(x)
    if BACKEND == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(x)
            value = function(x)
        return to_numpy(tape.gradient(value, x))
    if BACKEND == "jax":
        import jax

        return to_numpy(jax.grad(function)(x))
    x = x.detach().clone().requires_grad_()
    function(x).backward()
    return to_numpy(x.grad)


def images(*shape, seed=0):
    return np.random.default_rng(seed).uniform(size=shape).astype("float32")


def weight_gradients(layer, x, weighting):
    """Gradients of `sum(layer(x) * weighting)` with respect to the trainable weights of a built layer."""
    x, weighting = ops.convert_to_tensor(x), ops.convert_to_tensor(weighting)
    if BACKEND == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            value = ops.sum(layer(x) * weighting)
        return [to_numpy(g) for g in tape.gradient(value, [v.value for v in layer.trainable_weights])]
    if BACKEND == "jax":
        import jax

        def value(trainable):
            return ops.sum(layer.stateless_call(trainable, [], x)[0] * weighting)

        return [to_numpy(g) for g in jax.grad(value)([v.value for v in layer.trainable_weights])]
    layer.zero_grad()
    ops.sum(layer(x) * weighting).backward()
    return [to_numpy(v.value.grad) for v in layer.trainable_weights]

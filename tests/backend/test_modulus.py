import numpy as np
import pytest
from compare import assert_close, gradient, images
from keras import ops

from keras_scatter.backend.modulus import modulus


def test_equals_the_absolute_value():
    z = images(5, 7) - 0.5 + 1j * (images(5, 7, seed=1) - 0.5)
    assert_close(modulus(ops.convert_to_tensor(z.real), ops.convert_to_tensor(z.imag)), abs(z), 1e-6)


def test_gradient_is_zero_at_zero_and_unit_elsewhere():
    x = np.array([0.0, 3.0, -2.0], "float32")
    found = gradient(lambda x: ops.sum(modulus(x, ops.zeros_like(x))), x)
    assert_close(found, [0.0, 1.0, -1.0], 1e-6)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_does_not_overflow(dtype):
    part = ops.cast(ops.convert_to_tensor([300.0]), dtype)
    assert_close(modulus(part, part), [300 * 2**0.5], 1e-2)


def test_nan_stays_nan():
    assert np.isnan(np.asarray(ops.convert_to_numpy(modulus(ops.array([np.nan]), ops.array([1.0])))))

import numpy as np
import pytest
from compare import assert_close, images, to_numpy
from keras import ops

from keras_scatter.backend import dft

SIZES = [1, 2, 7, 12, 40, 97, 112, 225, 1024, 2187]  # the last four in two factors, odd ones among them


def transformed(kind, x, size):
    arrays = dft.dft(kind, size, "float32")
    found = dft.apply(ops.convert_to_tensor(x), arrays)
    found = to_numpy(found)
    return found[:, 0] + 1j * found[:, 1]


def packed(x):
    return np.stack([x.real, x.imag], axis=1).astype("float32")


@pytest.mark.parametrize("size", SIZES)
def test_transforms_are_those_of_numpy(size):
    x, y = images(3, size) - 0.5, images(3, size, seed=1) - 0.5
    assert_close(transformed("real", x, size), np.fft.fft(x), 1e-6)
    assert_close(transformed("half", x, size), np.fft.rfft(x), 1e-6)
    z = x + 1j * y
    assert_close(transformed("complex", packed(z), size), np.fft.fft(z), 1e-6)
    assert_close(transformed("inverse", packed(z), size), np.fft.ifft(z), 1e-6)


@pytest.mark.parametrize("size", SIZES)
def test_real_numbers_of_half_a_spectrum(size):
    """As NumPy, it ignores imaginary parts that no real array has."""
    half = images(3, size // 2 + 1) + 1j * images(3, size // 2 + 1, seed=1)
    found = dft.to_real(ops.convert_to_tensor(packed(half)), dft.dft("real_inverse", size, "float32"))
    assert_close(found, np.fft.irfft(half, size), 2e-6)


def test_two_factors_are_taken_where_they_are_less_work():
    assert [dft.factor(size) for size in (1, 40, 97, 112, 131072)] == [1, 1, 1, 8, 256]
    for size in SIZES:
        arrays = dft.dft("complex", size, "float32")
        numbers = sum(array.size for array in arrays[:3] if array is not None)
        assert numbers <= 4 * size**2
        if dft.factor(size) > 1:
            assert numbers < size**2


def test_matrices_have_the_dtype_and_are_kept():
    assert dft.dft("half", 225, "float64").last.dtype == "float64"
    assert dft.dft("half", 225, "float64") is dft.dft("half", 225, "float64")

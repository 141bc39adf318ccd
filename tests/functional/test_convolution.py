import numpy as np
import pytest
import scipy.ndimage
from compare import assert_close, images
from keras import ops

from keras_scatter.backend import convolutions
from keras_scatter.backend.modulus import modulus
from keras_scatter.functional.axes import wrap
from keras_scatter.functional.paper import block_outputs, block_waves, zero_padded_conv


def correlate(plane, kernel, mode):
    return scipy.ndimage.correlate(plane.astype("float64"), kernel, mode=mode)


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("size", [3, 7, 15])
def test_periodic_convolution_in_groups(stride, groups, size):
    planes, kernel, radius = images(2, 8, 12, 2), images(size, size, 2 // groups, 4, seed=1), size // 2
    wrapped = wrap(ops.convert_to_tensor(planes), radius, radius + 1 - stride, rank=2)
    found = convolutions.correlate(wrapped, ops.convert_to_tensor(kernel), stride, groups)
    expected = np.zeros((2, 8, 12, 4))
    for plane, maps in zip(planes, expected):
        for f in range(4):
            first = f // (4 // groups) * (2 // groups)
            for p in range(2 // groups):
                maps[..., f] += correlate(plane[..., first + p], kernel[:, :, p, f], "wrap")
    assert_close(found, expected[:, ::stride, ::stride])


@pytest.mark.parametrize(("height", "width"), [(8, 12), (9, 11)])
def test_zero_padded_convolution_keeps_the_grid_of_the_first_sample(height, width):
    planes, kernel = images(2, height, width, 3), images(5, 5, 3, 2, seed=1)
    found = zero_padded_conv(ops.convert_to_tensor(planes), ops.convert_to_tensor(kernel), stride=2)
    expected = [
        [correlate(plane[..., g], kernel[:, :, g, f], "constant") for g in range(3) for f in range(2)]
        for plane in planes
    ]
    expected = np.transpose(expected, (0, 2, 3, 1))[:, ::2, ::2]
    assert_close(found, expected)


@pytest.mark.parametrize("lowpass_size", [3, 5, 7])
def test_block_is_the_papers(lowpass_size):
    """Equation 9 with SciPy: {x * phi, |x * psi| * phi} at half size, zeros outside."""
    planes, phi = images(2, 10, 8), images(lowpass_size, lowpass_size, 1, 1, seed=1)
    real, imag = images(5, 5, 1, 2, seed=2) - 0.5, images(5, 5, 1, 2, seed=3) - 0.5
    low, *waves = block_waves(*map(ops.convert_to_tensor, (planes, phi, real, imag)))
    found = block_outputs(low, modulus(*waves), ops.convert_to_tensor(phi))
    expected = []
    for plane in planes:
        expected.append(correlate(plane, phi[:, :, 0, 0], "constant")[::2, ::2])
        for t in range(2):
            parts = [correlate(plane, kernel[:, :, 0, t], "constant")[::2, ::2] for kernel in (real, imag)]
            expected.append(correlate(np.hypot(*parts), phi[:, :, 0, 0], "constant"))
    assert_close(found, np.stack(expected))

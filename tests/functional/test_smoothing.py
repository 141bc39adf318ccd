import numpy as np
import numpy_twin
import pytest
from compare import assert_close, images
from keras import ops

from keras_scatter.functional.smoothing import smooth, smoothing_matrix


@pytest.mark.parametrize(("J", "level"), [(1, 0), (2, 0), (2, 1), (3, 2)])
@pytest.mark.parametrize("cropped", [True, False])
def test_equals_filtering_by_fft(J, level, cropped):
    shape = 5 * 2**J, 4 * 2**J
    plane = images(1, shape[0] >> level, shape[1] >> level)
    phi = numpy_twin.level(np.fft.fft2(numpy_twin.gabor(*shape, 0.8 * 2 ** (J - 1), 0, 0, 1)).real, level)
    expected = np.fft.ifft2(numpy_twin.decimate(np.fft.fft2(plane[0]) * phi, 2 ** (J - level))).real
    found = smooth(ops.convert_to_tensor(plane), J, level, shape, cropped)[0]
    assert_close(found, expected[1:-1, 1:-1] if cropped else expected, 1e-6)


def test_constant_planes_keep_their_value():
    """Each row sums to the gain of one axis, the square root of pi / 3.1415."""
    assert_close(smoothing_matrix(3, 1, 64, False).sum(1), np.full(8, (np.pi / 3.1415) ** 0.5), 1e-9)

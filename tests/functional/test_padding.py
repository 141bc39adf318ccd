import numpy as np
import numpy_twin
import pytest
from compare import assert_close, images
from keras import ops

from keras_scatter.functional.padding import margins, pad_planes, wrap_planes

# Margins and output sizes measured on Kymatio.
KYMATIO = [
    (32, 2, (4, 4), 8),
    (28, 2, (4, 4), 7),
    (33, 3, (7, 8), 4),
    (30, 3, (5, 5), 3),
    (31, 3, (4, 5), 3),
    (45, 3, (5, 6), 5),
    (224, 3, (8, 8), 28),
    (64, 6, (64, 64), 1),
    (32, 5, (32, 32), 1),
]


@pytest.mark.parametrize(("size", "J", "expected", "output"), KYMATIO)
def test_margins(size, J, expected, output):
    assert margins(size, J, "reflect") == expected == margins(size, J, "zeros")
    assert (size + sum(expected)) // 2**J - 2 == output == size // 2**J
    assert margins(size, J, "periodic") == (0, 0)


@pytest.mark.parametrize("padding", ["reflect", "zeros"])
@pytest.mark.parametrize(("height", "width", "J"), [(16, 20, 2), (17, 9, 3), (8, 8, 3), (4, 7, 2), (2, 2, 1)])
def test_planes_are_padded_as_numpy_does(padding, height, width, J):
    planes = images(3, height, width)
    found = pad_planes(ops.convert_to_tensor(planes), J, padding)
    assert_close(found, np.stack([numpy_twin.pad(plane, J, padding) for plane in planes]), 0)


@pytest.mark.parametrize(("before", "after"), [(2, 3), (9, 11)])
def test_wrapping_repeats_the_planes(before, after):
    planes = images(2, 4, 6, 3)
    margin = (before, after)
    found = wrap_planes(ops.convert_to_tensor(planes), before, after)
    assert_close(found, np.pad(planes, ((0, 0), margin, margin, (0, 0)), mode="wrap"), 0)

import numpy as np
import numpy_twin
import pytest
from compare import assert_close, images
from keras import ops

from keras_scatter.functional.axes import cut, pad, wrap
from keras_scatter.plan.axis import Axis
from keras_scatter.plan.images import image_axis

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
    for padding in ("reflect", "zeros"):
        axis = image_axis(size, J, padding)
        assert (axis.before, axis.after) == expected
        assert axis.kept(J) == (1, output)
        assert axis.length // 2**J - 2 == output == size // 2**J
    assert image_axis(size, J, "periodic") == Axis(size)


@pytest.mark.parametrize("padding", ["reflect", "zeros"])
@pytest.mark.parametrize(("height", "width", "J"), [(16, 20, 2), (17, 9, 3), (8, 8, 3), (4, 7, 2), (2, 2, 1)])
def test_planes_are_padded_as_numpy_does(padding, height, width, J):
    planes = images(3, height, width)
    found = pad(ops.convert_to_tensor(planes), [image_axis(size, J, padding) for size in (height, width)])
    assert_close(found, np.stack([numpy_twin.pad(plane, J, padding) for plane in planes]), 0)


@pytest.mark.parametrize(("before", "after"), [(2, 3), (9, 11)])
def test_wrapping_repeats_the_planes(before, after):
    planes = images(2, 4, 6, 3)
    margin = (before, after)
    found = wrap(ops.convert_to_tensor(planes), before, after, rank=2)
    assert_close(found, np.pad(planes, ((0, 0), margin, margin, (0, 0)), mode="wrap"), 0)


@pytest.mark.parametrize("level", [0, 1, 3])
def test_cutting_keeps_the_samples_of_the_image(level):
    """The samples of the padded axis at multiples of 2**level that lie inside, as many as there are whole cells."""
    axis = image_axis(33, 3, "reflect")
    position = np.arange(axis.length, dtype="float32") - axis.before
    found = cut(ops.convert_to_tensor(position[None, None, :: 2**level]), [axis], level)
    inside = [p for p in position[:: 2**level] if 0 <= p < 33]
    assert_close(found[0, 0], inside[: 33 // 2**level], 0)

from compare import assert_close, images
from keras import ops

from keras_scatter.backend.arrays import row_sums


def test_row_sums_are_those_of_numpy():
    planes = images(3, 5, 300)
    found = row_sums(ops.convert_to_tensor(planes))
    assert found.shape == (3, 5, 1)
    assert_close(found, planes.astype("float64").sum(-1, keepdims=True), 1e-6)

from dataclasses import dataclass

import numpy as np
import pytest
from compare import assert_close, images
from keras import ops

from keras_scatter.filters.dtcwt_taps import Reading
from keras_scatter.functional.banded import MirroredAxis, filter_matrix, mirrored, multiply_both, products

BANDS = [(Reading(-2, 1, np.array([1.0, 2, 3, 4, 5])), Reading(0, 1, np.array([1.0, -1])))]


@pytest.mark.parametrize("length", [1, 4, 7])
def test_mirroring_is_numpys_symmetric_padding(length):
    expected = np.pad(np.arange(length), 11, mode="symmetric")
    assert np.array_equal(mirrored(np.arange(-11, length + 11), length), expected)


@pytest.mark.parametrize("length", [2, 6, 16])
def test_filters_read_the_mirrored_axis(length):
    x = np.random.default_rng(0).normal(size=length)
    padded = np.pad(x, 8, mode="symmetric")
    found = x @ filter_matrix(BANDS, 2, MirroredAxis(length, length))
    first = [padded[8 + 2 * n - 2 : 8 + 2 * n + 3] @ [1, 2, 3, 4, 5] for n in range(length // 2)]
    second = [padded[8 + 2 * n] - padded[8 + 2 * n + 1] for n in range(length // 2)]
    assert_close(found, first + second, 1e-12)


def test_source_is_where_samples_come_from():
    """An axis extended by its last sample."""
    x = np.random.default_rng(0).normal(size=5)
    matrix = filter_matrix(BANDS, 2, MirroredAxis(6, 5, lambda position: np.minimum(position, 4)))
    assert_close(x @ matrix, np.append(x, x[-1]) @ filter_matrix(BANDS, 2, MirroredAxis(6, 6)), 1e-12)


@dataclass(frozen=True)
class Filtered:
    size: int
    groups = (1, 2)

    def matrix(self, xp=np):
        return filter_matrix(BANDS, 2, MirroredAxis(self.size, self.size), xp)


@dataclass(frozen=True)
class Doubled(Filtered):
    def matrix(self, xp=np):
        return 2 * super().matrix(xp)


@pytest.mark.parametrize(("height", "width"), [(6, 8), (130, 256), (128, 40)])
def test_long_axes_are_cut_into_tiles(height, width):
    x = images(2, 1, height, 1, width)
    across, along = products([Filtered(size) for size in (width, height)], "float32")
    assert len(across.matrices) == max(1, width // 64) and len(along.matrices) == max(1, height // 64)
    found = multiply_both(ops.convert_to_tensor(x), (across, along))
    expected = np.einsum("nhw,hi,wj->nji", x[:, 0, :, 0], Filtered(height).matrix(), Filtered(width).matrix())
    assert_close(ops.reshape(found, expected.shape), expected)
    if width == 256:
        assert max(matrix.shape[0] for matrix in across.matrices) < 80


def test_steps_of_two_kinds_are_not_mixed_up():
    single, double = products([Filtered(8), Doubled(8)], "float32")
    assert_close(double.matrices[0], 2 * np.array(single.matrices[0]))


def test_sizes_that_are_tensors_give_the_same_matrix():
    assert_close(Filtered(12).matrix(ops), Filtered(12).matrix(), 1e-12)

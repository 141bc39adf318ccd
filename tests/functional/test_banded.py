import numpy as np
import pytest
from compare import assert_close, images
from keras import ops

from keras_scatter.filters.dtcwt_taps import Reading
from keras_scatter.functional.banded import filter_matrix, mirrored, multiply_both, plan, split

BANDS = [(Reading(-2, 1, np.array([1.0, 2, 3, 4, 5])), Reading(0, 1, np.array([1.0, -1])))]


@pytest.mark.parametrize("length", [1, 4, 7])
def test_mirroring_is_numpys_symmetric_padding(length):
    expected = np.pad(np.arange(length), 11, mode="symmetric")
    assert np.array_equal(mirrored(np.arange(-11, length + 11), length), expected)


@pytest.mark.parametrize("length", [2, 6, 16])
def test_filters_read_the_mirrored_axis(length):
    x = np.random.default_rng(0).normal(size=length)
    padded = np.pad(x, 8, mode="symmetric")
    found = x @ filter_matrix(BANDS, 2, length)
    first = [padded[8 + 2 * n - 2 : 8 + 2 * n + 3] @ [1, 2, 3, 4, 5] for n in range(length // 2)]
    second = [padded[8 + 2 * n] - padded[8 + 2 * n + 1] for n in range(length // 2)]
    assert_close(found, first + second, 1e-12)


def test_source_is_where_samples_come_from():
    """An axis extended by its last sample."""
    x = np.random.default_rng(0).normal(size=5)
    matrix = filter_matrix(BANDS, 2, 6, lambda position: np.minimum(position, 4), 5)
    assert_close(x @ matrix, np.append(x, x[-1]) @ filter_matrix(BANDS, 2, 6), 1e-12)


def dense(size, xp):
    return filter_matrix(BANDS, 2, size, xp=xp)


@pytest.mark.parametrize(("height", "width"), [(6, 8), (130, 256), (128, 40)])
def test_long_axes_are_cut_into_tiles(height, width):
    x = images(2, 1, height, 1, width)
    static, tensors = split([plan(dense, (1, 2), size, dtype="float32") for size in (width, height)])
    assert len(tensors[0]) == max(1, width // 64) and len(tensors[1]) == max(1, height // 64)
    found = multiply_both(ops.convert_to_tensor(x), static, tensors)
    expected = np.einsum("nhw,hi,wj->nji", x[:, 0, :, 0], dense(height, np), dense(width, np))
    assert_close(ops.reshape(found, expected.shape), expected)
    if width == 256:
        assert max(matrix.shape[0] for matrix in tensors[0]) < 80


def test_sizes_that_are_tensors_give_the_same_matrix():
    assert_close(dense(12, ops), dense(12, np), 1e-12)

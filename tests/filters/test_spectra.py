import numpy as np
import pytest
from compare import assert_close, once

from keras_scatter.filters.spectra import on_grid, without_zeros

pytestmark = once


@pytest.mark.parametrize(("first", "count"), [(0, 3), (-2, 5), (6, 9), (-9, 20)])
def test_bins_are_added_up_on_the_grid(first, count):
    values, expected = np.arange(1.0, count + 1), np.zeros(8)
    np.add.at(expected, np.arange(first, first + count) % 8, values)
    assert_close(on_grid(first, values, 8), expected, 0)


@pytest.mark.parametrize(("first", "count"), [(0, 3), (-2, 5), (3, 4), (6, 1), (7, 8)])
def test_zeros_are_left_out(first, count):
    values = np.random.default_rng(0).uniform(1, 2, size=(2, count))
    found, kept = without_zeros(np.stack([on_grid(first, row, 16) for row in values]))
    assert (found - first) % 16 == 0 and -8 < found <= 8
    assert_close(kept, values, 0)

"""The comparison itself must be able to fail."""

import numpy as np
import pytest
from compare import assert_close


@pytest.mark.parametrize(
    ("found", "expected"),
    [([1.0, np.nan], [1.0, 2.0]), ([], []), ([1.0], [1.0, 2.0]), ([1.0, 2.1], [1.0, 2.0])],
    ids=["nan", "empty", "shape", "different"],
)
def test_bad_arrays_fail(found, expected):
    with pytest.raises(AssertionError):
        assert_close(np.array(found), np.array(expected))


def test_equal_arrays_pass():
    assert_close(np.array([1.0, 2.0]), np.array([1.0, 2.0]))

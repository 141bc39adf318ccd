import numpy as np
import pytest
from compare import once

from keras_scatter.plan.dual_tree import first_length, multiple, scattering_axis, scattering_plan

pytestmark = once


@pytest.mark.parametrize(("J", "count"), [(1, 7), (2, 49)])
def test_paths_are_in_the_order_of_pytorch_wavelets(J, count):
    """By order and scale; the second of two angles is the slower index."""
    paths = scattering_plan(J).paths
    assert len(paths) == count
    assert [path.angles[0] for path in paths[1:7]] == [0, 1, 2, 3, 4, 5]
    if J == 2:
        assert [path.scales for path in paths[7:13]] == [(1,)] * 6
        assert [path.angles for path in paths[13:]] == [(first, second) for second in range(6) for first in range(6)]


def test_equal_arguments_have_one_plan():
    assert scattering_plan(2) is scattering_plan(2)
    chosen = scattering_plan(2).paths[3:5]
    assert scattering_plan(2, chosen) is scattering_plan(2, chosen)
    assert scattering_plan(2, chosen).paths == chosen


@pytest.mark.parametrize("J", [1, 2])
def test_margins_make_a_multiple(J):
    for size in range(2**J, 40):
        axis = scattering_axis(size, J)
        assert axis.length == first_length(size, multiple(J)) == int(np.ceil(size / multiple(J))) * multiple(J)
        assert [axis.kept(level)[1] for level in range(J + 1)] == [-(-size // 2**level) for level in range(J + 1)]

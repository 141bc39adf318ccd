import pytest
from compare import once

from keras_scatter.filters.paths import Path, scattering_paths

pytestmark = once


@pytest.mark.parametrize(("J", "L", "order", "count"), [(1, 8, 1, 9), (2, 8, 2, 81), (4, 8, 2, 417), (3, 2, 3, 27)])
def test_number_of_paths(J, L, order, count):
    assert len(scattering_paths(J, L, order)) == count


def test_order_of_paths():
    assert scattering_paths(2, 2, 2) == (
        Path(0, (), ()),
        Path(1, (0,), (0,)),
        Path(1, (0,), (1,)),
        Path(1, (1,), (0,)),
        Path(1, (1,), (1,)),
        Path(2, (0, 1), (0, 0)),
        Path(2, (0, 1), (0, 1)),
        Path(2, (0, 1), (1, 0)),
        Path(2, (0, 1), (1, 1)),
    )


def test_order_beyond_J_adds_nothing():
    assert scattering_paths(2, 3, 7) == scattering_paths(2, 3, 2)


def test_paths_are_sorted_by_order_then_scale_and_angle():
    paths = scattering_paths(4, 3, 3)
    keys = [(path.order, *(x for pair in zip(path.scales, path.angles) for x in pair)) for path in paths]
    assert keys == sorted(keys)
    assert len(set(paths)) == len(paths)

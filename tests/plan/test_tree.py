import pytest

from keras_scatter.filters.paths import scattering_paths
from keras_scatter.plan import tree
from keras_scatter.plan.images import block_plan, image_plan
from keras_scatter.plan.tree import MOST_PATHS, select


@pytest.mark.parametrize(("J", "L", "order"), [(1, 1, 1), (2, 8, 2), (4, 3, 2), (3, 2, 3), (3, 2, 9), (5, 1, 4)])
def test_outputs_are_all_paths_in_order(J, L, order):
    plan = image_plan(J, L, order, "reflect")
    assert plan.paths == scattering_paths(J, L, order)
    emitted = [row for i in plan.emitted for row in plan.nodes[i].rows]
    assert set(plan.emitted) == {i for i, node in enumerate(plan.nodes) if node.emits}
    assert tuple(emitted[i] for i in plan.position) == plan.rows
    assert block_plan(J, L).paths == scattering_paths(J, L, J)


def check_tree(plan):
    """Nodes come after what they read, rows are products, and what descends from a node follows it at once."""
    for i, node in enumerate(plan.nodes):
        assert i < node.end <= len(plan.nodes)
        if node.source is None:
            assert i == 0 and node.rows == ((),)
            continue
        source = plan.nodes[node.source]
        assert node.source < i < node.end <= source.end
        assert node.rows == tuple((*row, w) for row in source.rows for w in node.band.wavelets)
        assert node.band.source == source.level <= node.level == node.band.level


def test_nodes_are_batches_depth_first():
    plan = image_plan(3, 8, 2, "reflect")
    check_tree(plan)
    # One node for the image, one for each scale, one for each pair of scales.
    assert len(plan.nodes) == 1 + 3 + 3


@pytest.mark.parametrize(
    "wanted",
    [
        [(0, (), ())],
        [(2, (0, 2), (1, 3))],
        [(1, (1,), (0,)), (2, (0, 2), (1, 3)), (2, (0, 2), (2, 3)), (2, (1, 2), (0, 0))],
    ],
)
def test_only_the_ancestors_of_wanted_paths_are_computed(wanted):
    everything = image_plan(3, 4, 2, "reflect").paths
    plan = image_plan(3, 4, 2, "reflect", select(everything, wanted))
    check_tree(plan)
    assert list(plan.paths) == sorted(wanted)
    needed = {path[:m] for path in plan.rows for m in range(len(path) + 1)}
    assert {row for node in plan.nodes for row in node.rows} == needed


def test_rows_with_equal_descendants_stay_together():
    """Of two first wavelets with the same second one, and one with another."""
    wanted = [(2, (0, 1), (0, 0)), (2, (0, 1), (1, 0)), (2, (0, 1), (2, 1))]
    plan = image_plan(2, 3, 2, "reflect", select(image_plan(2, 3, 2, "reflect").paths, wanted))
    assert sorted(len(node.rows) for node in plan.nodes) == [1, 1, 1, 2, 2]


def test_selection():
    paths = scattering_paths(2, 2, 2)
    assert select(paths, None) == paths
    assert select(paths, lambda path: path.order == 1) == paths[1:5]
    # In any order, and as a config from a file has them.
    assert select(paths, [[2, [0, 1], [1, 0]], paths[0]]) == (paths[0], paths[7])


@pytest.mark.parametrize(
    ("wanted", "error", "text"),
    [
        (
            [(1, (2,), (0,))],
            ValueError,
            "paths must be out of the 9 paths, such as Path(order=2, scales=(0, 1), angles=",
        ),
        ([(0, (), ()), (0, (), ())], ValueError, "Received: (0, (), ()), twice"),
        ([], ValueError, "paths must keep at least one path. Received: none"),
        (lambda path: False, ValueError, "paths must keep at least one path. Received: none"),
        ("all", TypeError, "paths must be None, a sequence of paths or a function of a path. Received: str"),
    ],
)
def test_bad_selections(wanted, error, text):
    with pytest.raises(error) as caught:
        select(scattering_paths(2, 2, 2), wanted)
    assert text in str(caught.value)


@pytest.mark.parametrize("arguments", [(10**9, 1, 1), (1, 10**9, 1), (40, 8, 10**9), (10**9, 10**9, 10**9)])
def test_too_many_paths_are_refused_at_once(arguments):
    with pytest.raises(ValueError, match=f"A transform must have at most {MOST_PATHS} paths. Received: J="):
        image_plan(*arguments, "reflect")


@pytest.mark.parametrize(("J", "L", "order"), [(5, 6, 3), (3, 20, 3), (4, 2, 9), (99_999, 1, 1)])
def test_paths_are_counted_exactly(J, L, order, monkeypatch):
    count = len(scattering_paths(J, L, order))
    monkeypatch.setattr(tree, "MOST_PATHS", count)
    tree.check_count([dict.fromkeys(range(J), L)], order, "")
    monkeypatch.setattr(tree, "MOST_PATHS", count - 1)
    with pytest.raises(ValueError, match="at most"):
        tree.check_count([dict.fromkeys(range(J), L)], order, "")


def test_plans_are_made_once():
    assert image_plan(2, 8, 2, "reflect") is image_plan(2, 8, 2, "reflect")


def test_the_peak_of_memory():
    """Spectra that are still read, and the waves of one node."""
    plan = image_plan(2, 8, 2, "reflect")
    axes = plan.axes((32, 32))
    assert plan.peak(axes) == 1600 * (2 + 16) + 2 * 64 * 400
    assert plan.peak(axes, first=1) == 1600 * 2 + 2 * 8 * 400

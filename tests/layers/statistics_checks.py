"""Checks that the layers of statistics share."""

import numpy as np
import pytest
from compare import TOLERANCE, assert_close, to_numpy


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(0.3, 1, shape).astype("float32")


def assert_kinds_close(layer, found, wanted, tolerance=TOLERANCE["float32"]):
    """Each kind by its own peak, so that large ones hide no others."""
    found, wanted = to_numpy(found), to_numpy(wanted)
    kinds = np.array([path.kind for path in layer.paths])
    for kind in dict.fromkeys(kinds):
        chosen = np.tile(kinds == kind, found.shape[1] // len(kinds))
        assert_close(found[:, chosen], wanted[:, chosen], tolerance)


def check_none_is_there_twice(layer, x, kept=None):
    """No statistic of many items follows another one, or minus another one."""
    found = to_numpy(layer(x))[:, : len(layer.paths)]
    found = found if kept is None else found[:, kept]
    size = np.linalg.norm(found, axis=0)
    assert size.min() > 1e-5
    likeness = abs((found / size).T @ (found / size)) - np.eye(len(size))
    assert likeness.max() < 1 - 1e-5


def check_selected(layer, x, choices):
    """A subset of the paths gives what the whole gives of them, in its order; the config keeps it."""
    found, K = to_numpy(layer(x)), len(layer.paths)
    for chosen in choices:
        few = type(layer)(**{**layer.get_config(), "paths": [layer.paths[i] for i in chosen]})
        kept = sorted(chosen)
        assert few.paths == tuple(layer.paths[i] for i in kept)
        assert_close(few(x), found[:, [c * K + i for c in range(found.shape[1] // K) for i in kept]])
        assert type(layer).from_config(few.get_config()).paths == few.paths


def check_cross_with_itself(plain, both, x):
    """Cross statistics of a field with itself are the plain ones."""
    known = dict(zip(plain.paths, to_numpy(plain(x))[0]))
    found = dict(zip(both.paths, to_numpy(both(np.repeat(x, 2, -1)))[0]))
    same = {path: known[path._replace(fields=())] for path in found if path._replace(fields=()) in known}
    assert len(same) > len(known)
    for path, value in same.items():
        assert found[path] == pytest.approx(value, abs=2e-5)


def check_holes(layer, x, place):
    """Whatever is in holes does not count, NaN too; and a weight of 1 is no weight."""
    one = np.ones((*x.shape[:-1], 1), "float32")
    assert_kinds_close(layer, layer([x, one]), layer(x), 3e-5)
    weight = np.ones_like(x)
    weight[place] = 0
    holes = np.where(weight > 0, x, np.nan)
    found = layer([holes, weight])
    assert np.isfinite(to_numpy(found)).all()
    assert_close(found, layer([np.where(weight > 0, x, 1e3).astype("float32"), 2 * weight]))
    # A channel without holes.
    K = len(layer.paths)
    assert_close(to_numpy(found)[:, K:], to_numpy(layer(x))[:, K:], 3e-5)
    first = type(layer)(**{**layer.get_config(), "data_format": "channels_first"})
    assert_close(first([np.moveaxis(holes, -1, 1), np.moveaxis(weight, -1, 1)]), found)

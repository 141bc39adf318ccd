"""The oracle of the one-dimensional tests gives the numbers of an independent program."""

import json
import pathlib

import numpy as np
import numpy_twin_1d
import pytest
from compare import assert_close, once

pytestmark = once
GOLDEN = sorted((pathlib.Path(__file__).parent / "golden").glob("kymatio1d_*.npz"))


def arguments(golden):
    """Those of Kymatio, by our names."""
    given = json.loads(str(golden["params"]))
    Q = given["Q"] if isinstance(given["Q"], int) else tuple(given["Q"])
    return {"J": given["J"], "Q": Q, "order": given.get("max_order", 2)}


def test_there_are_golden_files():
    assert len(GOLDEN) == 3


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_equals_kymatio(path):
    golden = np.load(path)
    for signal, expected in zip(golden["x"], golden["y"], strict=True):
        maps = numpy_twin_1d.scattering(signal, **arguments(golden))
        assert_close(np.stack(list(maps.values())), expected, 1e-6)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_paths_are_kymatios(path):
    golden = np.load(path)
    paths = numpy_twin_1d.paths(**arguments(golden))
    assert [path.order for path in paths] == list(golden["order"])
    for key in ("xi", "sigma", "j"):
        for path, row in zip(paths, golden[key], strict=True):
            np.testing.assert_allclose(getattr(path, key), row[: path.order], rtol=1e-12)


def test_the_older_convention_is_a_factor_for_each_path():
    """The rate of its moduli after every wavelet."""
    signal = np.random.default_rng(0).normal(size=300)
    given = {"J": 5, "Q": 2, "stride": 8, "order": 3}
    new, old = (numpy_twin_1d.scattering(signal, **given, convention=name) for name in ("main", "0.3.0"))
    for path in numpy_twin_1d.paths(5, 2, 3):
        factor = 2.0 ** -sum(min(j, 3) for j in path.j)
        np.testing.assert_allclose(old[path.n], factor * new[path.n], rtol=1e-12)
    assert max(path.order for path in numpy_twin_1d.paths(5, 2, 3)) == 3


def test_a_periodic_signal_has_no_border():
    signal = np.random.default_rng(0).normal(size=96)
    maps = numpy_twin_1d.scattering(signal, 4, padding="periodic")
    shifted = numpy_twin_1d.scattering(np.roll(signal, 32), 4, padding="periodic")
    for n, found in shifted.items():
        assert len(found) == 6
        assert_close(found, np.roll(maps[n], 2), 1e-12)

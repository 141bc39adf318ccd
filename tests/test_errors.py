import numpy as np
import pytest
from compare import once

from keras_scatter.errors import errors_by_order, psnr, relative_error
from keras_scatter.filters.paths import scattering_paths

pytestmark = once


def test_relative_error():
    x = np.random.default_rng(0).normal(size=(4, 5))
    assert relative_error(1.1 * x, x) == pytest.approx(0.1)
    assert relative_error(1.1 * x, x, axis=1) == pytest.approx(np.full(4, 0.1))
    assert relative_error(x, x) == relative_error(0 * x, 0 * x) == 0
    assert relative_error(x, 0 * x) == np.inf and np.isnan(relative_error(x * np.nan, x))


def test_errors_by_order():
    paths = scattering_paths(2, 4, 2)
    x = np.ones((3, len(paths)), "float32")
    orders = np.array([path.order for path in paths])
    assert errors_by_order(x * (1 + 0.5 * (orders == 1)), x, paths) == [0, 0.5, 0]


def test_psnr():
    x = np.random.default_rng(0).uniform(0, 255, (4, 5))
    assert psnr(x + 25.5, x) == pytest.approx(20)
    assert psnr(x / 255 + 0.01, x / 255, peak=1) == pytest.approx(40)
    assert psnr(x, x) == np.inf and np.isnan(psnr(x * np.nan, x))

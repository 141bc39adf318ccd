import numpy as np
import pytest
from compare import once

from keras_scatter.filters.rounding import round_taps, to_bfloat16

pytestmark = once


def test_bfloat16_is_that_of_ml_dtypes():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    values = np.random.default_rng(0).normal(size=1000) * 10.0 ** np.arange(-20, 20).repeat(25)
    assert np.array_equal(to_bfloat16(values), values.astype("float32").astype(ml_dtypes.bfloat16).astype("float64"))


def test_other_taps_make_good_for_rounding():
    rng = np.random.default_rng(0)
    atoms, taps = rng.normal(size=(200, 30)) + 20 * rng.normal(size=(200, 1)), rng.normal(size=30)
    found = round_taps(taps, atoms.T @ atoms)
    assert np.array_equal(found, to_bfloat16(found))
    error, plain = (np.linalg.norm(atoms @ (rounded - taps)) for rounded in (found, to_bfloat16(taps)))
    assert 0 < error < 0.5 * plain

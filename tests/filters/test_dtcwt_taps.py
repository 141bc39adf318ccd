import numpy as np
import pytest
from compare import assert_close, once

from keras_scatter.filters.dtcwt_taps import BIORT_NAMES, QSHIFT_NAMES, level_1, level_2

pytestmark = once

TAPS = {  # of low-pass and high-pass
    "antonini": (9, 7),
    "farras": (10, 10),
    "legall": (5, 3),
    "near_sym_a": (5, 7),
    "near_sym_a2": (5, 7),
    "near_sym_b": (13, 19),
    "near_sym_b_bp": (13, 19),
    "qshift_06": (10, 10),
    "qshift_32": (32, 32),
    "qshift_a": (10, 10),
    "qshift_b": (14, 14),
    "qshift_b_bp": (14, 14),
    "qshift_c": (16, 16),
    "qshift_d": (18, 18),
}


def bands(name):
    return level_1(name) if name in BIORT_NAMES else level_2(name)


def test_all_names_are_there():
    assert set(TAPS) == {*BIORT_NAMES, *QSHIFT_NAMES}


@pytest.mark.parametrize("name", TAPS)
def test_number_and_sums_of_taps(name):
    """Low-pass filters of level 1 sum to 1 and later ones to the root of 2; high-pass filters sum to 0."""
    low, high, *_ = bands(name)
    assert (len(low[0].taps), len(high[0].taps)) == TAPS[name]
    gain = 2**0.5 if name in QSHIFT_NAMES else 1.0
    for tree in (0, 1):
        # 1.46 over the root of 2; the taps of qshift_32 have five digits.
        assert low[tree].taps.sum() == pytest.approx(1.0324 if name == "near_sym_a2" else gain, abs=5e-5)
        assert abs(high[tree].taps.sum()) < 1e-4


@pytest.mark.parametrize("name", ["near_sym_b_bp", "qshift_b_bp"])
def test_a_band_pass_is_a_third_filter(name):
    plain, rotational = bands(name.removesuffix("_bp")), bands(name)
    assert len(plain) == 2 and len(rotational) == 3
    assert_close(rotational[1][0].taps, plain[1][0].taps, 0)


def test_published_values_of_near_sym_a():
    low, high = level_1("near_sym_a")
    assert_close(low[0].taps, [-0.05, 0.25, 0.6, 0.25, -0.05], 1e-15)
    assert_close(high[0].taps[:4], [0.01071429, -0.05357143, -0.26071429, 0.60714286], 1e-8)


@pytest.mark.parametrize("name", QSHIFT_NAMES)
def test_trees_of_later_levels_are_reversed(name):
    for first, second in level_2(name):
        assert_close(first.taps, second.taps[::-1], 0)


def test_farras_is_orthonormal_in_each_tree():
    """Whose low-pass makes even samples and whose high-pass makes odd ones, or the reverse."""
    low, high = level_1("farras")
    for tree in (0, 1):
        bank = low[tree].taps, high[1 - tree].taps
        for a, b in [(bank[0], bank[0]), (bank[0], bank[1]), (bank[1], bank[1])]:
            products = [2 * a[: len(a) - shift] @ b[shift:] for shift in range(0, 10, 2)]
            assert np.allclose(products, [float(a is b), 0, 0, 0, 0], atol=1e-10)

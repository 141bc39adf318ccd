import numpy as np
import pytest

from keras_scatter.layers import ScatteringCovariance2D, ScatteringSpectra1D
from keras_scatter.plan.covariance import WaveletFilters, covariance_plan
from keras_scatter.plan.statistics import Layout, Terms, named, needed, padded, pairs
from keras_scatter.testing import assert_clear_error


def test_blocks_lie_one_behind_the_other():
    layout = Layout({"a": (2,), "b": (3, 4), "c": ()})
    places = [layout.at("a", 0), layout.at("a", 1), *layout.at("b", *np.ogrid[:3, :4]).ravel(), layout.at("c")]
    assert places == list(range(layout.size))
    with pytest.raises(ValueError):
        layout.at("b", 1)


def test_pairs_of_fields_have_names():
    assert [named(pair, 2) for pair in pairs(2)] == [(0,), (1,), (0, 1), (1, 0)]
    assert [named(pair, 1) for pair in pairs(1)] == [()]


def test_short_sums_are_filled_up_without_weight():
    terms = padded([Terms(7, 1, 2), Terms(np.array([3, 4]), np.array([1, 1]), 0, np.array([0.5, 0.5]))])
    assert terms.at.tolist() == [[7, 7], [3, 4]] and terms.weight.tolist() == [[1, 0], [0.5, 0.5]]
    assert terms.first.tolist() == [[1, 1], [1, 1]] and terms.second.tolist() == [[2, 2], [0, 0]]


def test_only_needed_matrices_and_rows():
    assert needed([(0, False), (2, True), (2, False)], range(4), 1) == ((0, 1), (2, 0))


@pytest.mark.parametrize(
    "layer",
    [
        ScatteringCovariance2D(J=2, L=3),
        ScatteringCovariance2D(J=2, L=2, cross=True, reduction="harmonic"),
        ScatteringSpectra1D(J=3, cross=True, reduction="scale"),
    ],
    ids=["plain", "harmonic", "scale"],
)
def test_terms_are_places_of_moments_and_divisors(layer):
    plan = layer._plan
    size = max(terms.at.max() for pair in plan.arrays.values() for terms in pair if terms is not None)
    divisors = 1 + len(plan.divisors.roots) + len(plan.divisors.means)
    assert len(plan.terms.at) == len(plan.logs) == len(plan.paths)
    # Void entries are the only ones behind the last moment.
    assert plan.terms.at.min() >= 0 and plan.terms.at.max() < size
    assert max(plan.terms.first.max(), plan.terms.second.max()) < divisors
    assert plan.divisors.roots.max() < size


def test_plans_are_made_once_and_are_bounded():
    filters = WaveletFilters(2, 2, "morlet")
    assert covariance_plan(filters, None, True, 1) is covariance_plan(filters, None, True, 1)
    assert_clear_error(lambda: ScatteringCovariance2D(J=10, L=16), "J")
    assert len(ScatteringCovariance2D(J=6, L=8, reduction="isotropic").paths) < 5000

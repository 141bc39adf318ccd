import numpy as np
import pytest
from compare import once

from keras_scatter.filters.groups import designed_group, group_shapes, resolve_config

pytestmark = once

GOOD = {
    "L": 8,
    "order": 2,
    "J": None,
    "kernel_size": 7,
    "design": "faithful",
    "lowpass_filters": 2,
    "share_filters": True,
}


def config(**changes):
    return resolve_config(**{**GOOD, **changes})


def test_defaults_are_resolved():
    assert config() == {**GOOD, "J": 2, "kernel_size": (7, 7, 7)}


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        ({"L": 0}, ValueError, "L must be an integer >= 1. Received: L=0"),
        ({"L": 8.0}, TypeError, "L must be an integer >= 1. Received: L=8.0"),
        ({"order": -1}, ValueError, "order must be an integer >= 1. Received: order=-1"),
        ({"order": True}, TypeError, "order must be an integer >= 1. Received: order=True"),
        ({"J": 5}, ValueError, 'J must be from 1 to 4 with design="faithful". Received: J=5'),
        ({"J": 1, "design": "paper"}, ValueError, "J must equal order"),
        ({"kernel_size": 4}, ValueError, "kernel_size must be odd and from 3 to 15. Received: kernel_size=4"),
        ({"kernel_size": 17}, ValueError, "kernel_size must be odd and from 3 to 15. Received: kernel_size=17"),
        ({"kernel_size": 7.0}, TypeError, "kernel_size must be an integer"),
        ({"kernel_size": (7, 5)}, ValueError, "kernel_size must be one odd integer, or three"),
        ({"design": "other"}, ValueError, "design must be one of 'faithful', 'paper'. Received: design='other'"),
        ({"lowpass_filters": 5}, ValueError, "lowpass_filters must be 1, 2, 3 or 4. Received: lowpass_filters=5"),
        ({"lowpass_filters": 0}, ValueError, "lowpass_filters must be an integer >= 1"),
        ({"share_filters": False}, ValueError, 'share_filters must be True with design="faithful"'),
    ],
)
def test_bad_arguments(changes, error, text):
    with pytest.raises(error) as caught:
        config(**changes)
    assert text in str(caught.value)


def test_shapes_of_the_faithful_design():
    assert group_shapes(config(kernel_size=(9, 7, 5), lowpass_filters=3, L=4)) == {
        "psi_0_real": (9, 9, 1, 4),
        "psi_0_imag": (9, 9, 1, 4),
        "lowpass_1": (5, 5, 1, 3),
        "psi_1_real": (7, 7, 3, 4),
        "psi_1_imag": (7, 7, 3, 4),
    }


def test_shapes_of_further_levels():
    """The low-pass kernels of level 1 read the image, those of further levels all channels of the level before."""
    shapes = group_shapes(config(J=4, kernel_size=(9, 7, 5), lowpass_filters=3))
    assert shapes["lowpass_1"] == (5, 5, 1, 3)
    for d in (2, 3):
        assert shapes[f"lowpass_{d}"] == (5, 5, 3, 3)
        assert shapes[f"psi_{d}_real"] == shapes[f"psi_{d}_imag"] == (7, 7, 3, 8)


@pytest.mark.parametrize("J", [1, 2, 3])
def test_smaller_scales_have_the_same_kernels(J):
    few, many = designed_group(config(J=J)), designed_group(config(J=4))
    assert all(np.array_equal(kernel, many[name]) for name, kernel in few.items())


def test_shapes_of_the_paper_design():
    shared = group_shapes(config(design="paper"))
    assert shared["lowpass_0"] == shared["lowpass_1"] == (7, 7, 1, 1)
    own = group_shapes(config(design="paper", share_filters=False), channels=3)
    assert own["psi_0_real"] == (7, 7, 3, 8)
    assert own["psi_1_real"] == (7, 7, 27, 8)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"design": "paper"},
        {"order": 1, "L": 6},
        {"design": "paper", "order": 3},
        {"J": 4, "kernel_size": (9, 7, 5)},
    ],
)
def test_designed_groups_have_their_shapes(changes):
    described = config(**changes)
    arrays = designed_group(described)
    assert {name: array.shape for name, array in arrays.items()} == group_shapes(described)
    for name, array in arrays.items():
        if name.startswith("psi_0"):
            assert np.abs(array.sum((0, 1))).max() < (1e-12 if described["design"] == "paper" else 1e-5)

"""The forms of the faithful design give the same numbers, with every number of rows and planes."""

import functools

import numpy as np
import pytest
from compare import assert_close, images, to_numpy
from keras import ops

from keras_scatter.backend.programs import compiled
from keras_scatter.filters.groups import designed_group, resolve_config
from keras_scatter.functional import cascade, pyramid_stages
from keras_scatter.functional.faithful import make_plan
from keras_scatter.functional.pyramid_stages import FORMS

WORKLOADS = [
    # planes, size, J, L, order, lowpass filters
    (9, (17, 24), 2, 8, 2, 2),
    (3, (16, 33), 3, 3, 3, 1),
    (1, (20, 16), 4, 2, 2, 3),
    (17, (8, 8), 1, 12, 1, 2),
]

# Operations of JAX by themselves are compiled one by one.
scatter = compiled(xla_under_tensorflow=False)(cascade.scatter)


@functools.cache
def group(J, L, order, P):
    return designed_group(resolve_config(L, order, J, (5, 3, 3), "faithful", P, True))


def run(form, planes, J, L, order, P, paths=None, dtype="float32"):
    """Maps `(N, K, h, w)`."""
    plan = make_plan({"J": J, "L": L, "order": order}, paths)
    kernels = {name: ops.cast(ops.convert_to_tensor(kernel), dtype) for name, kernel in group(J, L, order, P).items()}
    found = to_numpy(scatter(ops.convert_to_tensor(planes), kernels, FORMS[form], plan, "scattering"))
    return found if FORMS[form].row_axis == 1 else np.moveaxis(found, -1, 1)


@pytest.mark.parametrize("workload", WORKLOADS)
@pytest.mark.parametrize("form", ["channels", "blocks"])
def test_forms_agree(form, workload):
    count, size, *arguments = workload
    planes = images(count, *size)
    assert_close(run(form, planes, *arguments), run("planes", planes, *arguments), 2e-6)


def test_a_part_of_the_paths():
    planes, (*arguments, P) = images(4, 16, 16), (3, 4, 2, 2)
    plan = make_plan(dict(zip(("J", "L", "order"), arguments)), None)
    paths = tuple(path for path in plan.paths if path.order == 2 and sum(path.angles) % 3 == 0)
    expected = run("planes", planes, *arguments, P, paths)
    assert expected.shape[1] == len(paths)
    for form in ("channels", "blocks"):
        assert_close(run(form, planes, *arguments, P, paths), expected, 2e-6)


def test_large_moduli_go_on_in_parts(monkeypatch):
    planes, arguments = images(3, 16, 16), (3, 5, 3, 2)
    whole = run("channels", planes, *arguments)
    monkeypatch.setattr(pyramid_stages, "LARGEST", 1)
    assert_close(run("channels", planes, *arguments), whole, 2e-6)


@pytest.mark.parametrize("form", ["channels", "planes"])
def test_the_mean_of_an_image_does_not_round_bfloat16(form):
    planes, arguments = images(9, 16, 16), (2, 4, 2, 2)
    expected = run(form, planes, *arguments)
    found = run(form, planes, *arguments, dtype="bfloat16")
    assert_close(found[:, 0], expected[:, 0], 1e-6)
    assert_close(found, expected, 0.02)
    shifted = (run(form, planes + 100, *arguments, dtype=dtype)[:, 1:] for dtype in ("bfloat16", "float32"))
    assert_close(*shifted, 0.02)


@pytest.mark.parametrize("form", ["channels", "planes"])
def test_trained_kernels_see_the_mean(form, monkeypatch):
    kernels = {name: kernel + 0.01 for name, kernel in group(2, 4, 2, 2).items()}
    monkeypatch.setitem(globals(), "group", lambda *arguments: kernels)
    planes, arguments = images(9, 16, 16) + 3, (2, 4, 2, 2)
    assert_close(run(form, planes, *arguments, dtype="bfloat16"), run(form, planes, *arguments), 0.02)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e30])
def test_planes_side_by_side_keep_their_nan_to_themselves(bad):
    planes, arguments = images(11, 16, 16), (3, 3, 2, 2)
    expected = run("channels", planes, *arguments)
    planes[4, 3, 3] = bad
    found = run("channels", planes, *arguments)
    others = np.arange(11) != 4
    assert_close(found[others], expected[others], 0)
    assert not np.isfinite(found[4, 1:]).all(axis=(1, 2)).any()

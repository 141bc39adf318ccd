import pathlib

import common
import keras
import numpy as np
import numpy_twin_covariance as twin
import pytest
from compare import BACKEND, TOLERANCE, assert_close, images, peak_error, to_numpy
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops
from statistics_checks import (
    assert_kinds_close,
    check_cross_with_itself,
    check_holes,
    check_none_is_there_twice,
    check_selected,
    noise,
)

from keras_scatter.functional import spectra
from keras_scatter.layers import ScatteringSpectra1D
from keras_scatter.testing import assert_clear_error

GOLDEN = pathlib.Path(__file__).parents[1] / "golden"
NAMES = {"sparsity": "spars"}


def make(**arguments):
    return ScatteringSpectra1D(**{"J": 3, **arguments})


def expected(layer, x, weight=None):
    bank = spectra.spectra_bank(layer._whole.filters, x.shape[1], "float64")
    return twin.spectra_features(x, bank, layer, weight)


def wanted(golden, paths):
    """The entries of a file that belong to paths, where it has them."""
    names = ("meta_coeff_type", "meta_jl1", "meta_jr1", "meta_j2", *(n for n in ("meta_a", "meta_b") if n in golden))
    rows = [
        tuple(value if i else str(value) for i, value in enumerate(row)) for row in zip(*(golden[n] for n in names))
    ]
    index = {(*row, -1, -1)[:6]: i for i, row in enumerate(rows)}
    found = {}
    for k, path in enumerate(paths):
        column = index.get((NAMES.get(path.kind, path.kind), *_column(path)))
        if column is not None:
            found[k] = (golden["y"].real if path.part == "real" else golden["y"].imag)[:, column]
    return found


def _column(path):
    if path.distances:
        a, b = (*path.distances, 1)[:2]
        return -1, -1, -1, a, -b
    j = path.scales
    return {
        "sparsity": (j[0], -1, -1, -1, -1),
        "mean": (j[0], -1, -1, -1, -1),
        "variance": (j[0], j[0], -1, -1, -1),
        "skewness": (j[-1], j[0], j[-1], -1, -1),
        "kurtosis": (*j[1::-1], j[-1], -1, -1),
    }[path.kind]


@pytest.mark.parametrize("theirs", [True, False])
@pytest.mark.parametrize("name", ["", "_noredund", "_inv"])
def test_equals_the_program_of_the_authors(name, theirs, monkeypatch):
    golden = np.load(GOLDEN / f"spec1d_BL_J6_N1024{name}.npz")
    if theirs:
        bank = np.concatenate([golden["psi"], golden["phi"][None]]).astype("float32")
        monkeypatch.setattr(spectra, "spectra_bank", lambda *_: bank)
    without = lambda path: path.kind != "skewness" or path.scales[0] < path.scales[1]  # noqa: E731
    arguments = {"_noredund": {"paths": without}, "_inv": {"reduction": "scale"}}.get(name, {})
    layer = ScatteringSpectra1D(6, **arguments)
    found = to_numpy(layer(np.moveaxis(golden["x"], 1, 2).astype("float32")))
    values = wanted(golden, layer.paths)
    assert len(values) == len(layer.paths)
    assert_kinds_close(layer, found, np.stack(list(values.values()), 1), 1e-5)
    # All that the file has is there, but for vanishing imaginary parts.
    assert sum(path.part == "real" for path in layer.paths) == golden["y"].shape[1]
    assert sum(path.part == "imag" for path in layer.paths) == (abs(golden["y"].imag).max(0) > 1e-6).sum()


@pytest.mark.parametrize(
    ("size", "arguments"),
    [
        (24, {}),
        (17, {"wavelets": "morlet", "normalization": None}),
        (16, {"reduction": "scale", "J": 4}),
        (19, {"cross": True}),
        (16, {"cross": True, "reduction": "scale", "wavelets": "morlet"}),
        (3, {"J": 1}),
    ],
)
@pytest.mark.parametrize("is_weighted", [False, True])
def test_equals_the_numpy_twin(size, arguments, is_weighted):
    layer = make(**arguments)
    x = noise(2, size, 2)
    weight = np.random.default_rng(1).uniform(0, 1, (2, size, 1)).round(1).astype("float32") if is_weighted else None
    found = layer([x, weight]) if is_weighted else layer(x)
    assert tuple(found.shape) == layer.compute_output_shape(x.shape)
    assert_kinds_close(layer, found, expected(layer, x, weight), 2e-5)


@settings(max_examples=3, deadline=None, derandomize=True)
@given(st.data())
def test_any_arguments(data):
    arguments = {
        "J": data.draw(st.integers(1, 3)),
        "wavelets": data.draw(st.sampled_from(["battle_lemarie", "morlet"])),
        "reduction": data.draw(st.sampled_from([None, "scale"])),
        "cross": data.draw(st.booleans()),
        "chunk_size": data.draw(st.sampled_from([None, 1])),
    }
    x = noise(3, data.draw(st.integers(8, 20)), 2)
    layer = make(**arguments)
    first = make(**arguments, data_format="channels_first", dtype="mixed_bfloat16")
    assert_kinds_close(layer, layer(x), expected(layer, x), 3e-5)
    found = first(np.moveaxis(x, -1, 1))
    assert keras.backend.standardize_dtype(found.dtype) == "bfloat16"
    assert_close(ops.cast(found, "float32"), layer(x), TOLERANCE["bfloat16"])


def test_double_precision(float64):
    layer = make(dtype="float64")
    x = np.random.default_rng(0).normal(size=(1, 21, 1))
    assert_close(layer(x), expected(layer, x), TOLERANCE["float64"])


def test_paths():
    J = 4
    paths = ScatteringSpectra1D(J).paths
    real = [path for path in paths if path.part == "real"]
    assert len(real) == 2 * (J + 1) + J * (J + 3) // 2 + J * (J + 1) * (J + 2) // 6
    assert len(set(paths)) == len(paths) == len({path.name for path in paths})
    assert [path.scales for path in real if path.kind == "kurtosis"][:5] == [
        (0, 0, 1),
        (0, 0, 2),
        (0, 0, 3),
        (0, 0, 4),
        (0, 1, 2),
    ]
    assert make(reduction="scale").paths[-1] == ("kurtosis", (), (), (1, 1), "imag")
    assert make(cross=True).paths[-1].name == "kurtosis_imag_f1_f0_j0_j1_j2"


@pytest.mark.parametrize("reduction", [None, "scale"])
@pytest.mark.parametrize("cross", [False, True])
def test_no_statistic_is_there_twice(reduction, cross):
    check_none_is_there_twice(make(reduction=reduction, cross=cross), noise(12, 24, 1 + cross))


def test_statistics_by_name():
    x = noise(2, 20, 2)
    layer = make(reduction="scale")
    found = layer.statistics(x)
    shapes = {name: tuple(array.shape) for name, array in found.items()}
    assert shapes == {
        "sparsity": (2, 2, 3),
        "mean": (2, 2),
        "variance": (2, 2, 4),
        "skewness": (2, 2, 3, 4),
        "kurtosis": (2, 2, 3, 3, 4),
    }
    plain = dict(zip(make().paths, to_numpy(make()(x))[0]))
    for path, value in plain.items():
        scales = () if path.kind == "mean" else path.scales
        at = to_numpy(found[path.kind])[(0, 0, *scales)]
        assert (at.real if path.part == "real" else at.imag) == pytest.approx(value, abs=1e-5)
    assert np.isnan(to_numpy(found["skewness"])[:, :, 2, 1]).all()
    other = layer.statistics(2 * x, reference=found["variance"])
    assert_close(to_numpy(other["skewness"])[:, :, 0, 2], 4 * to_numpy(found["skewness"])[:, :, 0, 2])
    assert_clear_error(lambda: layer.statistics(x, reference=np.ones((2, 2, 3))), "reference")
    both = make(cross=True)
    found = both.statistics(x)
    assert tuple(found["variance"].shape) == (2, 4, 4)
    again = both.statistics(x, reference=found["variance"])
    assert_close(to_numpy(again["kurtosis"])[:, :, 0, 1, 2], to_numpy(found["kurtosis"])[:, :, 0, 1, 2])


def test_cross_statistics_of_a_signal_with_itself_are_the_plain_ones():
    check_cross_with_itself(make(), make(cross=True), noise(1, 24, 1))


def test_time_that_runs_backwards_conjugates():
    x = noise(1, 64, 1)
    layer = make()
    found, backwards = to_numpy(layer(x))[0], to_numpy(layer(x[:, ::-1]))[0]
    sign = np.array([1 if path.part == "real" else -1 for path in layer.paths])
    assert_close(backwards, sign * found, 2e-5)
    # The sign of x is that of skewness and mean.
    sign = np.array([-1 if path.kind in ("skewness", "mean") else 1 for path in layer.paths])
    assert_close(layer(-x), (sign * found)[None], 1e-5)


def test_self_similar_noise_has_one_skewness_and_kurtosis_at_a_distance():
    """Means over scales are near what each of them is, for white noise."""
    x = np.random.default_rng(0).normal(size=(1, 4096, 1)).astype("float32")
    whole, reduced = ScatteringSpectra1D(5), ScatteringSpectra1D(5, reduction="scale")
    plain = dict(zip(whole.paths, to_numpy(whole(x))[0]))
    means = dict(zip(reduced.paths, to_numpy(reduced(x))[0]))
    value = means["kurtosis", (), (), (0, 1), "real"]
    assert (
        value > 0 and peak_error([plain["kurtosis", (), (j, j, j + 1), (), "real"] for j in (1, 2)], [value] * 2) < 0.3
    )


def test_holes_do_not_count():
    check_holes(make(), noise(2, 24, 2), np.s_[:, 5:9, 0])


def test_selected_paths():
    layer = make()
    chosen = [i for i, path in enumerate(layer.paths) if path.kind == "skewness"]
    check_selected(layer, noise(1, 20, 2), ([len(layer.paths) - 1, 3, 0], [2], chosen))
    assert make(paths=lambda path: path.kind == "sparsity")._plan.outer == ()


@pytest.mark.parametrize("kind", ["zero", "random", "weighted"])
def test_gradient(kind, float64):
    layer = make(dtype="float64", J=2)
    if kind == "zero":
        found = common.check_gradient_is_finite(layer, np.zeros((1, 16, 1)))
        assert np.isfinite(to_numpy(layer(np.zeros((1, 16, 1))))).all()
        # That of the mean.
        assert_close(found, np.full((1, 16, 1), 1 / 16), 1e-6)
        return
    function = layer
    if kind == "weighted":
        weight = np.ones((1, 11, 1))
        weight[:, 2:4] = 0
        function = lambda x: layer([x, ops.convert_to_tensor(weight)])  # noqa: E731
    common.check_gradient(function, np.random.default_rng(0).normal(size=(1, 11, 1)))


def test_nan_stays_nan():
    common.check_nan_stays_nan(make, shape=(2, 16, 1))


def test_symbolic_shape_and_empty_batches():
    layer = make()
    assert tuple(layer(keras.Input((16, 2))).shape) == (None, 2 * len(layer.paths))
    assert tuple(layer(np.zeros((0, 16, 2), "float32")).shape) == (0, 2 * len(layer.paths))


@pytest.mark.parametrize("jit_compile", [False, True])
def test_layers_before_it_are_trained(jit_compile):
    if jit_compile and BACKEND == "torch":
        pytest.skip("Keras has no compilation for PyTorch on this machine")
    parts = [keras.layers.Conv1D(1, 3, padding="same"), make(J=2), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((16, 1)), *parts])
    before = model.get_weights()[0]
    model.compile(keras.optimizers.SGD(1e-3), "mse", jit_compile=jit_compile)
    model.fit(images(3, 16, 1), np.ones((3, 1)), batch_size=2, verbose=0)
    after = model.get_weights()[0]
    assert np.isfinite(after).all() and not np.array_equal(after, before)


@pytest.mark.parametrize(
    ("arguments", "argument"),
    [
        ({"J": 0}, "J"),
        ({"J": 41}, "J"),
        ({"wavelets": "bump"}, "wavelets"),
        ({"reduction": "isotropic"}, "reduction"),
        ({"normalization": "batch"}, "normalization"),
        ({"cross": None}, "cross"),
        ({"chunk_size": 0}, "chunk_size"),
        ({"paths": [("mean", (), (1,), (), "real")]}, "paths"),
    ],
)
def test_bad_arguments(arguments, argument):
    assert_clear_error(lambda: make(**arguments), argument)


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (lambda: make()(noise(1, 7, 1)), "Signal length"),
        (lambda: make()(noise(8, 1)), "signals"),
        (lambda: make(cross=True)(noise(1, 8, 1)), "channels"),
        (lambda: make()([noise(1, 8, 1), np.ones((1, 9, 1))]), "weights"),
        (lambda: make()([noise(1, 8, 1), np.zeros((1, 8, 1))]), "weights"),
        (lambda: make()(np.zeros((1, 8, 1), "complex64")), "signals"),
        (lambda: make()(keras.Input((None, 1))), "Signal length"),
    ],
)
def test_bad_signals(function, text):
    assert text in str(assert_clear_error(function))

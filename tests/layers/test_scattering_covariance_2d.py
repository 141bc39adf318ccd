import pathlib

import common
import keras
import numpy as np
import numpy_twin_covariance as twin
import pytest
from compare import BACKEND, TOLERANCE, assert_close, gradient, images, peak_error, to_numpy
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

from keras_scatter.functional import covariance
from keras_scatter.layers import ScatteringCovariance2D
from keras_scatter.testing import assert_clear_error

GOLDEN = pathlib.Path(__file__).parents[1] / "golden"
TYPES = {("mean", "real"): 0, ("P00", "real"): 1, ("S1", "real"): 2, ("C01", "real"): 3, ("C01", "imag"): 4}
TYPES |= {("C11", "real"): 5, ("C11", "imag"): 6}


def make(**arguments):
    return ScatteringCovariance2D(**{"J": 2, "L": 2, **arguments})


def bank_of(layer, sizes):
    return covariance.covariance_bank(layer._whole.filters, sizes, "float64")


def expected(layer, x, weight=None):
    return twin.features(x, bank_of(layer, x.shape[1:3]), layer, weight)


def assert_filled_alike(found, wanted, tolerance):
    """Arrays whose void entries are NaN in both."""
    found, wanted = to_numpy(found), to_numpy(wanted)
    is_there = np.isfinite(wanted)
    assert np.array_equal(np.isfinite(found), is_there) and is_there.any()
    assert_close(found[is_there], wanted[is_there], tolerance)


FILTERS = pytest.mark.parametrize(
    ("wavelets", "theirs"), [("morlet", True), ("morlet", False), ("bump", True), ("bump", False)]
)


def take_filters(golden, theirs, monkeypatch):
    """Compute with the filters of the file, or with ours. Returns what numbers may differ by."""
    if theirs:
        monkeypatch.setattr(covariance, "covariance_bank", lambda *_: golden["psi"].astype("float32"))
    return 1e-5 if theirs else 2e-3


@FILTERS
def test_equals_the_program_of_the_authors(wavelets, theirs, monkeypatch):
    golden = np.load(GOLDEN / f"cov2d_{wavelets}_J4_L4_64.npz")
    tolerance = take_filters(golden, theirs, monkeypatch)
    x = golden["x"][..., None].astype("float32")
    layer = ScatteringCovariance2D(4, 4, wavelets, band_limit=True)
    statistics = layer.statistics(x)
    for kind in ("P00", "S1", "C01", "C11"):
        assert_filled_alike(statistics[kind][:, 0], golden[kind], tolerance)
    # The vector, entry by entry.
    index = {tuple(column): i for i, column in enumerate(golden["index_for_synthesis"].T)}
    at = [index[_column(path)] for path in layer.paths]
    assert_kinds_close(layer, layer(x), golden["for_synthesis"][:, at], tolerance)
    # What is left out is there with another sign, or is zero.
    kept, left_out = golden["for_synthesis"][:, at], np.delete(golden["for_synthesis"], at, axis=1)
    nearest = abs(abs(kept)[:, :, None] - abs(left_out)[:, None]).max(0).min(0)
    assert left_out.shape[1] == 640 and (np.minimum(nearest, abs(left_out).max(0)) < 1e-9).all()


def _column(path):
    """The column of a statistic in the index of the file: its type, scales and angles."""
    places = [(*values, -1, -1, -1)[:3] for values in (path.scales, path.angles)]
    return TYPES[path.kind, path.part], *places[0], *places[1]


@FILTERS
def test_isotropic_equals_the_program_of_the_authors(wavelets, theirs, monkeypatch):
    golden = np.load(GOLDEN / f"cov2d_{wavelets}_J4_L4_64.npz")
    tolerance = take_filters(golden, theirs, monkeypatch)
    layer = ScatteringCovariance2D(4, 4, wavelets, "isotropic", band_limit=True)
    found = layer(golden["x"][..., None].astype("float32"))
    arrays = {kind: golden[f"{kind}_iso"] for kind in ("P00", "S1", "C01", "C11")}
    arrays |= {kind: np.log(arrays[kind]) for kind in ("P00", "S1")}
    arrays["mean"] = golden["x"].mean((1, 2)) / golden["x"].std((1, 2), ddof=1)
    wanted = [arrays[path.kind][(slice(None), *path.scales, *path.angles)] for path in layer.paths]
    assert_kinds_close(layer, found, np.stack(wanted, 1), tolerance)


@pytest.mark.parametrize("theirs", [True, False])
def test_cross_statistics_equal_the_program_of_the_authors(theirs, monkeypatch):
    golden = np.load(GOLDEN / "cov2d_cross_morlet_J3_L4_64.npz")
    tolerance = take_filters(golden, theirs, monkeypatch)
    x = np.stack([golden["a"], golden["b"]], -1).astype("float32")
    layer = ScatteringCovariance2D(3, 4, cross=True, band_limit=True)
    found = layer.statistics(x)
    assert_filled_alike(found["P00"], np.stack([golden["P00_a"], golden["P00_b"]], 1), tolerance)
    assert_filled_alike(found["C00"][:, 0], golden["Corr00"], tolerance)
    assert_filled_alike(found["C01"], golden["C01"], tolerance)
    wanted = golden["Corr11"]
    # Theirs leaves out the diagonals.
    has = np.isfinite(wanted)
    assert_close(to_numpy(found["C11"])[has], wanted[has], tolerance)
    isotropic = ScatteringCovariance2D(3, 4, cross=True, band_limit=True, reduction="isotropic")
    features = dict(zip(isotropic.paths, to_numpy(isotropic(x))[0]))
    pair = {(0,): 0, (1,): 1, (0, 1): 2, (1, 0): 3}
    for kind, array in (("C01", golden["C01_iso"]), ("C11", golden["Corr11_iso"])):
        errors = [
            abs(value - array[(0, pair[path.fields], *path.scales, *path.angles)])
            for path, value in features.items()
            if path.kind == kind and np.isfinite(array[(0, pair[path.fields], *path.scales, *path.angles)])
        ]
        assert len(errors) > 50 and max(errors) <= tolerance * np.nanmax(abs(array))


@pytest.mark.parametrize(
    ("sizes", "arguments"),
    [
        ((8, 9), {"L": 3}),
        ((9, 8), {"wavelets": "bump", "reduction": "harmonic", "L": 3}),
        ((8, 8), {"reduction": "isotropic", "normalization": None}),
        ((10, 8), {"reduction": "harmonic", "normalization": None}),
        ((8, 11), {"cross": True}),
        ((8, 8), {"cross": True, "reduction": "isotropic", "L": 3}),
        ((8, 8), {"cross": True, "reduction": "harmonic"}),
        ((7, 5), {"J": 1, "L": 1, "normalization": None}),
    ],
)
@pytest.mark.parametrize("is_weighted", [False, True])
def test_equals_the_numpy_twin(sizes, arguments, is_weighted):
    layer = make(**arguments)
    x = noise(2, *sizes, 2)
    weight = np.random.default_rng(1).uniform(0, 1, (2, *sizes, 1)).round(1).astype("float32") if is_weighted else None
    found = layer([x, weight]) if is_weighted else layer(x)
    assert tuple(found.shape) == layer.compute_output_shape(x.shape)
    # The modulus of a few samples has hardly any power in some bands.
    assert_kinds_close(layer, found, expected(layer, x, weight), 2e-5)


@settings(max_examples=4, deadline=None, derandomize=True)
@given(st.data())
def test_any_arguments(data):
    J, L = data.draw(st.integers(1, 2)), data.draw(st.integers(2, 3))
    arguments = {
        "wavelets": data.draw(st.sampled_from(["morlet", "bump"])),
        "reduction": data.draw(st.sampled_from([None, "isotropic", "harmonic"])),
        "cross": data.draw(st.booleans()),
        "chunk_size": data.draw(st.sampled_from([None, 1])),
    }
    x = noise(3, data.draw(st.integers(6, 9)), data.draw(st.integers(6, 9)), 2)
    layer = make(J=J, L=L, **arguments)
    first = make(J=J, L=L, **arguments, data_format="channels_first", dtype="mixed_bfloat16")
    assert_kinds_close(layer, layer(x), expected(layer, x), 3e-5)
    found = first(np.moveaxis(x, -1, 1))
    assert keras.backend.standardize_dtype(found.dtype) == "bfloat16"
    assert_close(ops.cast(found, "float32"), layer(x), TOLERANCE["bfloat16"])


def test_double_precision(float64):
    layer = make(dtype="float64", reduction="harmonic", L=3)
    x = np.random.default_rng(0).normal(size=(1, 9, 8, 1))
    found = layer(x)
    assert keras.backend.standardize_dtype(found.dtype) == "float64"
    assert_close(found, expected(layer, x), TOLERANCE["float64"])
    assert to_numpy(layer.statistics(x)["C11"]).dtype == "complex128"


def test_paths():
    layer = make(L=3)
    J, L = 2, 3
    # Those of C11 with j1 = j2 are 2 J L^2 of L^2 pairs and J L^3 in all.
    redundant = sum(j + 1 for j in range(J)) * L * (L * (L - 1) // 2 * 2 + L)
    assert len(layer.paths) == 1 + 2 * J * L + J * (J + 1) * L**2 + J * (J + 1) * (J + 2) * L**3 // 3 - redundant
    assert len(set(layer.paths)) == len(layer.paths) == len({path.name for path in layer.paths})
    assert layer.paths[0] == ("mean", (), (), (), 0, "real")
    assert make(cross=True).paths[-1].name == "C11_imag_f1_f0_j0_j1_j1_t1_t1_t1"
    assert make(reduction="harmonic").paths[-1].name == "C11_imag_j1_j1_j1_t1_t1_m1"


@pytest.mark.parametrize("reduction", [None, "isotropic", "harmonic"])
@pytest.mark.parametrize("cross", [False, True])
def test_no_statistic_is_there_twice(reduction, cross):
    layer = make(L=3, reduction=reduction, cross=cross)
    kept = [path.harmonic == 0 for path in layer.paths]
    check_none_is_there_twice(layer, noise(12, 9, 8, 1 + cross), kept)


def test_statistics_by_name():
    x = noise(2, 9, 8, 3)
    layer = make(L=3, paths=lambda path: path.kind == "mean", reduction="isotropic")
    found = layer.statistics(x)
    shapes = {name: tuple(array.shape) for name, array in found.items()}
    assert shapes == {
        "mean": (2, 3),
        "P00": (2, 3, 2, 3),
        "S1": (2, 3, 2, 3),
        "C01": (2, 3, 2, 2, 3, 3),
        "C11": (2, 3, 2, 2, 2, 3, 3, 3),
    }
    c01, c11 = to_numpy(found["C01"]), to_numpy(found["C11"])
    assert np.isnan(c01[:, :, 1, 0]).all() and np.isfinite(c01[:, :, 0, 1]).all()
    assert np.isnan(c11[:, :, 1, 0]).all() and np.isfinite(c11[:, :, 0, 0, 1]).all()
    assert_close(c11[0, 0, 0, 0, 1], c11[0, 0, 0, 0, 1].swapaxes(0, 1).conj(), 1e-5)
    # What was normalised by its own powers, by those of another.
    other = layer.statistics(2 * x, reference=found["P00"])
    assert_close(to_numpy(other["C11"])[:, :, 0, 1, 1], 4 * c11[:, :, 0, 1, 1])
    one = layer.statistics(x, reference=found["P00"][:1])
    assert_close(to_numpy(one["C01"])[0, :, 0, 1], c01[0, :, 0, 1])
    assert_clear_error(lambda: layer.statistics(x, reference=np.ones((2, 3, 2))), "reference")
    assert set(make(cross=True).statistics(x[..., :2])) == {*shapes, "C00"}


def test_cross_statistics_of_a_field_with_itself_are_the_plain_ones():
    x = noise(1, 9, 8, 1)
    both = make(cross=True)
    check_cross_with_itself(make(), both, x)
    c00 = to_numpy(both.statistics(np.repeat(x, 2, -1))["C00"])
    assert_close(c00, np.ones((1, 1, 2, 2)))


def test_translations_change_nothing():
    x = noise(1, 9, 8, 1)
    layer = make(reduction="harmonic", L=3)
    assert_kinds_close(layer, layer(np.roll(x, (3, 5), (1, 2))), layer(x))


@pytest.mark.parametrize("wavelets", ["morlet", "bump"])
def test_isotropic_ones_do_not_see_quarter_turns(wavelets):
    x = noise(1, 16, 16, 1)
    layer = make(reduction="isotropic", L=4, wavelets=wavelets)
    assert_kinds_close(layer, layer(np.rot90(x, 1, (1, 2))), layer(x), 2e-5)
    whole = make(L=4, wavelets=wavelets)
    assert peak_error(whole(np.rot90(x, 1, (1, 2))), whole(x)) > 0.01


def test_sign_and_scale():
    x, layer = noise(1, 9, 8, 1), make()
    kinds = np.array([path.kind for path in layer.paths])
    found, larger = to_numpy(layer(x))[0], to_numpy(layer(-3 * x))[0]
    shift = {"P00": 2 * np.log(3), "S1": np.log(3)}
    sign = {"mean": -1, "C01": -1}
    wanted = [sign.get(kind, 1) * value + shift.get(kind, 0) for kind, value in zip(kinds, found)]
    assert_close(larger, wanted)
    plain = make(normalization=None)
    found, larger = to_numpy(plain(x))[0], to_numpy(plain(-3 * x))[0]
    degree = {"mean": -3, "S1": 3, "P00": 9, "C01": -9, "C11": 9}
    # <x u> is of degree two, and odd.
    assert_kinds_close(plain, larger[None], (found * [degree[kind] for kind in kinds])[None])


def test_holes_do_not_count():
    check_holes(make(), noise(2, 8, 9, 2), np.s_[:, 2:5, 3:6, 0])


def test_the_band_limit_changes_little():
    x = noise(1, 32, 31, 1)
    assert peak_error(make(band_limit=True, J=3)(x), make(J=3)(x)) < 5e-3
    assert covariance.peer_bands(3, (32, 31)) == (((16, 16), (16, 15)), ((16, 16), (16, 15)), ((8, 8), (9, 8)))


def test_bands_hold_the_wavelets():
    bank = covariance.covariance_bank(make(J=4, wavelets="bump")._whole.filters, (64, 48), "float32")
    found = covariance.bands(bank)
    assert found[0] == ((32, 32), (24, 24)) and sum(found[3][0]) < 20
    for spectra, band in zip(bank, found):
        kept = covariance._low(ops.convert_to_tensor(spectra), band)
        assert_close(ops.sum(kept**2), np.square(spectra.astype("float64")).sum(), 1e-6)


def test_selected_paths():
    layer = make()
    first = [i for i, path in enumerate(layer.paths) if path.kind == "C01"]
    check_selected(layer, noise(1, 8, 9, 2), ([len(layer.paths) - 1, 3, 0], [2], first))
    # Gram matrices that nobody reads are not computed.
    assert make(paths=lambda path: path.kind == "S1")._plan.outer == ()


@pytest.mark.parametrize("kind", ["zero", "random", "weighted"])
@pytest.mark.parametrize("normalization", ["power", None])
def test_gradient(kind, normalization, float64):
    layer = make(dtype="float64", normalization=normalization, reduction="harmonic")
    if kind == "zero":
        found = common.check_gradient_is_finite(layer, np.zeros((1, 8, 8, 1)))
        assert np.all(found == 0) or normalization is None
        assert np.isfinite(to_numpy(layer(np.zeros((1, 8, 8, 1))))).all()
        return
    function = layer
    if kind == "weighted":
        weight = np.ones((1, 6, 7, 1))
        weight[:, 1:3, 2:4] = 0
        function = lambda x: layer([x, ops.convert_to_tensor(weight)])  # noqa: E731
    common.check_gradient(function, np.random.default_rng(0).normal(size=(1, 6, 7, 1)))


def test_gradient_of_single_precision_zeros_is_finite():
    found = gradient(lambda x: ops.sum(make()(x)), np.zeros((1, 8, 8, 1), "float32"))
    assert np.isfinite(found).all()


def test_constant_fields_are_finite():
    assert np.isfinite(to_numpy(make()(np.full((1, 8, 8, 1), 7.3, "float32")))).all()


def test_symbolic_shape_and_empty_batches():
    layer = make()
    x = noise(2, 8, 9, 2)
    assert tuple(layer(keras.Input(x.shape[1:])).shape) == (None, 2 * len(layer.paths))
    weight = keras.Input((8, 9, 1))
    assert tuple(layer([keras.Input(x.shape[1:]), weight]).shape) == (None, 2 * len(layer.paths))
    assert tuple(layer(x[:0]).shape) == (0, 2 * len(layer.paths))
    with pytest.raises(ValueError, match="The number of channels must be at least 1"):
        make()(x[..., :0])


def test_a_model_with_weights_predicts():
    inputs = keras.Input((8, 9, 1)), keras.Input((8, 9, 1))
    model = keras.Model(inputs, make()(list(inputs)))
    x, weight = noise(3, 8, 9, 1), np.ones((3, 8, 9, 1), "float32")
    weight[:, 1] = 0
    assert_close(model.predict([x, weight], verbose=0, batch_size=2), make()([x, weight]))


def test_nan_stays_nan():
    common.check_nan_stays_nan(make)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_layers_before_it_are_trained(jit_compile):
    if jit_compile and BACKEND == "torch":
        pytest.skip("Keras has no compilation for PyTorch on this machine")
    parts = [keras.layers.Conv2D(1, 3, padding="same"), make(paths=lambda p: p.kind != "C11"), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((8, 9, 1)), *parts])
    before = model.get_weights()[0]
    model.compile(keras.optimizers.SGD(1e-3), "mse", jit_compile=jit_compile)
    model.fit(images(3, 8, 9, 1), np.ones((3, 1)), batch_size=2, verbose=0)
    after = model.get_weights()[0]
    assert np.isfinite(after).all() and not np.array_equal(after, before)


@pytest.mark.parametrize(
    ("arguments", "argument"),
    [
        ({"J": 0}, "J"),
        ({"J": 2.5}, "J"),
        ({"L": 0}, "L"),
        ({"L": 1, "wavelets": "bump"}, "L"),
        ({"L": 1, "reduction": "harmonic"}, "L"),
        ({"J": 60, "L": 60}, "J"),
        ({"wavelets": "haar"}, "wavelets"),
        ({"reduction": "fourier"}, "reduction"),
        ({"normalization": "P11"}, "normalization"),
        ({"cross": 1}, "cross"),
        ({"band_limit": None}, "band_limit"),
        ({"chunk_size": 0}, "chunk_size"),
        ({"paths": [("P00", (), (9,), (0,), 0, "real")]}, "paths"),
        ({"paths": lambda path: False}, "paths"),
        ({"data_format": "last"}, "data_format"),
    ],
)
def test_bad_arguments(arguments, argument):
    assert_clear_error(lambda: make(**arguments), argument)


def call(*shapes, **arguments):
    x = [np.ones(shape, "float32") for shape in shapes]
    return lambda: make(**arguments)(x[0] if len(x) == 1 else x)


@pytest.mark.parametrize(
    ("function", "text"),
    [
        (call((1, 3, 8, 1)), "Image height"),
        (call((8, 8, 1)), "images"),
        (call((1, 8, 8, 3), cross=True), "channels"),
        (call((1, 8, 8, 1), (1, 8, 7, 1)), "weights"),
        (call((1, 8, 8, 3), (1, 8, 8, 2)), "weights"),
        (call((1, 8, 8, 2), (1, 8, 8, 2), cross=True), "weights"),
        (call((1, 8, 8, 1), (1, 8, 8, 1), (1, 8, 8, 1)), "weights"),
        (lambda: make()(np.zeros((1, 8, 8, 1), "complex64")), "images"),
        (lambda: make()([noise(1, 8, 8, 1), -np.ones((1, 8, 8, 1))]), "weights"),
        (lambda: make()([noise(1, 8, 8, 1), np.zeros((1, 8, 8, 1))]), "weights"),
        (lambda: make()([noise(1, 8, 8, 1), np.full((1, 8, 8, 1), np.nan)]), "weights"),
        (lambda: make()(keras.Input((None, 8, 1))), "Image height"),
    ],
)
def test_bad_images(function, text):
    assert text in str(assert_clear_error(function))

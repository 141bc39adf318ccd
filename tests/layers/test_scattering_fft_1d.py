import json
import pathlib

import common
import keras
import numpy as np
import numpy_twin_1d
import pytest
from compare import BACKEND, TOLERANCE, assert_close, images, to_numpy
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from keras_scatter.layers import ScatteringFFT1D

GOLDEN = sorted((pathlib.Path(__file__).parents[1] / "golden").glob("kymatio1d_*.npz"))
each_golden = pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)


def make(**arguments):
    return ScatteringFFT1D(**{"J": 3, "Q": 2, **arguments})


def noise(batch, length, channels):
    return images(batch, length, channels) - 0.5


def twin_maps(x, **arguments):
    """Maps `{n: (batch, time, C)}` of the plain NumPy transform."""
    found = [[numpy_twin_1d.scattering(signal, **arguments) for signal in row] for row in np.moveaxis(x, -1, 1)]
    return {n: np.moveaxis(np.array([[maps[n] for maps in row] for row in found]), 1, -1) for n in found[0][0]}


def twin(x, **arguments):
    maps = np.stack(list(twin_maps(x, **arguments).values()), -1)
    return maps.reshape(*maps.shape[:2], -1)


def by_n(maps):
    """Maps of a layer by the `n` of their paths."""
    return {path.n: found for path, found in maps.items()}


def kymatio_arguments(golden):
    given = json.loads(str(golden["params"]))
    Q = given["Q"] if isinstance(given["Q"], int) else tuple(given["Q"])
    return {"J": given["J"], "Q": Q, "order": given.get("max_order", 2)}


def test_there_are_golden_files():
    assert len(GOLDEN) == 3


@each_golden
def test_equals_kymatio(path):
    golden = np.load(path)
    layer = ScatteringFFT1D(**kymatio_arguments(golden), data_format="channels_first")
    found, orders = to_numpy(layer(golden["x"][:, None])), golden["order"]
    for order in np.unique(orders):
        assert_close(found[:, orders == order], golden["y"][:, orders == order])


@each_golden
def test_the_wavelets_of_a_path_are_kymatios(path):
    golden = np.load(path)
    paths = ScatteringFFT1D(**kymatio_arguments(golden)).paths
    assert [path.order for path in paths] == list(golden["order"])
    for key in ("xi", "sigma", "j"):
        for path, row in zip(paths, golden[key], strict=True):
            np.testing.assert_allclose(getattr(path, key), row[: path.order], rtol=1e-12)


@pytest.mark.parametrize(("J", "Q", "order"), [(5, 1, 3), (4, 4, 1), (6, (8, 2), 2), (5, (3, 2, 1), 4)])
def test_paths(J, Q, order):
    found, expected = ScatteringFFT1D(J, Q, order=order).paths, numpy_twin_1d.paths(J, Q, order)
    assert [(path.order, path.n, path.j) for path in found] == [(path.order, path.n, path.j) for path in expected]
    for path, other in zip(found, expected):
        np.testing.assert_allclose((path.xi, path.sigma), (other.xi, other.sigma), rtol=1e-12)


@pytest.mark.parametrize(
    ("length", "arguments"),
    [
        (200, {"J": 5}),
        (150, {"J": 4, "Q": 4, "T": 16}),
        (333, {"J": 5, "Q": (8, 2), "T": 50}),
        (260, {"J": 4, "Q": (3, 2, 1), "T": 128.0, "order": 3}),
        (77, {"J": 4, "T": 2.5, "order": 3}),
        (100, {"J": 5, "Q": 4, "order": 1}),
        (90, {"J": 4, "Q": 2, "T": "global"}),
        (90, {"J": 4, "Q": 2, "stride": 4, "order": 3}),
        (33, {"J": 3, "T": 1}),
        (50, {"J": 3, "T": 20, "stride": 1}),
        (8, {"J": 3, "Q": 3}),
        (60, {"J": 4, "Q": 2, "padding": "zeros"}),
        (96, {"J": 4, "Q": 2, "padding": "periodic", "order": 3}),
        (48, {"J": 3, "Q": 2, "padding": "periodic", "T": "global"}),
        (64, {"J": 2, "Q": (1, 3), "padding": "periodic", "T": 50, "stride": 2}),
    ],
)
def test_equals_the_numpy_twin(length, arguments):
    x = noise(2, length, 2)
    assert_close(ScatteringFFT1D(**arguments)(x), twin(x, **arguments))


@pytest.mark.parametrize(
    ("length", "arguments"),
    [
        (70, {"J": 4, "Q": 2}),
        (51, {"J": 4, "order": 3, "padding": "zeros"}),
        (48, {"J": 4, "order": 1, "padding": "periodic"}),
    ],
)
def test_without_averaging_every_path_has_its_own_rate(length, arguments):
    x = noise(2, length, 2)
    layer, expected = ScatteringFFT1D(**arguments, T=0), twin_maps(x, **arguments, T=0)
    found = layer(x)
    assert set(found) == set(layer.paths)
    for n, maps in by_n(found).items():
        assert_close(maps, expected[n])


def test_maps_in_both_data_formats():
    x = noise(2, 51, 3)
    last, first = make(T=0)(x), make(T=0, data_format="channels_first")(np.moveaxis(x, -1, 1))
    for path, maps in first.items():
        assert_close(ops.moveaxis(maps, 1, -1), last[path])


@pytest.mark.parametrize("arguments", [{}, {"T": 50, "stride": 2}, {"order": 1, "padding": "zeros"}])
def test_moduli_before_they_are_averaged(arguments):
    x = noise(2, 70, 2)
    found = by_n(make(**arguments, output="modulus")(x))
    expected = twin_maps(x, J=3, Q=2, **arguments, output="modulus")
    assert {n for n in found if n} == {n for n in expected if n}
    for n in filter(None, found):
        assert_close(found[n], expected[n])


@pytest.mark.parametrize("arguments", [{}, {"T": 50, "stride": 2}])
def test_waves_before_their_modulus(arguments):
    x = noise(2, 70, 2)
    found = by_n(make(**arguments, output="wavelet")(x))
    expected = twin_maps(x, J=3, Q=2, **arguments, output="wavelet")
    assert {n for n in found if n} == {n for n in expected if n}
    for n in filter(None, found):
        real, imag = found[n]
        assert_close(to_numpy(real) + 1j * to_numpy(imag), expected[n])


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.data())
def test_any_arguments(data):
    J, order = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 3))
    Q = data.draw(st.one_of(st.integers(1, 3), st.tuples(st.integers(1, 4), st.integers(1, 2))))
    padding = data.draw(st.sampled_from(["reflect", "zeros", "periodic"]))
    length = data.draw(st.integers(1, 4).map(lambda n: n * 2**J) if padding == "periodic" else st.integers(2**J, 70))
    T = data.draw(st.one_of(st.sampled_from([None, "global"]), st.floats(1, 2**J)))
    strides = [2**k for k in range(J) if isinstance(T, float) and 2**k <= T]
    stride = data.draw(st.sampled_from([None, *strides]))
    batch, channels = data.draw(st.integers(1, 2)), data.draw(st.integers(1, 2))
    data_format = data.draw(st.sampled_from(["channels_last", "channels_first"]))
    dtype = data.draw(st.sampled_from(["float32", "mixed_float16", "mixed_bfloat16"]))
    x = noise(batch, length, channels)
    arguments = {"J": J, "Q": Q, "T": T, "order": order, "stride": stride, "padding": padding}
    layer, expected = ScatteringFFT1D(**arguments, data_format=data_format, dtype=dtype), twin(x, **arguments)
    if data_format == "channels_first":
        x, expected = np.moveaxis(x, -1, 1), np.moveaxis(expected, -1, 1)
    found = layer(x)
    assert tuple(found.shape) == layer.compute_output_shape(x.shape)
    assert_close(ops.cast(found, "float32"), expected, TOLERANCE[layer.compute_dtype])


def test_double_precision(float64):
    x = np.random.default_rng(0).normal(size=(1, 50, 2))
    found = make(dtype="float64")(x)
    assert keras.backend.standardize_dtype(found.dtype) == "float64"
    assert_close(found, twin(x, J=3, Q=2), TOLERANCE["float64"])


@pytest.mark.skipif(BACKEND != "jax", reason="only JAX has to be told to use float64")
def test_double_precision_must_be_enabled():
    with pytest.raises(ValueError, match="JAX_ENABLE_X64=1"):
        make(dtype="float64")


@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16", "float16", "bfloat16"])
def test_dtype_policies(policy):
    common.check_dtype_policy(make, policy, shape=(2, 40, 2))


@pytest.mark.parametrize("shape", [(2, 64, 3), (1, 77, 1)])
@pytest.mark.parametrize("arguments", [{}, {"order": 1, "T": 16}, {"J": 4, "order": 3, "stride": 2}, {"T": "global"}])
def test_symbolic_shape(shape, arguments):
    common.check_symbolic_shape(lambda: make(**arguments), shape)


@pytest.mark.parametrize("arguments", [{"T": 0}, {"output": "modulus", "order": 1}])
def test_symbolic_shapes_of_maps(arguments):
    layer = make(**arguments)
    symbolic, found = layer(keras.Input((51, 2), batch_size=3)), layer(noise(3, 51, 2))
    shapes = {path: tuple(maps.shape) for path, maps in found.items()}
    assert shapes == {path: tuple(maps.shape) for path, maps in symbolic.items()}
    assert shapes == layer.compute_output_shape((3, 51, 2))


def test_shapes_of_unknown_lengths():
    K = len(make().paths)
    assert make().compute_output_shape((None, None, 2)) == (None, None, 2 * K)
    assert make(T="global").compute_output_shape((None, None, 2)) == (None, 1, 2 * K)


@pytest.mark.parametrize(
    ("signal", "error", "text"),
    [
        (np.zeros((16, 1), "float32"), ValueError, "expected ndim=3, found ndim=2"),
        (np.zeros((1, 16, 1), "complex64"), TypeError, "must be real numbers"),
        (np.full((1, 16, 1), "a"), TypeError, "must be real numbers"),
        (np.zeros((1, 7, 1), "float32"), ValueError, "length"),
    ],
)
def test_bad_signals(signal, error, text):
    common.check_bad_images(make(), signal, error, text)


def test_periodic_padding_needs_multiples():
    with pytest.raises(ValueError, match=r"must be a multiple of .*8"):
        make(padding="periodic")(noise(1, 20, 1))


def test_averaging_is_not_longer_than_the_signal():
    with pytest.raises(ValueError, match=r"T must be .* Received: .*T=41"):
        make(T=41)(noise(1, 40, 1))


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"J": 0}, ValueError, r"J must be an integer >= 1. Received: J=0"),
        ({"J": 2.0}, TypeError, r"J must be an integer >= 1. Received: J=2.0"),
        ({"order": 0}, ValueError, r"order must be an integer >= 1. Received: order=0"),
        ({"chunk_size": 0}, ValueError, r"chunk_size must be an integer >= 1. Received: chunk_size=0"),
        ({"Q": 0}, ValueError, r"Q must .* Received: Q=0"),
        ({"Q": (8, 0)}, ValueError, r"Q must .* Received: Q=\(8, 0\)"),
        ({"Q": ()}, ValueError, r"Q must .* Received: Q=\(\)"),
        ({"Q": 1.5}, TypeError, r"Q must .* Received: Q=1.5"),
        ({"T": 0.5}, ValueError, r"T must be None, 0, .* Received: T=0.5"),
        ({"T": -1}, ValueError, r"T must be None, 0, .* Received: T=-1"),
        ({"T": float("nan")}, ValueError, r"T must be None, 0, .* Received: T=nan"),
        ({"T": "local"}, (TypeError, ValueError), r"T must be None, 0, .* Received: T='local'"),
        ({"stride": 3}, ValueError, r"stride must .*power of two.* Received: stride=3"),
        ({"stride": 16}, ValueError, r"stride must .* Received: stride=16"),
        ({"stride": 8, "T": 7}, ValueError, r"stride must .* Received: stride=8"),
        ({"stride": 2, "T": 0}, ValueError, r"stride must .* Received: stride=2"),
        ({"padding": "same"}, ValueError, r"padding must be one of .* Received: padding='same'"),
        ({"output": "both"}, ValueError, r"output must be one of .* Received: output='both'"),
        ({"data_format": "NTC"}, ValueError, r"data_format must be one of .* Received: data_format='NTC'"),
        ({"paths": [(1, (99,), (0.1,), (0.1,), (0,))]}, ValueError, r"paths must "),
        ({"paths": []}, ValueError, r"paths must "),
    ],
)
def test_bad_arguments(arguments, error, text):
    with pytest.raises(error, match=text):
        make(**arguments)


def test_channels_are_independent_and_ordered():
    common.check_channels_are_independent_and_ordered(make, shape=(2, 40, 3))


def test_data_formats_agree():
    common.check_data_formats_agree(make, shape=(2, 41, 3))


def test_integers_are_cast_unscaled():
    common.check_integers_are_cast_unscaled(make, shape=(2, 40, 1))


def test_nan_stays_nan():
    common.check_nan_stays_nan(make, shape=(2, 40, 1))


def test_lengths_change_from_batch_to_batch():
    common.check_sizes_change_from_batch_to_batch(make, sizes=((64,), (41,), (8,)))


def test_too_short_signals_fail_at_run_time():
    common.check_too_small_images_fail_at_run_time(make, sizes=((16,), (19,)), too_small=(7,), text="length")


@pytest.mark.parametrize("kind", ["zero", "constant", "random"])
@pytest.mark.parametrize("arguments", [{}, {"T": "global"}])
def test_gradient(kind, arguments, float64):
    x = {"zero": np.zeros, "constant": np.ones, "random": np.random.default_rng(0).random}[kind]((1, 33, 2))
    layer = make(**arguments, dtype="float64")
    if kind == "random":
        common.check_gradient(layer, x)
    else:
        common.check_gradient_is_finite(layer, x)


def test_gradient_of_maps(float64):
    layer = make(T=0, dtype="float64")

    def together(x):
        return ops.concatenate([ops.reshape(maps, (-1,)) for maps in layer(x).values()])

    common.check_gradient(together, np.random.default_rng(0).random((1, 33, 1)))


def test_gradient_in_chunks(float64):
    common.check_gradient(make(dtype="float64", chunk_size=2), np.random.default_rng(0).random((5, 24, 1)))


def test_gradient_of_a_zero_signal_is_that_of_the_low_pass_alone():
    """Every modulus is zero, and its gradient there is zero."""
    zero = np.zeros((1, 32, 1), "float32")
    found = common.check_gradient_is_finite(make(), zero)
    alone = common.check_gradient_is_finite(make(paths=make().paths[:1]), zero)
    assert_close(found, alone, 1e-6)


@pytest.mark.parametrize("size", [1, 3, 100])
def test_the_numbers_do_not_depend_on_the_chunks(size):
    x = noise(2, 41, 2)
    assert_close(make(chunk_size=size)(x), make()(x))


@pytest.mark.parametrize("arguments", [{}, {"order": 3, "J": 4}, {"T": "global"}])
def test_selected_paths(arguments):
    x = noise(2, 41, 2)
    layer = make(**arguments)
    chosen = layer.paths[1::3]
    selected = make(**arguments, paths=chosen)
    assert set(selected.paths) == set(chosen) and len(selected.paths) == len(chosen)
    K, found = len(layer.paths), to_numpy(layer(x))
    kept = [c * K + layer.paths.index(path) for c in range(2) for path in selected.paths]
    assert_close(selected(x), found[..., kept])


def test_selected_maps():
    x = noise(1, 41, 1)
    chosen = make(T=0).paths[::4]
    found, expected = make(T=0, paths=chosen)(x), make(T=0)(x)
    assert set(found) == set(chosen)
    for path, maps in found.items():
        assert_close(maps, expected[path])


@pytest.mark.parametrize(
    "arguments",
    [
        {"Q": (4, 2), "T": 5.5, "stride": 2, "padding": "zeros", "data_format": "channels_first", "chunk_size": 2},
        {"T": "global", "order": 3, "name": "exact", "dtype": "mixed_float16"},
        {"T": 0, "paths": numpy_twin_1d.paths(3, 2)[::2]},
        {"output": "wavelet"},
    ],
)
def test_the_config_makes_the_same_layer(arguments):
    layer = make(**arguments)
    # As JSON, which has no tuples.
    config = json.loads(json.dumps(layer.get_config()))
    again = ScatteringFFT1D.from_config(config)
    assert json.loads(json.dumps(again.get_config())) == config
    assert again.paths == layer.paths
    shape = (2, 3, 64) if layer.data_format == "channels_first" else (2, 64, 3)
    assert again.compute_output_shape(shape) == layer.compute_output_shape(shape)


def test_it_has_no_weights():
    layer = make()
    layer(noise(1, 16, 1))
    assert layer.weights == []


def test_shift_by_the_stride_shifts_the_features():
    x = noise(1, 64, 1)
    layer = make(padding="periodic")
    assert_close(layer(np.roll(x, 16, 1)), np.roll(to_numpy(layer(x)), 2, 1))


def test_homogeneous():
    """S(a x) = |a| S(x) beyond order 0."""
    x = noise(1, 40, 1)
    layer = make()
    plain, scaled = to_numpy(layer(x)), to_numpy(layer(-3 * x))
    assert_close(scaled[..., 0], -3 * plain[..., 0])
    assert_close(scaled[..., 1:], 3 * plain[..., 1:])


@pytest.mark.parametrize("jit_compile", [False, True])
def test_layers_before_it_are_trained(jit_compile):
    if jit_compile and BACKEND == "torch":
        pytest.skip("Keras has no compilation for PyTorch on this machine")
    layers = [keras.layers.Conv1D(2, 3), make(), keras.layers.GlobalAveragePooling1D()]
    model = keras.Sequential([keras.Input((42, 1)), *layers, keras.layers.Dense(1)])
    before = model.get_weights()[0]
    model.compile("sgd", "mse", jit_compile=jit_compile)
    # A partial batch too.
    model.fit(noise(20, 42, 1), np.ones((20, 1)), batch_size=12, verbose=0)
    after = model.get_weights()[0]
    assert np.isfinite(after).all() and not np.array_equal(after, before)

import json
import pathlib
import warnings

import common
import keras
import numpy as np
import numpy_twin_3d
import pytest
from compare import BACKEND, TOLERANCE, assert_close, images, to_numpy
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from keras_scatter.layers import HarmonicScattering3D

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "kymatio3d_J2_L2_16.npz"
pytestmark = pytest.mark.filterwarnings("ignore:Volumes of sizes")
SMALL = (2, 6, 7, 8)


def make(**arguments):
    return HarmonicScattering3D(**{"J": 1, "L": 1, **arguments})


def twin(x, **arguments):
    """Features of `(batch, D, H, W, C)`."""
    found = [numpy_twin_3d.scattering(volumes, **arguments) for volumes in np.moveaxis(x, -1, 0)]
    return np.concatenate(found, -1)


@pytest.fixture(scope="module")
def golden():
    return np.load(GOLDEN)


def test_equals_kymatio(golden):
    layer = HarmonicScattering3D(J=2, L=2, sigma_0=1, data_format="channels_first")
    found = to_numpy(layer(golden["x"][:, None])).reshape(golden["y"].shape)
    assert_close(found, golden["y"])
    for order in (slice(0, 3), slice(3, 6)):
        assert_close(found[:, order], golden["y"][:, order], 1e-4)
        for power in range(3):
            assert_close(found[:, order, :, power], golden["y"][:, order, :, power], 1e-5)


def test_paths_are_kymatios(golden):
    paths = HarmonicScattering3D(J=2, L=2).paths
    assert len(paths) == golden["y"].size
    scales = [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2)]
    expected = [(len(s), s, degree, q) for s in scales for degree in range(3) for q in (0.5, 1.0, 2.0)]
    assert [tuple(path) for path in paths] == expected
    assert paths[-1].name == "j1_j2_l2_q2" and paths[0].name == "j0_l0_q0.5"
    assert make(order_0=True).paths[0] == (0, (), -1, 0.5)
    assert make(order_0=True).paths[0].name == "order_0_q0.5"


@pytest.mark.parametrize(
    ("sizes", "arguments"),
    [
        ((8, 6, 7), {"L": 3}),
        ((7, 8, 10), {"L": 2, "rotation_covariant": False, "sigma_0": 0.7}),
        ((5, 5, 9), {"J": 2, "L": 0, "order": 3, "integral_powers": (0.3, 1.5), "order_0": True}),
        ((6, 7, 9), {"L": 1, "average": "local", "order_0": True}),
        ((8, 4, 5), {"J": 2, "L": 1, "average": "local", "order": 1, "sigma_0": 0.6}),
    ],
)
def test_equals_the_numpy_twin(sizes, arguments):
    x = images(2, *sizes, 1)
    assert_close(make(**arguments)(x), twin(x, **{"J": 1, **arguments}))


@settings(max_examples=4, deadline=None, derandomize=True)
@given(st.data())
def test_any_arguments(data):
    J, L, order = (data.draw(st.integers(low, high)) for low, high in ((1, 2), (0, 2), (1, 2)))
    sizes = tuple(data.draw(st.integers(2**J, 9)) for _ in range(3))
    arguments = {
        "J": J,
        "L": L,
        "order": order,
        "sigma_0": data.draw(st.floats(0.5, 2)),
        "rotation_covariant": data.draw(st.booleans()),
        "average": data.draw(st.sampled_from(["integral", "local"])),
        "integral_powers": (data.draw(st.sampled_from([0.5, 1.0, 1.7, 2.0])),),
    }
    data_format = data.draw(st.sampled_from(["channels_last", "channels_first"]))
    dtype = data.draw(st.sampled_from(["float32", "mixed_bfloat16"]))
    x = images(2, *sizes, 2)
    layer, expected = HarmonicScattering3D(**arguments, data_format=data_format, dtype=dtype), twin(x, **arguments)
    if data_format == "channels_first":
        x, expected = np.moveaxis(x, -1, 1), np.moveaxis(expected, -1, 1)
    found = layer(x)
    assert tuple(found.shape) == layer.compute_output_shape(x.shape)
    assert_close(ops.cast(found, "float32"), expected, TOLERANCE[layer.compute_dtype])


def test_double_precision(float64):
    """Wavelets reach the Nyquist frequency earlier than in float32."""
    x = np.random.default_rng(0).random((1, 6, 5, 8, 1))
    found = make(L=2, dtype="float64", order=1)(x)
    assert keras.backend.standardize_dtype(found.dtype) == "float64"
    assert_close(found, twin(x, J=1, L=2, order=1), TOLERANCE["float64"])


@pytest.mark.parametrize("policy", ["mixed_float16", "bfloat16"])
def test_dtype_policies(policy):
    common.check_dtype_policy(lambda **given: make(**given, order=1, L=0), policy, shape=(1, 4, 5, 6, 2))


@pytest.mark.parametrize("average", ["integral", "local"])
def test_symbolic_shape_and_channels(average):
    x = images(2, 4, 5, 6, 2)
    layer = make(average=average, order=1)
    found, symbolic = to_numpy(layer(x)), layer(keras.Input(x.shape[1:], batch_size=2))
    assert found.shape == tuple(symbolic.shape) == layer.compute_output_shape(x.shape)
    K = len(layer.paths)
    for c in range(2):
        assert_close(found[..., c * K : (c + 1) * K], layer(x[..., c : c + 1]))
    first = make(average=average, order=1, data_format="channels_first")
    assert_close(np.moveaxis(to_numpy(first(np.moveaxis(x, -1, 1))), 1, -1), found)
    unknown = (None, None, None, None, 2)
    assert layer.compute_output_shape(unknown) == ((None, *[None] * 3, 2 * K) if average == "local" else (None, 2 * K))
    assert tuple(layer(x[:0]).shape) == layer.compute_output_shape((0, *x.shape[1:]))


def test_sizes_change_from_batch_to_batch():
    make_local = lambda: make(average="local", order=1, integral_powers=(1.0,))  # noqa: E731
    common.check_sizes_change_from_batch_to_batch(make_local, sizes=((4, 5, 6), (7, 2, 3)))


def test_integrals_are_sums_of_local_averages():
    x = images(1, 8, 4, 8, 1)
    whole, local = make(J=2, order=1)(x), make(J=2, order=1, average="local")(x)
    assert_close(64 * to_numpy(local).sum((1, 2, 3)), whole, 1e-6)


def test_rotations_and_translations_change_nothing():
    """By 90 degrees, and by whole voxels."""
    x = np.zeros((1, 8, 8, 8, 1), "float32")
    x[0, 1:6, 2:7, 3:8, 0] = images(5, 5, 5)
    layer = make(L=2)
    plain = layer(x)
    for axes in ((1, 2), (2, 3), (1, 3)):
        assert_close(layer(np.rot90(x, 1, axes)), plain, 1e-5)
    assert_close(layer(np.roll(x, (3, 1, 6), (1, 2, 3))), plain, 1e-6)


def test_selected_paths():
    x = images(1, 4, 5, 6, 2)
    layer = make(order_0=True)
    found, K = to_numpy(layer(x)), len(layer.paths)
    chosen = [layer.paths[i] for i in (K - 1, 1, 4)]
    few = make(order_0=True, paths=chosen)
    assert list(few.paths) == [layer.paths[i] for i in (1, 4, K - 1)]
    assert_close(few(x), found[:, [c * K + i for c in range(2) for i in (1, 4, K - 1)]])
    config = json.loads(json.dumps(few.get_config()))
    assert HarmonicScattering3D.from_config(config).paths == few.paths


@pytest.mark.parametrize("kind", ["zero", "random"])
def test_gradient(kind, float64):
    """The NaN of a root of zero: Kymatio's."""
    layer = make(dtype="float64", order_0=kind == "random", order=1 + (kind == "random"))
    if kind == "random":
        common.check_gradient(layer, np.random.default_rng(0).random((3, 4, 5, 4, 1)))
    else:
        found = common.check_gradient_is_finite(layer, np.zeros((1, 4, 5, 4, 1)))
        assert np.all(found == 0)


def test_a_volume_of_zeros_has_no_features():
    assert not np.any(to_numpy(make(L=0, integral_powers=(0.1, 0.5), order_0=True)(np.zeros((1, 4, 4, 4, 1)))))


def test_nan_stays_nan():
    common.check_nan_stays_nan(lambda: make(order=1), shape=(2, 4, 4, 4, 1))


def test_chunks_change_nothing():
    x = images(3, 4, 5, 4, 1)
    assert_close(make(chunk_size=2)(x), make(chunk_size=3)(x), 1e-6)


def test_small_volumes_warn_and_name_the_scale():
    with pytest.warns(UserWarning, match=r"sizes \(4, 5, 6\) are smaller than .* about 14 voxels for J=1, L=1"):
        make(order=1)(images(1, 4, 5, 6, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        make(sigma_0=0.2, L=0, order=1)(images(1, 4, 5, 6, 1))


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"J": 0}, ValueError, r"J must be an integer >= 1. Received: J=0"),
        ({"L": -1}, ValueError, r"L must be an integer >= 0. Received: L=-1"),
        ({"sigma_0": 0}, ValueError, r"sigma_0 must be a number > 0. Received: sigma_0=0"),
        ({"sigma_0": float("nan")}, ValueError, r"sigma_0 must be a number > 0. Received: sigma_0=nan"),
        ({"sigma_0": "1"}, TypeError, r"sigma_0 must be a number > 0. Received: sigma_0='1'"),
        ({"order": 0}, ValueError, r"order must be an integer >= 1. Received: order=0"),
        ({"integral_powers": (1, 0)}, ValueError, r"integral_powers must .* Received: integral_powers=0"),
        ({"integral_powers": ()}, TypeError, r"integral_powers must be a tuple .* Received: integral_powers=\(\)"),
        ({"integral_powers": (1, 1.0)}, ValueError, r"integral_powers must be different"),
        ({"average": "global"}, ValueError, r"average must be one of 'integral', 'local'. Received: average='global'"),
        ({"rotation_covariant": 1}, TypeError, r"rotation_covariant must be True or False"),
        ({"order_0": None}, TypeError, r"order_0 must be True or False"),
        ({"chunk_size": 0}, ValueError, r"chunk_size must be an integer >= 1"),
        ({"paths": [(1, (0,), 5, 1.0)]}, ValueError, r"paths must be out of the 18 paths"),
        ({"J": 60, "L": 60, "order": 4}, ValueError, r"at most 100000 paths. Received: J=60"),
    ],
)
def test_bad_arguments(arguments, error, text):
    with pytest.raises(error, match=text):
        make(**arguments)


@pytest.mark.parametrize(
    ("volume", "error", "text"),
    [
        (np.zeros((4, 4, 4, 1), "float32"), ValueError, "expected ndim=5, found ndim=4"),
        (np.zeros((1, 4, 4, 4, 1), "complex64"), TypeError, "volumes must be real numbers"),
        (np.zeros((1, 4, 1, 4, 1), "float32"), ValueError, "Volume height must be at least 2**J = 2 voxels"),
        (np.zeros((1, 4, 4, 4, 0), "float32"), ValueError, "The number of channels must be at least 1"),
    ],
)
def test_bad_volumes(volume, error, text):
    common.check_bad_images(make(average="local"), volume, error, text)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_layers_before_it_are_trained(jit_compile):
    if jit_compile and BACKEND == "torch":
        pytest.skip("Keras has no compilation for PyTorch on this machine")
    layers = [keras.layers.Conv3D(1, 1), make(order=1), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((4, 5, 6, 1)), *layers])
    before = model.get_weights()[0]
    model.compile(keras.optimizers.SGD(1e-3), "mse", jit_compile=jit_compile)
    model.fit(images(3, 4, 5, 6, 1), np.ones((3, 1)), batch_size=2, verbose=0)
    after = model.get_weights()[0]
    assert np.isfinite(after).all() and not np.array_equal(after, before)


def test_paths_longer_than_there_are_scales_do_not_exist():
    assert make(order=10**30).paths == make(order=3).paths

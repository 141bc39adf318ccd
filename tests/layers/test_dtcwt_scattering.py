import pathlib

import common
import keras
import numpy as np
import pytest
from compare import TOLERANCE, assert_close, images, to_numpy
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops
from test_dtcwt import twin as transform

from keras_scatter.filters.dtcwt_taps import BIORT_NAMES, QSHIFT_NAMES
from keras_scatter.layers import DTCWTScattering

GOLDEN = pathlib.Path(__file__).parents[1] / "golden"


def make(**arguments):
    return DTCWTScattering(**{"J": 2, **arguments})


def quad_mean(planes):
    return planes.reshape(len(planes), planes.shape[1] // 2, 2, planes.shape[2] // 2, 2).mean((2, 4))


def extended(x):
    """To a multiple of 8 by copies of the blocks at the ends of each axis."""
    for axis in (1, 2):
        missing = -x.shape[axis] % 8
        before, after = missing // 2, missing - missing // 2
        first, last = np.take(x, range(before), axis), np.take(x, range(x.shape[axis] - after, x.shape[axis]), axis)
        x = np.concatenate([first, x, last], axis)
    return x


def twin(x, J, biort="near_sym_a", qshift="qshift_a", bias=1e-2, joint=False):
    """Scattering of images with channels last in plain NumPy."""
    batch, channels = len(x), x.shape[3]
    planes = x.transpose(0, 3, 1, 2).reshape(-1, *x.shape[1:3]).astype("float64")

    def modulus(z, joint=joint):
        square = abs(z) ** 2
        if joint:
            square = square.reshape(batch, channels, *square.shape[1:]).sum(1)
        return np.sqrt(square + bias**2) - bias

    def features(maps, paths):
        """From `(batch, channels, *paths, h, w)`; the first of two paths is the faster."""
        maps = maps.reshape(batch, -1, *paths, *maps.shape[-2:])
        n = len(paths)
        return maps.transpose(0, n + 2, n + 3, *range(n + 1, 0, -1)).reshape(batch, *maps.shape[-2:], -1)

    low, high = transform(planes if J == 1 else extended(planes), J, biort, qshift)
    first = modulus(high[0])
    if J == 1:
        return np.concatenate([features(quad_mean(low), ()), features(first, (6,))], axis=-1)
    again, (second,) = transform(first.reshape(-1, *first.shape[2:]), 1, biort, qshift)
    parts = [(quad_mean(low), ()), (quad_mean(again), (6,)), (modulus(high[1]), (6,)), (modulus(second, False), (6, 6))]
    return np.concatenate([features(*part) for part in parts], axis=-1)


@pytest.mark.parametrize("J", [1, 2])
def test_equals_pytorch_wavelets(J):
    golden = np.load(GOLDEN / f"scatlayer_j{J}_near_sym_a_32x32.npz")
    assert_close(DTCWTScattering(J, data_format="channels_first")(golden["x"]), golden["y"], 1e-6)


@settings(max_examples=5, deadline=None, derandomize=True)
@given(st.data())
def test_any_arguments(data):
    J = data.draw(st.sampled_from([1, 2]))
    biort, qshift = data.draw(st.sampled_from(BIORT_NAMES)), data.draw(st.sampled_from(QSHIFT_NAMES))
    bias, joint = data.draw(st.sampled_from([0, 1e-2, 0.5])), data.draw(st.booleans())
    sizes = st.integers(2**J, 20)
    shape = [data.draw(size) for size in (st.integers(1, 2), sizes, sizes)]
    x = images(*shape, 3 if joint else data.draw(st.integers(1, 2))) - 0.5
    last, dtype = data.draw(st.booleans()), data.draw(st.sampled_from(["float32", "mixed_float16", "mixed_bfloat16"]))
    layer = DTCWTScattering(J, biort, qshift, bias, joint, "channels_last" if last else "channels_first", dtype=dtype)
    expected = twin(x, J, biort, qshift, bias, joint)
    if not last:
        x, expected = x.transpose(0, 3, 1, 2), expected.transpose(0, 3, 1, 2)
    found = layer(x)
    assert tuple(found.shape) == layer.compute_output_shape(x.shape)
    assert_close(ops.cast(found, "float32"), expected, TOLERANCE[layer.compute_dtype])


def test_paths_are_those_of_the_features():
    """A second-order path is the modulus of the modulus: the map of path (t1, t2) is that of U[t1] in direction t2."""
    x = images(1, 16, 16, 1) - 0.5
    layer = make()
    assert len(layer.paths) == 49 and len(make(J=1).paths) == 7
    maps = to_numpy(layer(x))[0]
    first = to_numpy(make(J=1)(x))
    for t1, t2 in [(0, 0), (3, 1), (5, 4)]:
        index = layer.paths.index((2, (0, 1), (t1, t2)))
        expected = to_numpy(make(J=1)(first[..., 1 + t1 : 2 + t1]))[0, ..., 1 + t2]
        assert_close(maps[..., index], expected)
    assert_close(maps[..., layer.paths.index((1, (0,), (2,)))], to_numpy(make(J=1)(first[..., 3:4]))[0, ..., 0])


def test_features_are_ordered_by_path_and_then_by_channel():
    x = images(2, 12, 16, 3)
    together = to_numpy(make()(x))
    for c in range(3):
        assert_close(together[..., c::3], make()(x[..., c : c + 1]))


@pytest.mark.parametrize("shape", [(2, 8, 12, 3), (1, 33, 17, 1)])
@pytest.mark.parametrize("J", [1, 2])
def test_symbolic_shape(J, shape):
    common.check_symbolic_shape(lambda: make(J=J), shape)


@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16", "float16"])
def test_dtype_policies(policy):
    common.check_dtype_policy(make, policy)


def test_double_precision(float64):
    x = np.random.default_rng(0).normal(size=(1, 9, 12, 1))
    found = make(dtype="float64")(x)
    assert keras.backend.standardize_dtype(found.dtype) == "float64"
    assert_close(found, twin(x, 2), TOLERANCE["float64"])


@pytest.mark.parametrize(("image", "error", "text"), common.BAD_IMAGES)
def test_bad_images(image, error, text):
    common.check_bad_images(make(), image, error, text)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"J": 3}, ValueError, "J must be one of 1, 2. Received: J=3"),
        ({"biort": "db2"}, ValueError, "biort must be one of 'antonini', 'farras', 'legall', 'near_sym_a'"),
        ({"qshift": None}, ValueError, "'qshift_d'. Received: qshift=None"),
        (
            {"magnitude_bias": -1e-3},
            ValueError,
            "magnitude_bias must be a number >= 0. Received: magnitude_bias=-0.001",
        ),
        ({"magnitude_bias": "no"}, TypeError, "magnitude_bias must be a number >= 0. Received: magnitude_bias='no'"),
        ({"magnitude_bias": float("nan")}, ValueError, "Received: magnitude_bias=nan"),
        ({"data_format": 1}, ValueError, "Received: data_format=1"),
    ],
)
def test_bad_arguments(arguments, error, text):
    with pytest.raises(error) as caught:
        make(**arguments)
    assert text in str(caught.value)


def test_combined_colours_are_three():
    with pytest.raises(ValueError, match=r"combine_colour=True needs images of 3 channels\. Received: channels=2"):
        make(combine_colour=True)(images(1, 8, 8, 2))


def test_data_formats_agree():
    common.check_data_formats_agree(make)


def test_integers_are_cast_unscaled():
    common.check_integers_are_cast_unscaled(make)


def test_nan_stays_nan():
    common.check_nan_stays_nan(make)


def test_sizes_change_from_batch_to_batch():
    common.check_sizes_change_from_batch_to_batch(make, sizes=((16, 12), (9, 5)))


def test_too_small_images_fail_at_run_time():
    common.check_too_small_images_fail_at_run_time(make)


@pytest.mark.parametrize("bias", [0, 1e-2])
@pytest.mark.parametrize("kind", ["zero", "constant", "random"])
def test_gradient(kind, bias, float64):
    x = {"zero": np.zeros, "constant": np.ones, "random": np.random.default_rng(0).random}[kind]((1, 8, 9, 1))
    layer = make(magnitude_bias=bias, dtype="float64")
    (common.check_gradient if kind == "random" else common.check_gradient_is_finite)(layer, x)


def test_gradient_of_joint_moduli(float64):
    common.check_gradient(make(combine_colour=True, dtype="float64"), np.random.default_rng(0).random((1, 8, 9, 3)))


def test_constant_images_have_their_gains():
    """S0 is doubled by level 2; the filters have no mean, up to that of a band-pass."""
    found = to_numpy(make()(np.full((1, 16, 16, 1), 7, "float32")))
    assert_close(found[..., 0], np.full((1, 4, 4), 14.0))
    assert np.abs(found[..., 1:]).max() < 1e-5


def test_the_config_makes_the_same_layer():
    layer = make(biort="near_sym_b_bp", qshift="qshift_b_bp", magnitude_bias=0.1, combine_colour=True, name="tree")
    again = DTCWTScattering.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert (again.J, again.magnitude_bias, again.combine_colour) == (2, 0.1, True)


def test_eager_calls_are_repeatable():
    """Products of batched matrices with a unit axis corrupt memory in TensorFlow 2.21; the layer has none."""
    layer, x = make(), images(2, 16, 20, 1)
    expected = to_numpy(layer(x))
    for _ in range(20):
        assert_close(layer(x), expected, 1e-6)

import json
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
        ({"J": True}, ValueError, "J must be one of 1, 2. Received: J=True"),
        ({"combine_colour": 1}, TypeError, "combine_colour must be True or False. Received: combine_colour=1"),
        ({"output": "waves"}, ValueError, "output must be one of 'scattering', 'modulus', 'wavelet'. Received"),
        ({"paths": [(1, (2,), (0,))]}, ValueError, "paths must be out of the 49 paths"),
        (
            {"output": "wavelet", "combine_colour": True},
            ValueError,
            'output must be "scattering" or "modulus" with combine_colour=True, which joins channels by their modulus',
        ),
    ],
)
def test_bad_arguments(arguments, error, text):
    with pytest.raises(error) as caught:
        make(**arguments)
    assert text in str(caught.value)


def test_combined_colours_are_three():
    with pytest.raises(ValueError, match=r"combine_colour=True needs images of 3 channels\. Received: channels=2"):
        make(combine_colour=True)(images(1, 8, 8, 2))


SUBSETS = {
    "image": lambda path: path.order == 0,
    "second scale": lambda path: path.scales == (1,),
    "first scale": lambda path: path.scales == (0,) and path.angles[0] in (1, 4),
    "second order": lambda path: path.order == 2 and path.angles[0] + path.angles[1] < 4,
    "some of all": lambda path: sum(path.angles) % 3 == 0,
}


@pytest.mark.parametrize("name", SUBSETS)
@pytest.mark.parametrize("joint", [False, True])
def test_some_paths(name, joint):
    """Features of paths that are chosen, in the order of all."""
    x, everything = images(2, 12, 17, 3) - 0.5, make(combine_colour=joint)
    layer = make(paths=SUBSETS[name], combine_colour=joint)
    assert layer.paths == tuple(path for path in everything.paths if SUBSETS[name](path))
    counts = [1 if joint and path.order else 3 for path in everything.paths]
    owners = [path for path, count in zip(everything.paths, counts) for _ in range(count)]
    kept = [i for i, path in enumerate(owners) if path in layer.paths]
    expected = to_numpy(everything(x))[..., kept]
    assert_close(layer(x), expected)
    assert layer.compute_output_shape(x.shape) == expected.shape
    first = make(paths=layer.paths[::-1], combine_colour=joint, data_format="channels_first")
    assert_close(first(x.transpose(0, 3, 1, 2)), expected.transpose(0, 3, 1, 2))


def test_only_what_leads_to_the_paths_is_computed():
    plan = make(paths=[(2, (0, 1), (3, 1)), (2, (0, 1), (3, 5))])._plan
    assert [[w.n for w in node.band.wavelets] for node in plan.nodes[1:]] == [[3], [7, 11]]


def waves(x, J):
    """Subbands by path of one plane, and moduli, in plain NumPy; margins are cut."""
    size, before = x.shape[1:3], [-n % 8 // 2 if J == 2 else 0 for n in x.shape[1:3]]

    def cut(z, level):
        first, count = [b // 2**level for b in before], [-(-n // 2**level) for n in size]
        return z[..., first[0] : first[0] + count[0], first[1] : first[1] + count[1]]

    _, high = transform(x[..., 0] if J == 1 else extended(x[..., 0]), J, "near_sym_a", "qshift_a")
    found = {(1, (j,), (t,)): cut(high[j][:, t], j + 1) for j in range(J) for t in range(6)}
    if J == 2:
        for t1 in range(6):
            _, (second,) = transform(np.sqrt(abs(high[0][:, t1]) ** 2 + 1e-4) - 1e-2, 1, "near_sym_a", "qshift_a")
            found |= {(2, (0, 1), (t1, t2)): cut(second[:, t2], 2) for t2 in range(6)}
    return found


@pytest.mark.parametrize("size", [(16, 24), (19, 30)])
@pytest.mark.parametrize("J", [1, 2])
def test_moduli_and_subbands(J, size):
    x = images(2, *size, 2) - 0.5
    expected = [waves(x[..., c : c + 1], J) for c in (0, 1)]
    subbands, moduli = make(J=J, output="wavelet")(x), make(J=J, output="modulus")(x)
    assert set(subbands) == set(expected[0]) and set(moduli) == {*subbands, (0, (), ())}
    assert_close(moduli[0, (), ()], x)
    for path, parts in subbands.items():
        z = np.stack([waves[path] for waves in expected], axis=-1)
        assert_close(parts[0], z.real)
        assert_close(parts[1], z.imag)
        assert_close(moduli[path], np.sqrt(abs(z) ** 2 + 1e-4) - 1e-2)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("arguments", [{"output": "wavelet"}, {"output": "modulus"}], ids=str)
def test_shapes_of_maps(arguments, data_format):
    layer = make(**arguments, data_format=data_format, paths=lambda path: path.order == 0 or path.angles[0] == 2)
    shape = (2, 13, 20, 2) if data_format == "channels_last" else (2, 2, 13, 20)
    found, symbolic = layer(images(*shape)), layer(keras.Input(shape[1:], batch_size=2))
    assert set(found) == set(symbolic) == set(layer.compute_output_shape(shape))
    for path, maps in found.items():
        shapes = [tuple(part.shape) for part in keras.tree.flatten(maps)]
        assert [tuple(part.shape) for part in keras.tree.flatten(symbolic[path])] == shapes
        given = layer.compute_output_shape(shape)[path]
        assert shapes == (list(given) if layer._output == "wavelet" else [given])
        level = path.scales[-1] + 1 if path.order else 0
        sizes = shapes[0][1:3] if data_format == "channels_last" else shapes[0][2:]
        assert sizes == (-(-13 // 2**level), -(-20 // 2**level))


def test_joint_moduli_have_one_channel():
    x = images(2, 16, 20, 3) - 0.5
    layer = make(combine_colour=True, output="modulus", magnitude_bias=0)
    joint, single = layer(x), make(output="modulus", magnitude_bias=0)(x)
    assert_close(joint[0, (), ()], x)
    for path in layer.paths[1:13]:
        expected = np.sqrt((to_numpy(single[path]) ** 2).sum(-1, keepdims=True))
        assert_close(joint[path], expected)
        assert layer.compute_output_shape(x.shape)[path] == expected.shape
    assert joint[layer.paths[-1]].shape == (2, 4, 5, 1)


@pytest.mark.parametrize("output", ["modulus", "wavelet"])
def test_maps_of_the_image_alone(output):
    found = make(paths=[(0, (), ())], output=output)(images(1, 8, 8, 1))
    assert list(found) == ([(0, (), ())] if output == "modulus" else [])


@pytest.mark.parametrize("output", ["scattering", "modulus", "wavelet"])
def test_an_empty_batch_gives_empty_outputs(output):
    layer, shape = make(output=output), (0, 9, 12, 2)
    found = keras.tree.map_structure(lambda part: tuple(part.shape), layer(np.zeros(shape, "float32")))
    assert found == layer.compute_output_shape(shape)


def test_no_channels_are_refused():
    with pytest.raises(ValueError, match=r"channels must be at least 1\. Received: input shape \(1, 8, 8, 0\)"):
        make()(np.zeros((1, 8, 8, 0), "float32"))


def test_small_moduli_do_not_cancel():
    """For small z the smooth modulus is `|z|^2 / (2 b)`, far below the rounding of b."""
    x = images(1, 8, 8, 1) - 0.5
    found = [to_numpy(make(J=1)(x * np.float32(scale)))[..., 1:] for scale in (1e-6, 1e-5)]
    assert found[0].max() > 0
    assert_close(100 * found[0], found[1])


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
    layer = make(
        biort="near_sym_b_bp", qshift="qshift_b_bp", magnitude_bias=0.1, combine_colour=True, name="tree",
        output="modulus", paths=lambda path: path.order == 1,
    )  # fmt: skip
    again = DTCWTScattering.from_config(json.loads(json.dumps(layer.get_config())))
    assert again.get_config() == layer.get_config()
    assert (again.J, again.magnitude_bias, again.combine_colour) == (2, 0.1, True)
    assert again.paths == layer.paths and len(again.paths) == 12 and again.get_config()["output"] == "modulus"


def test_eager_calls_are_repeatable():
    """Products of batched matrices with a unit axis corrupt memory in TensorFlow 2.21; the layer has none."""
    layer, x = make(), images(2, 16, 20, 1)
    expected = to_numpy(layer(x))
    for _ in range(20):
        assert_close(layer(x), expected, 1e-6)

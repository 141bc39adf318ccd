import warnings

import common
import keras
import numpy as np
import pytest
from compare import TOLERANCE, assert_close, gradient, images, to_numpy, weight_gradients
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from keras_scatter.layers import ComplexModulusConv, ScatteringFFT, base_complex_modulus_conv
from keras_scatter.workflows.datasets import dead_leaves

pytestmark = pytest.mark.keras_version


def make(**arguments):
    return ComplexModulusConv(**{"L": 3, "order": 2, **arguments})


def make_paper(**arguments):
    return make(design="paper", **arguments)


BOTH = pytest.mark.parametrize("make", [make, make_paper], ids=["faithful", "paper"])


def errors_by_order(layer, x):
    """Relative errors against the exact layer."""
    expected = to_numpy(ScatteringFFT(layer.group_config["J"], layer.L, layer.order)(x))
    found = to_numpy(layer(x))
    orders = np.array([path.order for path in layer.paths])
    return [
        np.linalg.norm((found - expected)[..., orders == m]) / np.linalg.norm(expected[..., orders == m])
        for m in range(orders.max() + 1)
    ]


@pytest.mark.parametrize(
    ("arguments", "bounds"),
    [
        ({"L": 8, "order": 1}, [1e-6, 0.012]),
        ({"L": 8, "order": 2}, [1e-6, 0.010, 0.018]),
        ({"L": 8, "order": 1, "J": 2}, [1e-6, 0.010]),
        ({"L": 8, "order": 2, "J": 1}, [1e-6, 0.012]),
        ({"L": 8, "order": 1, "J": 3}, [1e-6, 0.008]),
        ({"L": 8, "order": 2, "J": 3}, [1e-6, 0.008, 0.015]),
        ({"L": 8, "order": 2, "J": 4}, [1e-6, 0.008, 0.015]),
        ({"L": 4, "order": 3, "J": 4}, [1e-6, 0.012, 0.02, 0.03]),
        ({"L": 6, "order": 3, "J": 3}, [1e-6, 0.012, 0.02, 0.03]),
        ({"L": 8, "order": 2, "kernel_size": 9, "lowpass_filters": 4}, [1e-6, 0.002, 0.003]),
        ({"L": 8, "order": 2, "kernel_size": 5}, [1e-6, 0.06, 0.08]),
        ({"L": 4, "order": 2}, [1e-6, 0.02, 0.03]),
        ({"L": 6, "order": 2}, [1e-6, 0.02, 0.03]),
        ({"L": 12, "order": 2}, [1e-6, 0.02, 0.03]),
        ({"L": 16, "order": 2}, [1e-6, 0.03, 0.05]),
    ],
)
def test_designed_filters_reproduce_the_exact_transform(arguments, bounds):
    found = errors_by_order(ComplexModulusConv(**arguments), dead_leaves(32, size=32))
    assert all(error <= bound for error, bound in zip(found, bounds, strict=True)), found


@pytest.mark.parametrize("shape", [(1, 4, 4, 1), (1, 17, 30, 1), (1, 5, 64, 2)])
def test_faithful_at_any_size(shape):
    assert_close(ComplexModulusConv(L=4)(images(*shape)), ScatteringFFT(2, 4, 2)(images(*shape)), 0.02)


@pytest.mark.parametrize(("J", "shape"), [(3, (1, 8, 8, 1)), (3, (1, 17, 30, 1)), (4, (1, 16, 45, 2))])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_faithful_at_any_scale(J, order, shape):
    layer = ComplexModulusConv(L=2, J=J, order=order)
    assert layer.paths == ScatteringFFT(J, 2, order).paths
    found = layer(images(*shape))
    assert tuple(found.shape) == layer.compute_output_shape(shape)
    assert_close(found, ScatteringFFT(J, 2, order)(images(*shape)), 0.02)
    # psi_{J-1} and all before it, real and imaginary, and the low-pass kernels between them.
    assert len(layer.filters) == 3 * J - 1


@pytest.mark.parametrize(("order", "shape"), [(1, (16, 24)), (2, (17, 23)), (3, (16, 24)), (3, (11, 14))])
def test_paper_design_is_the_papers_recursion(order, shape):
    """Blocks in SciPy, outputs looked up by path; the last sample of an odd size counts until the end."""
    from scipy.ndimage import correlate

    layer = make_paper(order=order, L=2, kernel_size=5)
    x = images(1, *shape, 1)
    found = to_numpy(layer(x))[0]
    filters = {name: to_numpy(kernel) for name, kernel in layer.filters.items()}

    def at(plane, kernel, stride):
        return correlate(plane, kernel, mode="constant")[::stride, ::stride]

    def coefficient(plane, path, d=0):
        if d == order:
            return plane
        phi = filters[f"lowpass_{d}"][:, :, 0, 0]
        if d not in path.scales:
            return coefficient(at(plane, phi, 2), path, d + 1)
        t = path.angles[path.scales.index(d)]
        parts = [at(plane, filters[f"psi_{d}_{part}"][:, :, 0, t], 2) for part in ("real", "imag")]
        return coefficient(at(np.hypot(*parts), phi, 1), path, d + 1)

    expected = [coefficient(x[0, :, :, 0].astype("float64"), path) for path in layer.paths]
    height, width = (size // 2**order for size in shape)
    assert_close(found, np.stack(expected, axis=-1)[:height, :width])


def test_filters_of_ones_own_start_as_the_shared_ones():
    x = images(2, 12, 12, 3)
    layer = make_paper(share_filters=False)
    assert_close(layer(x), make_paper()(x))
    assert layer.filters["psi_1_real"].shape == (7, 7, 3 * 4, 3)


def test_number_of_weights_and_operations_of_the_paper():
    """17 kernels of 7 x 7 in each of two blocks."""
    layer = ComplexModulusConv(design="paper")
    layer.build((None, 32, 32, 3))
    assert layer.count_params() == 2 * 17 * 49
    assert len(layer.trainable_weights) == 6


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.data())
def test_any_arguments(data):
    design = data.draw(st.sampled_from(["faithful", "paper"]))
    L, order = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 2))
    share = data.draw(st.booleans()) or design == "faithful"
    data_format = data.draw(st.sampled_from(["channels_last", "channels_first"]))
    dtype = data.draw(st.sampled_from(["float32", "mixed_bfloat16"]))
    height, width = data.draw(st.integers(2**order, 20)), data.draw(st.integers(2**order, 20))
    x = images(2, height, width, data.draw(st.integers(1, 2)))
    arguments = {"L": L, "order": order, "design": design, "share_filters": share, "kernel_size": 5}
    expected = to_numpy(ComplexModulusConv(**arguments)(x))
    assert expected.shape == (2, height >> order, width >> order, x.shape[3] * (1 + L) ** order)
    layer = ComplexModulusConv(**arguments, data_format=data_format, dtype=dtype)
    if data_format == "channels_first":
        x, expected = x.transpose(0, 3, 1, 2), expected.transpose(0, 3, 1, 2)
    found = layer(x)
    assert tuple(found.shape) == layer.compute_output_shape(x.shape)
    assert_close(ops.cast(found, "float32"), expected, TOLERANCE[layer.compute_dtype])


@BOTH
@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16"])
def test_dtype_policies(make, policy):
    common.check_dtype_policy(make, policy)


@BOTH
@pytest.mark.parametrize("fast", [True, False])
def test_bfloat16_whether_the_processor_has_it_or_not(make, fast, monkeypatch):
    monkeypatch.setattr(base_complex_modulus_conv, "has_bfloat16", lambda: fast)
    base_complex_modulus_conv._warn_of_bfloat16.cache_clear()
    x = images(3, 17, 24, 3) + 1
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        found = [make(dtype="mixed_bfloat16")(x) for _ in range(2)]
    said = [str(warning.message) for warning in warned if "keras_scatter" in str(warning.message)]
    assert len(said) == (0 if fast else 1)
    assert fast or 'dtype="mixed_bfloat16" convolutions of keras_scatter run in float32' in said[0]
    assert all(keras.backend.standardize_dtype(maps.dtype) == "bfloat16" for maps in found)
    found, expected = to_numpy(ops.cast(found[0], "float32")), to_numpy(make()(x))
    assert_close(found, expected, 0.02 if fast else 0.004)
    if make is not make_paper:
        order_0 = np.array([path.order == 0 for path in make().paths * 3])
        assert_close(found[..., order_0], expected[..., order_0], 0.004)


def test_gradients_in_bfloat16_point_where_those_in_float32_do(monkeypatch):
    monkeypatch.setattr(base_complex_modulus_conv, "has_bfloat16", lambda: True)
    x = images(4, 16, 20, 1)

    def gradients(dtype):
        layer = make(L=4, dtype=dtype)
        weighting = ops.cast(images(*layer(x).shape, seed=1), layer.compute_dtype)
        found = gradient(lambda x: ops.sum(ops.cast(layer(x) * weighting, "float32")), x)
        return found, weight_gradients(layer, x, weighting)

    (images_16, weights_16), (images_32, weights_32) = gradients("mixed_bfloat16"), gradients("float32")
    for found, expected in zip([images_16, *weights_16], [images_32, *weights_32], strict=True):
        found, expected = (to_numpy(array).ravel().astype("float64") for array in (found, expected))
        assert found @ expected > 0.99 * np.linalg.norm(found) * np.linalg.norm(expected) > 0


@BOTH
@pytest.mark.parametrize("shape", [(2, 8, 12, 3), (1, 33, 17, 1)])
def test_symbolic_shape(make, shape):
    common.check_symbolic_shape(make, shape)


@BOTH
@pytest.mark.parametrize(("image", "error", "text"), common.BAD_IMAGES)
def test_bad_images(make, image, error, text):
    common.check_bad_images(make(), image, error, text)


@BOTH
def test_channels_are_independent_and_ordered(make):
    common.check_channels_are_independent_and_ordered(make)


@BOTH
def test_data_formats_agree(make):
    common.check_data_formats_agree(make)


@BOTH
def test_integers_are_cast_unscaled(make):
    common.check_integers_are_cast_unscaled(make)


@BOTH
def test_nan_stays_nan(make):
    common.check_nan_stays_nan(make)


@BOTH
def test_sizes_change_from_batch_to_batch(make):
    common.check_sizes_change_from_batch_to_batch(make)


@BOTH
def test_too_small_images_fail_at_run_time(make):
    common.check_too_small_images_fail_at_run_time(make)


@BOTH
@pytest.mark.parametrize("kind", ["zero", "constant", "random"])
def test_gradient_of_images(make, kind, float64):
    x = {"zero": np.zeros, "constant": np.ones, "random": np.random.default_rng(0).random}[kind]((1, 8, 9, 1))
    layer = make(L=2, dtype="float64")
    if kind == "random":
        common.check_gradient(layer, x)
    else:
        common.check_gradient_is_finite(layer, x)


@pytest.mark.parametrize("kind", ["zero", "random"])
def test_gradient_of_images_through_all_levels(kind, float64):
    x = {"zero": np.zeros, "random": np.random.default_rng(0).random}[kind]((1, 16, 17, 1))
    layer = make(L=1, J=4, kernel_size=5, dtype="float64")
    (common.check_gradient if kind == "random" else common.check_gradient_is_finite)(layer, x)


@pytest.mark.parametrize(
    "arguments", [{"design": "faithful"}, {"design": "paper"}, {"J": 3}], ids=["faithful", "paper", "three levels"]
)
def test_gradient_of_filters(arguments, float64):
    """Every kernel gets a gradient, equal to central differences."""
    generator = np.random.default_rng(0)
    x = generator.random((1, 8, 9, 1))
    initializer = keras.initializers.RandomNormal(stddev=0.3)
    layer = make(L=2, dtype="float64", kernel_size=3, kernel_initializer=initializer, **arguments)
    weighting = generator.normal(size=layer(x).shape)
    found = weight_gradients(layer, x, weighting)
    weights = [to_numpy(weight) for weight in layer.trainable_weights]
    assert len(found) == len(weights) > 0
    step = 1e-6
    for index, change in enumerate(found):
        assert np.isfinite(change).all() and np.linalg.norm(change) > 0
        direction = generator.normal(size=change.shape)
        values = []
        for sign in (1, -1):
            moved = list(weights)
            moved[index] = weights[index] + sign * step * direction
            layer.set_weights(moved)
            values.append((to_numpy(layer(x)) * weighting).sum())
        layer.set_weights(weights)
        difference = (values[0] - values[1]) / (2 * step)
        assert abs((change * direction).sum() - difference) <= 1e-5 * np.linalg.norm(change)


@pytest.mark.parametrize("seed", [None, 3])
def test_random_kernels_differ(seed):
    """Real and imaginary kernels that start equal would stay equal."""
    layer = make(kernel_initializer=keras.initializers.GlorotUniform(seed=seed))
    layer.build((None, 8, 8, 1))
    assert not np.array_equal(*(to_numpy(layer.filters[name]) for name in ("psi_0_real", "psi_0_imag")))


def test_seeded_initializer_is_reproducible():
    first, second = (make(kernel_initializer=keras.initializers.GlorotUniform(seed=3)) for _ in range(2))
    assert_close(first(images(1, 8, 8, 1)), second(images(1, 8, 8, 1)), 0)


@pytest.mark.parametrize("initializer", ["morlet", "glorot_uniform", keras.initializers.HeNormal(seed=1)])
def test_the_config_makes_the_same_layer(initializer):
    layer = make(kernel_initializer=initializer, kernel_size=(9, 7, 5), data_format="channels_first", name="student")
    again = ComplexModulusConv.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert tuple(again.kernel_size) == (9, 7, 5) and again.J is None


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match=r"L must be an integer >= 1\. Received: L=0"):
        make(L=0)
    with pytest.raises(ValueError, match=r"J must be from 1 to 4 with design=.faithful.\. Received: J=5"):
        make(J=5)
    with pytest.raises(ValueError, match="Received: design='fourier'"):
        make(design="fourier")
    with pytest.raises(ValueError, match="data_format"):
        make(data_format="last")


def test_unknown_channels_need_shared_filters():
    with pytest.raises(ValueError, match="number of channels must be known with share_filters=False"):
        make_paper(share_filters=False).build((None, 8, 8, None))


def test_a_frozen_layer_has_no_trainable_weights():
    layer = make(trainable=False)
    layer.build((None, 8, 8, 1))
    assert not layer.trainable_weights and layer.non_trainable_weights


def test_constant_images_have_no_wavelet_coefficients():
    found = to_numpy(make()(np.full((1, 16, 16, 1), 7, "float32")))
    assert np.abs(found[..., 1:]).max() < 1e-5 * found[..., 0].max()


def test_eager_calls_are_repeatable():
    """Products of batched matrices with a unit axis corrupt memory in TensorFlow 2.21; the layer has none."""
    layer, x = ComplexModulusConv(order=1), images(2, 16, 20, 2)
    expected = to_numpy(layer(x))
    for _ in range(20):
        assert_close(layer(x), expected, 1e-6)


def test_multiply_adds_of_three_levels():
    """Counted by hand: padded 32 x 32; wavelets and low-pass kernels from the image, then from moduli of 0 and 1."""
    layer = ComplexModulusConv(L=2, order=3, J=3, kernel_size=(3, 5, 7))
    psi_0, psi_1, psi_2, lowpass_1, lowpass_2 = 9 * 4, 25 * 2 * 4, 25 * 2 * 4, 49 * 2, 49 * 4
    image = psi_0 * 1024 + (lowpass_1 + psi_1) * 256 + (lowpass_2 + psi_2) * 64
    first_order = 2 * ((lowpass_1 + psi_1) * 256 + (lowpass_2 + psi_2) * 64) + 2 * (lowpass_1 + psi_1) * 64
    second_order = 4 * (lowpass_1 + psi_1) * 64
    assert layer.multiply_adds((16, 16)) == image + first_order + second_order


def test_multiply_adds_of_the_papers_network():
    """Two blocks: low-pass and pairs of wavelets at half the size, and the second low-pass of each modulus."""
    layer = ComplexModulusConv(L=2, order=2, design="paper", kernel_size=5)
    assert layer.multiply_adds((16, 16)) == 25 * (1 + 4 + 2) * 64 + 3 * 25 * (1 + 4 + 2) * 16
    assert layer.multiply_adds((15, 13)) == 25 * (1 + 4 + 2) * 8 * 7 + 3 * 25 * (1 + 4 + 2) * 4 * 4


@BOTH
def test_selected_paths(make):
    common.check_selected_paths(make, images(2, 16, 24, 2))


@BOTH
def test_outputs_by_path(make):
    common.check_outputs_by_path(make, images(2, 13, 16, 2))


@BOTH
def test_empty_batches_and_channels(make):
    common.check_empty_batches_and_channels(make, (2, 8, 12, 3))


def test_selected_paths_with_filters_for_every_feature():
    """Kernels of the rows that go on are picked, too."""
    x, whole = images(2, 8, 8, 2), make_paper(share_filters=False, kernel_initializer="glorot_uniform")
    whole.build(x.shape)
    few = make_paper(share_filters=False, paths=[whole.paths[2], whole.paths[-3]])
    few.build(x.shape)
    few.set_weights(whole.get_weights())
    K = len(whole.paths)
    assert_close(few(x), to_numpy(whole(x))[..., [2, K - 3, K + 2, 2 * K - 3]])


def test_filters_of_channels_take_no_other_number_of_them():
    layer = make_paper(share_filters=False)
    layer(images(2, 8, 8, 3))
    for channels in (1, 6):
        with pytest.raises(ValueError, match=f"expected axis -1 of input shape to have value 3.*8, 8, {channels}"):
            layer(images(3, 8, 8, channels))
    shared = make_paper()
    for channels in (3, 1):
        shared(images(2, 8, 8, channels))


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"kernel_initializer": None}, ValueError, 'kernel_initializer must be "morlet" or a Keras initializer.'),
        ({"weights": 3}, TypeError, "weights must be a name or a path. Received: weights=3"),
        ({"share_filters": "no"}, TypeError, "share_filters must be True or False. Received: share_filters='no'"),
        ({"J": np.arange(3)}, TypeError, "J must be an integer >= 1. Received: J=array"),
        ({"dtype": "int32"}, ValueError, "dtype must be None, a float type"),
        ({"L": 10**9}, ValueError, "A transform must have at most 100000 paths. Received: J=2, L=1000000000"),
    ],
)
def test_unclear_arguments_are_named(arguments, error, text):
    with pytest.raises(error) as caught:
        make(**arguments)
    assert text in str(caught.value)


def test_integers_may_be_numpys():
    assert make(L=np.int64(3), order=np.array(2)).get_config()["order"] == 2

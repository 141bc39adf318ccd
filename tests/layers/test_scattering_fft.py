import functools
import os
import pathlib
import sys

import common
import keras
import numpy as np
import numpy_twin
import pytest
from compare import BACKEND, TOLERANCE, assert_close, images, to_numpy
from hypothesis import given, settings
from hypothesis import strategies as st

from keras_scatter.backend import chunks, fourier
from keras_scatter.layers import ScatteringFFT
from keras_scatter.plan.images import image_plan

GOLDEN = sorted((pathlib.Path(__file__).parents[1] / "golden").glob("kymatio2d_*.npz"))


def make(**arguments):
    return ScatteringFFT(**{"J": 2, "L": 3, "order": 2, **arguments})


def twin(x, J, L, order, padding="reflect"):
    """The plain NumPy transform of a batch with channels last."""
    planes = [
        [numpy_twin.scattering(x[b, :, :, c], J, L, order, padding) for c in range(x.shape[3])] for b in range(len(x))
    ]
    maps = np.stack(planes)
    batch, channels, paths, height, width = maps.shape
    return maps.transpose(0, 3, 4, 1, 2).reshape(batch, height, width, channels * paths)


def test_there_are_golden_files():
    assert len(GOLDEN) == 5


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_equals_kymatio(path):
    golden = np.load(path)
    layer = ScatteringFFT(int(golden["J"]), int(golden["L"]), int(golden["order"]), data_format="channels_first")
    assert_close(layer(golden["x"][:, None]), golden["y"], 1e-6)


def test_padded_images_are_periodic_ones_with_a_margin():
    """What Kymatio calls `pre_pad=True`."""
    x = images(2, 17, 12, 2)
    axes = image_plan(2, 3, 2, "reflect").axes(x.shape[1:3])
    padded = np.pad(x, [(0, 0), *((axis.before, axis.after) for axis in axes), (0, 0)], "reflect")
    assert_close(make(padding="periodic")(padded)[:, 1:-1, 1:-1], make()(x))


@pytest.mark.parametrize(
    ("J", "L", "order", "height", "width", "padding"),
    [
        (1, 4, 1, 2, 9, "reflect"),
        (3, 2, 3, 24, 30, "reflect"),
        (4, 2, 4, 16, 19, "reflect"),
        (2, 1, 5, 11, 7, "zeros"),
        (2, 5, 2, 16, 12, "periodic"),
        (3, 3, 3, 8, 16, "periodic"),
    ],
)
def test_equals_the_numpy_twin(J, L, order, height, width, padding):
    x = images(2, height, width, 2) - 0.5
    assert_close(ScatteringFFT(J, L, order, padding)(x), twin(x, J, L, order, padding))


@settings(max_examples=8, deadline=None, derandomize=True)
@given(st.data())
def test_any_arguments(data):
    J, L, order = (data.draw(st.integers(1, top)) for top in (3, 4, 3))
    padding = data.draw(st.sampled_from(["reflect", "zeros", "periodic"]))
    sizes = st.integers(1, 3).map(lambda n: n * 2**J) if padding == "periodic" else st.integers(2**J, 20)
    height, width = data.draw(sizes), data.draw(sizes)
    batch, channels = data.draw(st.integers(1, 2)), data.draw(st.integers(1, 2))
    data_format = data.draw(st.sampled_from(["channels_last", "channels_first"]))
    dtype = data.draw(st.sampled_from(["float32", "mixed_float16", "mixed_bfloat16"]))
    x = images(batch, height, width, channels) - 0.5
    layer = ScatteringFFT(J, L, order, padding, data_format, dtype=dtype)
    expected = twin(x, J, L, order, padding)
    if data_format == "channels_first":
        x, expected = x.transpose(0, 3, 1, 2), expected.transpose(0, 3, 1, 2)
    found = layer(x)
    assert tuple(found.shape) == layer.compute_output_shape(x.shape)
    assert_close(to_numpy(keras.ops.cast(found, "float32")), expected, TOLERANCE[layer.compute_dtype])


def test_double_precision(float64):
    x = np.random.default_rng(0).normal(size=(1, 9, 12, 1))
    found = make(dtype="float64")(x)
    assert keras.backend.standardize_dtype(found.dtype) == "float64"
    assert_close(found, twin(x, 2, 3, 2), TOLERANCE["float64"])


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="only JAX has to be told to use float64")
def test_double_precision_must_be_enabled():
    with pytest.raises(ValueError, match="JAX_ENABLE_X64=1"):
        make(dtype="float64")


@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16", "float16", "bfloat16"])
def test_dtype_policies(policy):
    common.check_dtype_policy(make, policy)


@pytest.mark.parametrize("shape", [(2, 8, 12, 3), (1, 33, 17, 1)])
@pytest.mark.parametrize("arguments", [{}, {"order": 1}, {"J": 3, "order": 3}])
def test_symbolic_shape(shape, arguments):
    common.check_symbolic_shape(lambda: make(**arguments), shape)


@pytest.mark.parametrize(("image", "error", "text"), common.BAD_IMAGES)
def test_bad_images(image, error, text):
    common.check_bad_images(make(), image, error, text)


def test_periodic_padding_needs_multiples():
    with pytest.raises(ValueError, match=r"Image width must be a multiple of 2\*\*J = 4 .* Received: Image width=10"):
        make(padding="periodic")(images(1, 8, 10, 1))


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"chunk_size": 0}, ValueError, "chunk_size must be an integer >= 1. Received: chunk_size=0"),
        ({"J": 0}, ValueError, "J must be an integer >= 1. Received: J=0"),
        ({"J": 2.0}, TypeError, "J must be an integer >= 1. Received: J=2.0"),
        ({"L": -1}, ValueError, "L must be an integer >= 1. Received: L=-1"),
        ({"order": "2"}, TypeError, "order must be an integer >= 1. Received: order='2'"),
        (
            {"padding": "same"},
            ValueError,
            "padding must be one of 'reflect', 'periodic', 'zeros'. Received: padding='same'",
        ),
        (
            {"data_format": "NHWC"},
            ValueError,
            "data_format must be one of None, 'channels_last', 'channels_first'. Received: data_format='NHWC'",
        ),
    ],
)
def test_bad_arguments(arguments, error, text):
    with pytest.raises(error) as caught:
        make(**arguments)
    assert text in str(caught.value)


def test_channels_are_independent_and_ordered():
    common.check_channels_are_independent_and_ordered(make)


def test_data_formats_agree():
    common.check_data_formats_agree(make)


def test_integers_are_cast_unscaled():
    common.check_integers_are_cast_unscaled(make)


def test_nan_stays_nan():
    common.check_nan_stays_nan(make)


def test_sizes_change_from_batch_to_batch():
    common.check_sizes_change_from_batch_to_batch(make)


def test_too_small_images_fail_at_run_time():
    common.check_too_small_images_fail_at_run_time(make)


@pytest.mark.parametrize("kind", ["zero", "constant", "random"])
def test_gradient(kind, float64):
    x = {"zero": np.zeros, "constant": np.ones, "random": np.random.default_rng(0).random}[kind]((1, 8, 9, 1))
    layer = make(dtype="float64")
    if kind == "random":
        common.check_gradient(layer, x)
    else:
        common.check_gradient_is_finite(layer, x)


def test_gradient_in_small_chunks(monkeypatch, float64):
    """Of images, and of the moduli of one image."""
    monkeypatch.setattr(chunks, "CHUNK_BYTES", 2**13)
    plan = image_plan(2, 7, 2, "reflect")
    assert chunks.chunk_size(4 * plan.peak(plan.axes((16, 24)), first=1)) < 7
    # No other test has seven angles: their traces have larger chunks.
    common.check_gradient(make(L=7, dtype="float64"), images(2, 16, 24, 2) - 0.5)


@pytest.mark.parametrize("size", [1, 3, 100])
def test_the_numbers_do_not_depend_on_the_chunks(size):
    x = images(2, 9, 12, 2)
    assert_close(make(chunk_size=size)(x), make()(x))


def test_gradient_of_a_zero_image_is_that_of_the_low_pass_alone():
    """Every modulus is zero, and its gradient there is zero."""
    found = common.check_gradient_is_finite(make(), np.zeros((1, 8, 8, 1), "float32"))
    alone = common.check_gradient_is_finite(make(L=1, order=1), np.zeros((1, 8, 8, 1), "float32"))
    assert_close(found, alone, 1e-6)


def test_the_config_makes_the_same_layer():
    layer = make(padding="zeros", data_format="channels_first", name="exact", dtype="mixed_float16")
    again = ScatteringFFT.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert (again.J, again.L, again.order, again.padding, again.data_format) == (2, 3, 2, "zeros", "channels_first")


def test_it_has_no_weights():
    layer = make()
    layer(images(1, 8, 8, 1))
    assert layer.weights == []


def test_energy_is_not_created():
    """The bank is a frame with an upper bound just above 1, so coefficients hold at most the image's energy."""
    x = images(4, 32, 32, 1) - 0.5
    features = to_numpy(ScatteringFFT(J=2, L=8, order=2, padding="periodic")(x))
    energy = 4**2 * (features**2).sum((1, 2, 3))
    assert np.all(energy <= 1.02 * (x**2).sum((1, 2, 3)))
    assert np.all(energy > 0)


def test_shift_by_the_sampling_step_shifts_the_features():
    x = images(1, 16, 16, 1)
    layer = make(padding="periodic")
    assert_close(layer(np.roll(x, (4, 8), (1, 2))), np.roll(to_numpy(layer(x)), (1, 2), (1, 2)))


def test_quarter_turn_permutes_the_angles():
    """Rotating the image by 90 degrees turns the maps and moves the angle index by L / 2."""
    x = images(1, 16, 16, 1)
    layer = ScatteringFFT(J=1, L=4, order=1, padding="periodic")
    turned = np.roll(np.rot90(x, axes=(1, 2)), 1, 1)
    plain, found = to_numpy(layer(x)), to_numpy(layer(turned))
    expected = np.roll(np.rot90(plain, axes=(1, 2)), 1, 1)[..., [0, 3, 4, 1, 2]]
    assert_close(found, expected)


def test_homogeneous():
    """S(a x) = |a| S(x) beyond order 0."""
    x = images(1, 8, 8, 1)
    layer = make()
    plain, scaled = to_numpy(layer(x)), to_numpy(layer(-3 * x))
    assert_close(scaled[..., 0], -3 * plain[..., 0])
    assert_close(scaled[..., 1:], 3 * plain[..., 1:])


def test_paths_are_there_before_the_layer_is_built():
    assert len(ScatteringFFT(J=2, L=8, order=2).paths) == 81


@pytest.mark.parametrize("jit_compile", [False, True])
def test_layers_before_it_are_trained(jit_compile):
    if jit_compile and BACKEND == "torch":
        pytest.skip("Keras has no compilation for PyTorch on this machine")
    layers = [keras.layers.Conv2D(2, 3), ScatteringFFT(J=2, L=4), keras.layers.GlobalAveragePooling2D()]
    model = keras.Sequential([keras.Input((30, 30, 1)), *layers, keras.layers.Dense(1)])
    before = model.get_weights()[0]
    model.compile("sgd", "mse", jit_compile=jit_compile)
    # More planes than a chunk holds, and a partial batch.
    model.fit(images(20, 30, 30, 1), np.ones((20, 1)), batch_size=12, verbose=0)
    after = model.get_weights()[0]
    assert np.isfinite(after).all() and not np.array_equal(after, before)


@pytest.mark.parametrize("arguments", [{}, {"J": 3, "padding": "periodic"}, {"order": 1}])
def test_selected_paths(arguments):
    common.check_selected_paths(functools.partial(make, **arguments), images(2, 16, 24, 2))


def test_only_what_leads_to_a_path_is_computed(monkeypatch):
    """One wavelet of scale 0 and one of scale 1 on its moduli: two inverse transforms of one wave each."""
    counts, inverse = [], fourier.native.inverse

    def counted(product, rank):
        waves = inverse(product, rank)
        counts.append(fourier.parts(waves)[0].shape[1])
        return waves

    monkeypatch.setattr(fourier.native, "inverse", counted)
    x = images(1, 18, 22, 1)
    make(L=5, paths=[(2, (0, 1), (3, 4))])(x)
    assert counts[:2] == [1, 1]


@pytest.mark.parametrize(
    ("shape", "data_format"),
    [((2, 16, 12, 2), "channels_last"), ((1, 11, 9, 1), "channels_last"), ((2, 3, 11, 8), "channels_first")],
)
def test_outputs_by_path(shape, data_format):
    common.check_outputs_by_path(functools.partial(make, data_format=data_format), images(*shape))


def test_moduli_are_the_twins():
    """`|x * psi|` of one angle, at the samples of the image that are multiples of 2**j apart."""
    x = images(1, 12, 16, 1)
    layer = make(padding="periodic", output="modulus")
    found = layer(x)
    for path in layer.paths[1:7]:
        psi = numpy_twin.wavelet(12, 16, path.scales[0], path.angles[0], 3)
        expected = abs(np.fft.ifft2(np.fft.fft2(x[0, :, :, 0]) * psi))
        step = 2 ** path.scales[0]
        assert_close(found[path][0, :, :, 0], expected[::step, ::step], 1e-5)
    assert_close(found[layer.paths[0]], x, 0)


def test_empty_batches_and_channels():
    common.check_empty_batches_and_channels(make, (2, 8, 12, 3))


def test_the_shape_must_have_four_axes():
    with pytest.raises(ValueError, match=r"images must have 4 axes, channels_last. Received: \(8, 8, 1\)"):
        make().compute_output_shape((8, 8, 1))


def test_a_call_is_eight_functions_deep():
    """Our own functions on the deepest stack, from `call` on, when nothing is made for the first time."""
    layer, x = ScatteringFFT(J=2, L=8, order=2), images(2, 32, 32, 3)
    for _ in range(2):
        layer(x)
    depth, deepest = [0], [0]

    def profile(frame, event, argument):
        if event in ("call", "return") and "keras_scatter" in frame.f_code.co_filename.split("tests")[0]:
            if f"keras_scatter{os.sep}" not in frame.f_code.co_filename or frame.f_code.co_name == "__call__":
                return
            depth[0] += 1 if event == "call" else -1
            deepest[0] = max(deepest[0], depth[0])

    sys.setprofile(profile)
    try:
        layer(x)
    finally:
        sys.setprofile(None)
    assert 0 < deepest[0] <= 8

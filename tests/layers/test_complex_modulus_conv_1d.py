import dataclasses
import functools

import common
import keras
import numpy as np
import pytest
from compare import BACKEND, TOLERANCE, assert_close, images, to_numpy
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from keras_scatter.deployment import runtimes
from keras_scatter.errors import errors_by_order
from keras_scatter.filters import half_band
from keras_scatter.layers import ComplexModulusConv1D, ScatteringFFT1D
from keras_scatter.plan.signals import half_band_plan, signal_axis


def make(**arguments):
    return ComplexModulusConv1D(**{"J": 3, "Q": 2, **arguments})


def noise(batch, length, channels, seed=0):
    return images(batch, length, channels, seed=seed) - 0.5


def digits(count=4):
    """Sums of partials that come and go, as of voices, and a mean, without which order 0 is nothing but leakage."""
    generator, t = np.random.default_rng(0), np.arange(4096)
    found = np.full((count, 4096), 0.1)
    for signal in found:
        for _ in range(12):
            start, width, frequency = generator.uniform((1000, 200, 0.01), (3000, 800, 0.3))
            envelope = np.exp(-0.5 * ((t - start) / width) ** 2)
            signal += envelope * np.cos(2 * np.pi * frequency * t * (1 + 1e-5 * t)) * generator.exponential()
    return found[..., None].astype("float32")


@pytest.mark.parametrize(
    ("arguments", "bounds"),
    [
        ({"Q": 1}, [1e-3, 0.001, 0.006]),
        # Of single partials the errors of the filters themselves show, of 0.2 %.
        ({"Q": 8}, [1e-3, 0.0025, 0.008]),
        ({"Q": 1, "oversampling": 1}, [1e-3, 2e-4, 8e-4]),
        ({"Q": 1, "kernel_size": 11, "T": 100, "stride": 16}, [1e-3, 0.004, 0.01]),
    ],
)
def test_designed_filters_reproduce_the_exact_transform(arguments, bounds):
    layer, x = ComplexModulusConv1D(**{"J": 6, **arguments}), digits()
    found, exact = to_numpy(layer(x)), to_numpy(layer.exact()(x))
    errors = errors_by_order(found, exact, layer.paths)
    assert all(0 < error <= bound for error, bound in zip(errors, bounds, strict=True)), errors


def fir(x, start, taps, stride):
    """What is `x` from `start` on and else zero, correlated with centred taps at all multiples of the stride."""
    radius = len(taps) // 2
    whole, begin = np.correlate(np.pad(x, len(taps) - 1), taps, "valid"), start - radius
    first = -(-begin // stride)
    return whole[first * stride - begin :: stride], first


def direct(layer, signal, outputs):
    """Coefficients `(outputs, K)` of one signal, each path by itself, zeros before and after it."""
    design = half_band.design_of(layer.group_config)
    filters = {name: to_numpy(kernel) for name, kernel in layer.filters.items()}
    lowpass = np.zeros(design.kernel_size)
    lowpass[::2], lowpass[design.kernel_size // 2] = filters["lowpass"][:, 0, 0], 0.5
    of_paths = []
    for path in layer.paths:
        x, start, level = np.asarray(signal, float), 0, 0
        for m, n in enumerate(path.n):
            (group,) = (
                group
                for group in half_band.groups(design)
                if (group.bank, group.source) == (design.bank(m), level) and n in group.wavelets
            )
            for _ in range(group.depth):
                x, start = fir(x, start, lowpass, 2)
            column, stride = group.wavelets.index(n), 2 ** (group.level - group.source - group.depth)
            parts = [filters[f"{group.name}_{part}"][:, 0, column] for part in ("real", "imag")]
            (real, first), (imag, _) = (fir(x, start, part, stride) for part in parts)
            x, start, level = np.hypot(real, imag), first, group.level
        sigma = 0.1 / design.T * 2**level
        radius = int(np.ceil(4.2 / (2 * np.pi * sigma)))
        taps = np.exp(-((2 * np.pi * sigma * np.arange(-radius, radius + 1)) ** 2) / 2)
        found, first = fir(x, start, taps / taps.sum(), design.stride // 2**level)
        assert first <= 0
        of_paths.append(np.pad(found, (0, outputs))[-first : outputs - first])
    return np.stack(of_paths, -1)


STREAMED = pytest.mark.parametrize(
    "arguments",
    [{}, {"J": 4, "Q": (1, 2, 1), "order": 3, "T": 20, "stride": 4}, {"Q": 5, "order": 1, "oversampling": (1, 0)}],
)


@STREAMED
def test_it_is_convolutions_path_by_path(arguments):
    layer, x = make(**arguments, padding="zeros"), noise(1, 133, 1)
    found = to_numpy(layer(x))[0]
    assert found.shape[0] == -(-133 // layer.group_config["stride"])
    assert_close(found, direct(layer, x[0, :, 0], len(found)))


def test_zeros_are_those_of_the_exact_layer_where_the_grids_agree():
    x = noise(2, 512, 1)
    assert_close(make(padding="zeros")(x), ScatteringFFT1D(3, 2, padding="zeros")(x), 0.01)


def test_shorter_margins_change_nothing():
    """Numbers are those with all of the margins of the exact layer."""
    x, layer = noise(1, 1000, 1), make(T=7)
    short = layer._plan.axes([1000])[0]
    assert short.length < 2048
    whole = half_band_plan(half_band.design_of(layer.group_config), "reflect")
    whole = dataclasses.replace(whole, axis=functools.partial(signal_axis, T=7, padding="reflect"))
    found = layer(x)
    layer._plan = whole
    assert_close(found, layer(x), 1e-6)


@STREAMED
@pytest.mark.parametrize("data_format", ["channels_last"])
def test_a_stream_gives_what_the_layer_gives(arguments, data_format):
    """In blocks of any lengths, for two signals of two channels."""
    layer, x = make(**arguments, padding="zeros", data_format=data_format), noise(2, 701, 2)
    x = x if data_format == "channels_last" else x.transpose(0, 2, 1)
    axis = 1 if data_format == "channels_last" else 2
    stream, generator, parts, given, ready = layer.stream(), np.random.default_rng(1), [], 0, 0
    stride = layer.group_config["stride"]
    assert stream.latency % stride == 0 and 0 < stream.latency < 700
    while given < 701:
        block = np.take(x, range(given, min(701, given + int(generator.integers(0, 90)))), axis=axis)
        parts.append(stream.push(block))
        given, ready = given + block.shape[axis], ready + parts[-1].shape[axis]
        assert ready == max(0, given // stride - stream.latency // stride + 1)
    parts.append(stream.close())
    assert_close(np.concatenate(parts, axis=axis), layer(x))


def test_a_stream_of_long_blocks():
    """More outputs than one program computes at a time; reflection makes no difference far from the ends."""
    layer, x = make(), noise(1, 4096, 1)
    stream = layer.stream()
    found = np.concatenate([stream.push(x), stream.close()], axis=1)
    expected, ends = to_numpy(layer(x)), stream.latency // 8
    assert_close(found[:, ends:-ends], expected[:, ends:-ends])


@pytest.mark.parametrize("dtype", ["mixed_bfloat16"])
def test_a_stream_in_half_precision(dtype):
    layer, x = make(order=1, padding="zeros", dtype=dtype), noise(1, 200, 1)
    stream = layer.stream()
    found = np.concatenate([stream.push(x), stream.close()], axis=1).astype("float32")
    assert_close(found, ops.cast(layer(x), "float32"), TOLERANCE[layer.compute_dtype])


def test_a_stream_refuses_what_does_not_belong_to_it():
    stream = make().stream()
    with pytest.raises(ValueError, match=r"A stream must be closed once.*nothing was given"):
        stream.close()
    with pytest.raises(ValueError, match=r"block must have the shape \(batch, time, C\)\. Received: shape \(3, 1\)"):
        stream.push(np.zeros((3, 1)))
    assert stream.push(noise(2, 5, 3)).shape == (2, 0, 3 * len(make().paths))
    for shape in ((2, 8, 2), (1, 8, 3)):
        with pytest.raises(ValueError, match=r"block must have batch and channels \(2, 3\) as the first one"):
            stream.push(np.zeros(shape))
    with pytest.raises(TypeError, match="must be real numbers"):
        stream.push(np.zeros((2, 8, 3), "complex64"))
    assert stream.close().shape[1] == 1
    with pytest.raises(ValueError, match="takes no blocks after it was closed"):
        stream.push(noise(2, 8, 3))
    with pytest.raises(ValueError, match="it was closed before"):
        stream.close()
    with pytest.raises(ValueError, match='output must be "scattering" for a stream'):
        make(output="modulus").stream()


@pytest.mark.parametrize("data_format", ["channels_first"])
def test_a_model_of_one_step(data_format):
    """Its states go round, and its features come `latency` late."""
    layer, x = make(padding="zeros", data_format=data_format), noise(2, 160, 2)
    model = layer.streaming_model(channels=2, samples=16)
    again = keras.Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    late = layer.stream().latency // 8 - 1
    for streamed in (model, again):
        states, parts = [np.zeros((2, *state.shape[1:]), "float32") for state in streamed.inputs[1:]], []
        for i in range(0, 160 + 8 * late + 8, 16):
            block = np.pad(x, [(0, 0), (0, 400), (0, 0)])[:, i : i + 16]
            block = block if data_format == "channels_last" else block.transpose(0, 2, 1)
            features, *states = streamed([ops.convert_to_tensor(part) for part in (block, *states)])
            parts.append(to_numpy(features))
        found = np.concatenate(parts, axis=1 if data_format == "channels_last" else 2)
        given = x if data_format == "channels_last" else x.transpose(0, 2, 1)
        found = found[:, late : late + 20] if data_format == "channels_last" else found[..., late : late + 20]
        assert_close(found, layer(given))


def test_steps_of_a_model_are_whole_strides():
    with pytest.raises(ValueError, match=r"samples must be a multiple of the stride, 8. Received: samples=12"):
        make().streaming_model(samples=12)
    with pytest.raises(ValueError, match=r"channels must be an integer >= 1. Received: channels=0"):
        make().streaming_model(channels=0)


@settings(max_examples=3, deadline=None, derandomize=True)
@given(st.data())
def test_any_arguments(data):
    J, order = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 3))
    Q = data.draw(st.one_of(st.integers(1, 3), st.tuples(st.integers(1, 4), st.integers(1, 2))))
    padding = data.draw(st.sampled_from(["reflect", "periodic"]))
    length = data.draw(
        st.integers(8, 10).map(lambda n: n * 2**J) if padding == "periodic" else st.integers(8 * 2**J, 160)
    )
    T = data.draw(st.one_of(st.none(), st.floats(1, 2**J)))
    strides = [2**k for k in range(J) if T is not None and 2**k <= T]
    stride = data.draw(st.sampled_from([None, *strides]))
    data_format = data.draw(st.sampled_from(["channels_last", "channels_first"]))
    arguments = {"J": J, "Q": Q, "T": T, "order": order, "stride": stride, "padding": padding}
    layer = ComplexModulusConv1D(**arguments, oversampling=1, data_format=data_format)
    x = noise(2, length, 2)
    x = x if data_format == "channels_last" else x.transpose(0, 2, 1)
    found = layer(x)
    assert tuple(found.shape) == layer.compute_output_shape(x.shape)
    assert layer.paths == layer.exact().paths
    # Noise has no less energy where filters are worst, between their bands, than within.
    assert_close(found, layer.exact()(x), 0.1)


@pytest.mark.parametrize("policy", ["float32", "mixed_float16"])
def test_dtype_policies(policy):
    common.check_dtype_policy(make, policy, shape=(2, 40, 2))


@pytest.mark.parametrize("shape", [(1, 77, 2)])
@pytest.mark.parametrize("padding", ["reflect", "zeros"])
def test_symbolic_shape(shape, padding):
    common.check_symbolic_shape(lambda: make(padding=padding, order=1), shape)


def test_channels_are_independent_and_ordered():
    common.check_channels_are_independent_and_ordered(make, shape=(2, 40, 3))


def test_data_formats_agree():
    common.check_data_formats_agree(make, shape=(2, 41, 3))


def test_integers_are_cast_unscaled():
    common.check_integers_are_cast_unscaled(make, shape=(2, 40, 1))


def test_nan_stays_nan():
    common.check_nan_stays_nan(make, shape=(2, 40, 1))


def test_lengths_change_from_batch_to_batch():
    common.check_sizes_change_from_batch_to_batch(lambda: make(order=1), sizes=((64,), (41,), (8,)))


def test_too_short_signals_fail_at_run_time():
    common.check_too_small_images_fail_at_run_time(make, sizes=((16,), (19,)), too_small=(7,), text="length")


@pytest.mark.parametrize("kind", ["zero", "random"])
def test_gradient_of_signals(kind, float64):
    x = {"zero": np.zeros, "random": np.random.default_rng(0).random}[kind]((1, 33, 2))
    layer = make(dtype="float64")
    (common.check_gradient if kind == "random" else common.check_gradient_is_finite)(layer, x)


def test_gradient_of_filters(float64):
    layer, x = make(Q=1, dtype="float64", kernel_size=7), np.random.default_rng(0).random((1, 40, 1))
    layer(x)
    common.check_weight_gradients(layer, x)


def test_double_precision(float64):
    layer, x = make(dtype="float64", padding="zeros"), np.random.default_rng(0).normal(size=(1, 50, 1))
    assert_close(layer(x)[0], direct(layer, x[0, :, 0], 7), TOLERANCE["float64"])


def test_selected_paths():
    common.check_selected_paths(make, noise(2, 70, 2))


def test_outputs_by_path():
    common.check_outputs_by_path(make, noise(2, 40, 2))


def test_empty_batches_and_channels():
    common.check_empty_batches_and_channels(make, (2, 40, 3))


@pytest.mark.parametrize("initializer", ["morlet", keras.initializers.HeNormal(seed=1)])
def test_the_config_makes_the_same_layer(initializer):
    layer = make(kernel_initializer=initializer, Q=(2, 1), T=5.5, stride=2, padding="zeros", oversampling=(1, 0))
    again = ComplexModulusConv1D.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert again.paths == layer.paths and again.group_config == layer.group_config


def test_random_kernels_differ():
    layer = make(kernel_initializer="glorot_uniform")
    layer.build((None, 40, 1))
    kernels = [to_numpy(layer.filters[f"psi_1_n0_{part}"]) for part in ("real", "imag")]
    assert kernels[0].shape[0] > 1 and not np.array_equal(*kernels)


def test_multiply_adds_of_one_octave():
    """Counted by hand: one wavelet an octave of order 1, and the averages."""
    layer = ComplexModulusConv1D(J=2, order=1, padding="periodic", kernel_size=7)
    groups = half_band.groups(half_band.design_of(layer.group_config))
    wavelets = sum(2 * group.size * len(group.wavelets) * (64 >> group.level) for group in groups)
    levels = [0, *(level for group in groups for level in [group.level] * len(group.wavelets))]
    radius = [int(np.ceil(4.2 * 4 / (2 * np.pi * 0.1) / 2**level)) for level in levels]
    pyramid = sum(5 * (64 >> (d + 1)) for d in range(max(group.depth for group in groups)))
    assert layer.multiply_adds(64) == wavelets + pyramid + 16 * sum(2 * r + 1 for r in radius)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"J": 0}, ValueError, r"J must be an integer from 1 to 16. Received: J=0"),
        ({"J": 17}, ValueError, r"J must be an integer from 1 to 16. Received: J=17"),
        ({"J": 2.0}, TypeError, r"J must be an integer from 1 to 16. Received: J=2.0"),
        ({"Q": 65}, ValueError, r"Q must be at most 64. Received: Q=\(65, 1\)"),
        ({"Q": 0}, ValueError, r"Q must .* Received: Q=0"),
        ({"order": 0}, ValueError, r"order must be an integer >= 1. Received: order=0"),
        ({"kernel_size": 9}, ValueError, r"kernel_size must be 7, 11, 15, .* Received: kernel_size=9"),
        ({"kernel_size": 67}, ValueError, r"kernel_size must be 7, 11, 15, .* Received: kernel_size=67"),
        ({"kernel_size": "a"}, TypeError, r"kernel_size must .* Received: kernel_size='a'"),
        ({"T": 0}, ValueError, r"T must be None or a number >= 1. Received: T=0"),
        ({"T": "global"}, TypeError, r"T must be None or a number >= 1. Received: T='global'"),
        ({"T": 1e9}, ValueError, r"T must be at most 65536. Received: T=1000000000"),
        ({"stride": 3}, ValueError, r"stride must .*power of two.* Received: stride=3"),
        ({"stride": 16}, ValueError, r"stride must .* Received: stride=16"),
        ({"oversampling": -1}, ValueError, r"oversampling must be an integer >= 0. Received: oversampling=-1"),
        ({"oversampling": ()}, TypeError, r"oversampling must be an integer >= 0. Received: oversampling=\(\)"),
        ({"padding": "same"}, ValueError, r"padding must be one of .* Received: padding='same'"),
        ({"kernel_initializer": None}, ValueError, 'kernel_initializer must be "morlet" or a Keras initializer.'),
        ({"weights": "morlet_o2"}, ValueError, "a filter group of signals for this layer. Received: 'morlet_o2'"),
        ({"weights": "morlet_1d_Q4"}, ValueError, "is for other arguments"),
        ({"paths": []}, ValueError, r"paths must "),
    ],
)
def test_bad_arguments(arguments, error, text):
    with pytest.raises(error, match=text):
        make(**arguments)


def test_more_orders_than_there_can_be_take_no_time():
    assert make(order=10**9).paths == make(order=4).paths


@pytest.mark.skipif(BACKEND != "tensorflow", reason="converted with TensorFlow")
@pytest.mark.parametrize("streamed", [False, True])
def test_litert_with_built_in_operations(streamed, tmp_path):
    """A step of a stream has its states as inputs and outputs."""
    import tensorflow as tf

    layer, x = make(padding="zeros"), noise(1, 64, 1)
    model = layer.streaming_model(samples=16) if streamed else keras.Sequential([keras.Input((64, 1)), layer])
    built_in = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}
    model.export(str(tmp_path / "model.tflite"), format="litert", verbose=False, target_spec=built_in)
    interpreter = runtimes.litert()[0](str(tmp_path / "model.tflite"))
    runner = interpreter.get_signature_runner()
    if not streamed:
        (found,) = runner(**{next(iter(runner.get_input_details())): x}).values()
        assert_close(found, model(x))
        return
    names = [tensor.name for tensor in model.inputs]
    expected = found = [None, *(np.zeros((1, *state.shape[1:]), "float32") for state in model.inputs[1:])]
    for i in (0, 16, 32):
        block = x[:, i : i + 16]
        expected = model([ops.convert_to_tensor(part) for part in (block, *expected[1:])])
        after = runner(**dict(zip(names, [block, *found[1:]])))
        found = [after[f"output_{k}"] for k in range(len(names))]
    for one, other in zip(found, expected, strict=True):
        assert_close(1 + one, 1 + to_numpy(other))


@pytest.mark.skipif(BACKEND != "torch", reason="exported from PyTorch")
def test_onnx_has_states_as_inputs_and_outputs(tmp_path):
    torch, onnxruntime = pytest.importorskip("torch"), pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    layer, x = make(padding="zeros"), noise(1, 64, 1)
    model = layer.streaming_model(samples=16)
    states = [np.zeros((1, *state.shape[1:]), "float32") for state in model.inputs[1:]]
    given = [torch.from_numpy(array) for array in (x[:, :16], *states)]
    path = str(tmp_path / "step.onnx")
    torch.onnx.export(model.eval(), (given,), path, dynamo=True, verbose=False)
    session = onnxruntime.InferenceSession(path)
    names = [value.name for value in session.get_inputs()]
    assert len(names) == len(model.inputs)
    expected_states = found_states = states
    for i in (0, 16, 32):
        block = x[:, i : i + 16]
        expected, *expected_states = model([ops.convert_to_tensor(part) for part in (block, *expected_states)])
        found, *found_states = session.run(None, dict(zip(names, [block, *found_states])))
        assert_close(1 + found, 1 + to_numpy(expected))
    for one, other in zip(found_states, expected_states, strict=True):
        assert_close(1 + one, 1 + to_numpy(other))

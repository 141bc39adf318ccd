import pathlib

import common
import keras
import numpy as np
import pytest
from compare import BACKEND, TOLERANCE, assert_close, images, to_numpy, weight_gradients
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops
from scipy.ndimage import correlate
from test_dtcwt_scattering import twin as dual_tree_twin

from keras_scatter.filters.dtcwt_taps import BIORT_NAMES
from keras_scatter.filters.groups import designed_group, resolve_config
from keras_scatter.filters.mixing import cosine_kernels, gaussian_kernels, impulse_kernels, random_kernels
from keras_scatter.functional.dual_tree import FirstLevel
from keras_scatter.layers import LocallyInvariantLayer

pytestmark = pytest.mark.keras_version

GOLDEN = pathlib.Path(__file__).parents[1] / "golden"
FIXED = {"impulse": impulse_kernels, "gaussian": gaussian_kernels, "random": random_kernels}
MIXINGS = ["1x1", "3x3", "impulse", "gaussian", "random", "dct"]


def make(**arguments):
    return LocallyInvariantLayer(**{"filters": 4, **arguments})


def moduli(x, wavelet, L=8, size=7, biort="near_sym_a", bias=1e-2):
    """z of images with channels last in plain NumPy."""
    if wavelet == "dtcwt":
        return dual_tree_twin(x, 1, biort, None, bias)
    kernels = designed_group(resolve_config(L, 1, 1, size, "paper", 1, True))
    psi = kernels["psi_0_real"] + 1j * kernels["psi_0_imag"]

    def filtered(kernel):
        kernel = kernel[:, :, None]
        return np.stack([correlate(image.astype("float64"), kernel, mode="reflect")[::2, ::2] for image in x])

    found = [filtered(kernels["lowpass_0"][:, :, 0, 0])]
    for t in range(L):
        square = sum(filtered(part) ** 2 for part in (psi[:, :, 0, t].real, psi[:, :, 0, t].imag))
        found.append(np.sqrt(square + bias**2) - bias)
    return np.concatenate(found, axis=-1)


def mixed(z, kernel):
    """Convolution with zeros outside, tap by tap."""
    margin = kernel.shape[0] // 2
    padded = np.pad(z, [(0, 0), (margin, margin), (margin, margin), (0, 0)])
    height, width = z.shape[1:3]
    return sum(
        padded[:, i : i + height, j : j + width] @ kernel[i, j]
        for i in range(kernel.shape[0])
        for j in range(kernel.shape[1])
    )


def made_kernel(layer):
    """The kernel of a layer from its weights, as the class says."""
    weights = to_numpy(layer.mixing_kernel)
    if layer.mixing == "dct":
        return np.einsum("aij,aqf->ijqf", cosine_kernels(), weights[:, 0])
    if layer.mixing in ("1x1", "3x3"):
        return weights
    return weights * FIXED[layer.mixing](*weights.shape[2:], layer.seed)


def test_identity_is_the_wavelet_modulus_propagator():
    golden = np.load(GOLDEN / "scatlayer_j1_near_sym_a_32x32.npz")
    layer = LocallyInvariantLayer(mixing_initializer="identity", data_format="channels_first")
    assert_close(layer(golden["x"]), golden["y"], 1e-6)


@pytest.mark.parametrize("wavelet", ["dtcwt", "morlet"])
@pytest.mark.parametrize("mixing", MIXINGS)
def test_every_mixing(mixing, wavelet):
    x = images(2, 9, 12, 2) - 0.5
    layer = make(mixing=mixing, wavelet=wavelet, L=3, seed=4)
    assert_close(layer(x), mixed(moduli(x, wavelet, 3), made_kernel(layer)))


@settings(max_examples=6, deadline=None, derandomize=True)
@given(st.data())
def test_any_arguments(data):
    mixing, wavelet = data.draw(st.sampled_from(MIXINGS)), data.draw(st.sampled_from(["dtcwt", "morlet"]))
    filters, strides = data.draw(st.sampled_from([None, 1, 5])), data.draw(st.sampled_from([1, 2]))
    L, size = data.draw(st.integers(1, 4)), data.draw(st.sampled_from([3, 9]))
    biort, bias = data.draw(st.sampled_from(BIORT_NAMES)), data.draw(st.sampled_from([0, 1e-2]))
    last = data.draw(st.booleans())
    dtype = data.draw(st.sampled_from(["float32", "mixed_float16", "mixed_bfloat16"]))
    x = images(*(data.draw(st.integers(low, high)) for low, high in ((1, 2), (2, 13), (2, 13), (1, 2)))) - 0.5
    layer = LocallyInvariantLayer(
        filters, mixing, wavelet, strides, biort, bias, L=L, wavelet_size=size, dtype=dtype, use_bias=False,
        learnable_wavelets=wavelet == "morlet" and data.draw(st.booleans()),
        data_format="channels_last" if last else "channels_first",
    )  # fmt: skip
    given_x = x if last else x.transpose(0, 3, 1, 2)
    found = layer(given_x)
    assert tuple(found.shape) == layer.compute_output_shape(given_x.shape)
    assert keras.backend.standardize_dtype(found.dtype) == layer.compute_dtype
    found = found if last else ops.transpose(found, (0, 2, 3, 1))
    z = moduli(x, wavelet, L, size, biort, bias)
    assert layer.mixing_kernel.shape[2:] == (z.shape[3], filters or z.shape[3])
    expected = mixed(z, made_kernel(layer))
    if strides == 1:
        expected = to_numpy(keras.ops.image.resize(expected.astype("float32"), [2 * n for n in expected.shape[1:3]]))
        expected = expected[:, : x.shape[1], : x.shape[2]]
    # Sums of terms that may cancel: half precision is measured by the sum of their sizes.
    largest = mixed(abs(z), abs(made_kernel(layer))).max()
    error = np.max(np.abs(to_numpy(ops.cast(found, "float32")) - expected)) / largest
    assert error <= TOLERANCE[layer.compute_dtype], error


def test_bias_and_activation():
    x = images(1, 8, 8, 1) - 0.5
    layer = make(activation="relu", bias_initializer=keras.initializers.Constant(-0.1))
    found = layer(x)
    assert_close(found, np.maximum(mixed(moduli(x, "dtcwt"), made_kernel(layer)) - 0.1, 0))
    assert make(use_bias=False).use_bias is False


@pytest.mark.parametrize("mixing", MIXINGS)
def test_number_of_weights(mixing):
    """7 C F, 63 C F for a learned 3 x 3 and 21 C F for three cosines; the bias comes on top."""
    layer = LocallyInvariantLayer(10, mixing, use_bias=False)
    layer.build((None, 16, 16, 4))
    assert layer.count_params() == {"3x3": 63, "dct": 21}.get(mixing, 7) * 4 * 10
    layer = LocallyInvariantLayer(10, mixing)
    layer.build((None, 16, 16, 4))
    assert [weight.name for weight in layer.trainable_weights] == ["mixing_kernel", "bias"]


@pytest.mark.parametrize("F", [1, 64])
def test_number_of_multiplications(F):
    """`7/4 F + 36` for each input sample (paper's equation 1.4.3), without those by zero, far from the border."""
    C, size = 3, 32
    matrix = FirstLevel(size, "near_sym_a").matrix()
    taps = np.count_nonzero(matrix[8:-8], axis=1)
    # Every sample is filtered along the width, and both results along the height.
    assert set(taps) == {12} and 12 + 2 * 12 == 36
    layer = LocallyInvariantLayer(F, use_bias=False)
    output = layer(images(1, size, size, C))
    mixing = output.shape[1] * output.shape[2] * layer.count_params()
    assert mixing / (size * size * C) == 7 / 4 * F


@pytest.mark.skipif(BACKEND != "torch", reason="PyTorch tells what it keeps")
@pytest.mark.parametrize(
    "arguments", [{}, {"mixing": "3x3"}, {"mixing": "gaussian"}, {"wavelet": "morlet", "L": 6}, {"strides": 1}]
)
def test_kept_for_the_gradient(arguments):
    """At most 7/4 H W C numbers; the input itself, which recomputation starts from, is counted as well."""
    import torch

    layer = LocallyInvariantLayer(16, **arguments)
    x = torch.rand(4, 32, 32, 8, requires_grad=True)
    layer(x)
    weights = {weight.value.data_ptr() for weight in layer.weights}
    kept = {}

    def pack(tensor):
        storage = tensor.untyped_storage()
        if tensor.grad_fn is not None or storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        y = layer(x)
    kept[x.untyped_storage().data_ptr()] = x.untyped_storage().nbytes()
    assert sum(kept.values()) <= 7 / 4 * 4 * x.numel()
    y.sum().backward()
    assert torch.isfinite(x.grad).all() and layer.mixing_kernel.value.grad is not None


def test_upsampling_is_bilinear():
    x = images(2, 7, 10, 2)
    coarse, fine = make(), make(strides=1)
    y = coarse(x)
    fine(x)
    fine.set_weights(coarse.get_weights())
    expected = to_numpy(keras.ops.image.resize(y, (8, 10)))[:, :7]
    assert_close(fine(x), expected)


@pytest.mark.parametrize("mixing", ["1x1", "3x3", "dct"])
def test_initial_weights_are_glorots(mixing):
    """Uniform up to `a sqrt(6 / ((C_l + C_l+1) H W))`, the paper's equation 1.5.1."""
    layer = LocallyInvariantLayer(50, mixing, gain=1.5)
    layer.build((None, 8, 8, 4))
    weights = to_numpy(layer.mixing_kernel)
    limit = 1.5 * (6 / ((28 + 50) * (9 if mixing == "3x3" else 1))) ** 0.5
    assert 0.99 * limit < np.abs(weights).max() <= limit * (1 + 1e-6)
    assert weights.std() == pytest.approx(limit / 3**0.5, rel=0.05)
    if mixing == "dct":
        assert np.abs(np.corrcoef(weights.reshape(3, -1)) - np.eye(3)).max() < 0.1


@pytest.mark.parametrize("mixing", ["impulse", "gaussian", "random"])
def test_fixed_kernels(mixing):
    kernels = FIXED[mixing](14, 6, seed=1)
    assert_close((kernels**2).sum((0, 1)), np.ones((14, 6)), 1e-12)
    assert np.array_equal(kernels, FIXED[mixing](14, 6, seed=1))
    assert not np.array_equal(kernels, FIXED[mixing](14, 6, seed=2))
    if mixing != "random":
        places = np.bincount(kernels.reshape(9, -1).argmax(0), minlength=9)
        assert places.min() > 0
    if mixing == "impulse":
        assert set(np.unique(kernels)) == {0.0, 1.0}


def test_identity_needs_as_many_filters():
    with pytest.raises(ValueError, match=r"filters must be None or 14 with .*identity.* Received: filters=4"):
        make(mixing_initializer="identity")(images(1, 8, 8, 2))


def test_learnable_wavelets_start_as_the_sampled_ones():
    x = images(1, 10, 12, 2) - 0.5
    arguments = {"wavelet": "morlet", "L": 5, "mixing_initializer": "identity", "filters": None}
    layer = make(**arguments, learnable_wavelets=True)
    assert_close(layer(x), make(**arguments)(x))
    names = ["mixing_kernel", "bias", "theta", "xi", "sigma", "slant"]
    assert [weight.name for weight in layer.trainable_weights] == names
    assert [tuple(weight.shape) for weight in layer.trainable_weights[2:]] == [(5,)] * 4


def test_learnable_wavelets_learn():
    """They find the frequency of a teacher's wavelets."""
    x = images(16, 16, 16, 1) - 0.5
    arguments = {"wavelet": "morlet", "L": 2, "mixing_initializer": "identity", "learnable_wavelets": True}
    teacher, student = LocallyInvariantLayer(**arguments), LocallyInvariantLayer(**arguments)
    teacher(x)
    teacher.xi.assign(teacher.xi * 0.9)
    teacher.theta.assign(teacher.theta + 0.2)
    model = keras.Sequential([keras.Input((16, 16, 1)), student])
    student.mixing_kernel.trainable = student.bias.trainable = False
    model.compile(keras.optimizers.Adam(0.02), "mse")
    y = to_numpy(teacher(x)).astype("float32")
    before = model.evaluate(x, y, verbose=0)
    model.fit(x, y, epochs=40, verbose=0)
    assert model.evaluate(x, y, verbose=0) < 0.05 * before


def test_wavelets_of_no_width_stay_finite():
    layer = make(wavelet="morlet", learnable_wavelets=True)
    x = images(1, 8, 8, 1)
    layer(x)
    layer.sigma.assign(layer.sigma * 0)
    layer.slant.assign(layer.slant * -1)
    assert np.isfinite(to_numpy(layer(x))).all()


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"filters": 0}, ValueError, "filters must be an integer >= 1. Received: filters=0"),
        ({"filters": "all"}, TypeError, "filters must be an integer >= 1. Received: filters='all'"),
        (
            {"mixing": "5x5"},
            ValueError,
            "mixing must be one of '1x1', '3x3', 'impulse', 'gaussian', 'random', 'dct'. Received: mixing='5x5'",
        ),
        ({"wavelet": "haar"}, ValueError, "wavelet must be one of 'dtcwt', 'morlet'. Received: wavelet='haar'"),
        ({"strides": 4}, ValueError, "strides must be one of 1, 2. Received: strides=4"),
        ({"biort": "db1"}, ValueError, "biort must be one of 'antonini', 'farras', 'legall', 'near_sym_a'"),
        ({"magnitude_bias": -1}, ValueError, "magnitude_bias must be a number >= 0. Received: magnitude_bias=-1"),
        ({"gain": "high"}, TypeError, "gain must be a number >= 0. Received: gain='high'"),
        ({"L": 0}, ValueError, "L must be an integer from 1 to 100000. Received: L=0"),
        ({"seed": -1}, ValueError, "seed must be an integer from 0 to 4294967295. Received: seed=-1"),
        ({"wavelet_size": 8}, ValueError, "wavelet_size must be odd and from 3 to 15. Received: wavelet_size=8"),
        ({"learnable_wavelets": True}, ValueError, "with learnable_wavelets=True. Received: wavelet='dtcwt'"),
        (
            {"mixing_initializer": "identity", "mixing": "3x3"},
            ValueError,
            'mixing must be "1x1" with mixing_initializer="identity". Received: mixing=\'3x3\'',
        ),
        ({"data_format": "last"}, ValueError, "Received: data_format='last'"),
        ({"strides": True}, ValueError, "strides must be one of 1, 2. Received: strides=True"),
        ({"use_bias": 1}, TypeError, "use_bias must be True or False. Received: use_bias=1"),
        ({"learnable_wavelets": "no"}, TypeError, "learnable_wavelets must be True or False. Received"),
        ({"wavelet": "morlet", "biort": "db1"}, ValueError, "biort must be one of 'antonini'"),
        ({"L": 0, "wavelet_size": 7}, ValueError, "L must be an integer from 1 to 100000. Received: L=0"),
    ],
)
def test_bad_arguments(arguments, error, text):
    with pytest.raises(error) as caught:
        make(**arguments)
    assert text in str(caught.value)


BAD_IMAGES = [
    (np.zeros((1, 1, 8, 1), "float32"), ValueError, "Image height must be at least 2 pixels. Received: Image height=1"),
    *common.BAD_IMAGES[2:],
]


@pytest.mark.parametrize(("image", "error", "text"), BAD_IMAGES)
def test_bad_images(image, error, text):
    common.check_bad_images(make(), image, error, text)


def test_the_number_of_channels_must_be_known():
    with pytest.raises(ValueError, match=r"channels must be known\. Received: input shape \(None, 8, 8, None\)"):
        make().build((None, 8, 8, None))


@pytest.mark.parametrize("mixing", ["1x1", "3x3", "random"])
def test_weights_of_other_shape_are_refused(mixing, tmp_path):
    layer, other = make(mixing=mixing), make(mixing=mixing, filters=5)
    for each in (layer, other):
        each.build((None, 8, 8, 2))
    keras.saving.save_weights(layer, tmp_path / "layer.weights.h5")
    size = 3 if mixing == "3x3" else 1
    with pytest.raises(ValueError) as caught:
        keras.saving.load_weights(other, tmp_path / "layer.weights.h5")
    text = "hold mixing_kernel of shape ({0}, {0}, 14, 5) for this layer. Received: shape ({0}, {0}, 14, 4)"
    assert text.format(size) in str(caught.value)


OTHERS = [
    ({"mixing": "impulse", "seed": 1}, {"mixing": "impulse", "seed": 2}, "seed"),
    ({"mixing": "impulse"}, {"mixing": "random"}, "mixing"),
    ({"biort": "legall"}, {}, "biort"),
    ({"wavelet": "morlet", "L": 6}, {}, "wavelet"),
]


def built(**arguments):
    layer = make(**arguments)
    layer.build((None, 8, 8, 2))
    return layer


@pytest.mark.parametrize(("arguments", "others", "name"), OTHERS)
def test_weights_of_other_arguments_are_refused(arguments, others, name, tmp_path):
    """Fixed kernels are no weights: weights of other ones have the same shapes."""
    layer, other = built(**arguments), built(**others)
    keras.saving.save_weights(layer, tmp_path / "layer.weights.h5")
    keras.saving.load_weights(built(**arguments), tmp_path / "layer.weights.h5")
    before = to_numpy(other.mixing_kernel)
    with pytest.raises(ValueError) as caught:
        keras.saving.load_weights(other, tmp_path / "layer.weights.h5")
    expected, found = str(caught.value).split("Received")
    assert f"{name}={getattr(other, name)!r}" in expected and f"{name}={getattr(layer, name)!r}" in found
    assert np.array_equal(to_numpy(other.mixing_kernel), before)


def test_a_seed_that_draws_nothing_is_not_compared(tmp_path):
    layer, other = built(seed=1), built(seed=2)
    keras.saving.save_weights(layer, tmp_path / "layer.weights.h5")
    keras.saving.load_weights(other, tmp_path / "layer.weights.h5")
    assert np.array_equal(to_numpy(other.mixing_kernel), to_numpy(layer.mixing_kernel))


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_another_number_of_channels_is_refused(data_format):
    layer = make(data_format=data_format)
    shapes = [(1, 8, 8, c) if data_format == "channels_last" else (1, c, 8, 8) for c in (2, 3)]
    layer(images(*shapes[0]))
    with pytest.raises(ValueError, match=r"to have value 2, but received input with shape \(1, .*3"):
        layer(images(*shapes[1]))


def test_no_channels_are_refused():
    with pytest.raises(ValueError, match=r"channels must be at least 1\. Received: input shape \(1, 8, 8, 0\)"):
        make()(np.zeros((1, 8, 8, 0), "float32"))


@pytest.mark.parametrize("arguments", [{}, {"mixing": "3x3", "strides": 1}, {"wavelet": "morlet"}], ids=str)
def test_an_empty_batch_gives_an_empty_one(arguments):
    layer, shape = make(**arguments), (0, 9, 12, 2)
    assert layer(np.zeros(shape, "float32")).shape == layer.compute_output_shape(shape)


def test_data_formats_agree():
    x = images(2, 9, 12, 3)
    last, first = make(mixing="3x3"), make(mixing="3x3", data_format="channels_first")
    expected = last(x)
    first.build((None, 3, 9, 12))
    first.set_weights(last.get_weights())
    assert_close(ops.transpose(first(np.transpose(x, (0, 3, 1, 2))), (0, 2, 3, 1)), expected)
    assert first.compute_output_shape((None, 3, 9, None)) == (None, 4, 5, None)


@pytest.mark.parametrize("policy", ["float32", "mixed_float16", "mixed_bfloat16", "float16"])
def test_dtype_policies(policy):
    common.check_dtype_policy(lambda **kw: make(mixing_initializer="identity", filters=None, **kw), policy)


def test_nan_stays_nan():
    common.check_nan_stays_nan(lambda: make(mixing="3x3"))


def test_integers_are_cast_unscaled():
    common.check_integers_are_cast_unscaled(lambda: make(mixing_initializer="identity", filters=None))


@pytest.mark.parametrize("arguments", [{"wavelet": "dtcwt", "strides": 1}, {"wavelet": "morlet", "mixing": "dct"}])
def test_sizes_change_from_batch_to_batch(arguments):
    layer = make(**arguments)
    model = keras.Sequential([keras.Input((None, None, 2)), layer, keras.layers.GlobalAveragePooling2D()])
    assert layer.output.shape == (None, None, None, 4)
    model.compile(keras.optimizers.SGD(0.0), "mse")
    for height, width in [(8, 12), (9, 5)]:
        x = images(3, height, width, 2)
        assert_close(model.predict(x, verbose=0), to_numpy(layer(x)).mean((1, 2)))
        assert np.isfinite(model.fit(x, np.zeros((3, 4)), verbose=0).history["loss"]).all()


VARIANTS = [
    *({"mixing": mixing} for mixing in MIXINGS),
    {"strides": 1, "magnitude_bias": 0},
    {"wavelet": "morlet", "L": 2, "learnable_wavelets": True, "magnitude_bias": 0, "activation": "sigmoid"},
]


@pytest.mark.parametrize("arguments", VARIANTS, ids=str)
def test_gradients(arguments, float64):
    """Of images and of all weights, equal to central differences; finite for a zero image."""
    generator = np.random.default_rng(0)
    x = generator.random((1, 6, 7, 2))
    layer = make(**arguments, filters=3, dtype="float64")
    common.check_gradient(layer, x)
    common.check_gradient_is_finite(layer, np.zeros_like(x))
    common.check_weight_gradients(layer, x)


def test_all_weights_get_finite_gradients_on_a_zero_image():
    layer = make(wavelet="morlet", learnable_wavelets=True, magnitude_bias=0)
    x = np.zeros((1, 8, 8, 1), "float32")
    found = weight_gradients(layer, x, np.ones(layer(x).shape, "float32"))
    assert len(found) == 6 and all(np.isfinite(part).all() for part in found)


def test_regularizers_and_constraints_are_used():
    layer = make(
        mixing_regularizer="l2", bias_regularizer="l1", activity_regularizer="l2", mixing_constraint="non_neg",
        bias_constraint="max_norm",
    )  # fmt: skip
    layer(images(1, 8, 8, 1))
    assert len(layer.losses) == 3
    assert isinstance(layer.mixing_kernel.constraint, keras.constraints.NonNeg)
    assert isinstance(layer.bias.constraint, keras.constraints.MaxNorm)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"mixing": "random", "seed": 3, "strides": 1, "activation": "relu", "use_bias": False},
        {"wavelet": "morlet", "L": 4, "wavelet_size": 9, "learnable_wavelets": True, "gain": 2.0},
        {"filters": None, "mixing_initializer": "identity", "biort": "legall", "data_format": "channels_first"},
        {"mixing_regularizer": "l2", "mixing_constraint": "non_neg", "mixing_initializer": "he_normal"},
    ],
    ids=str,
)
def test_the_config_makes_the_same_layer(arguments):
    layer = make(**arguments, name="mixed", dtype="mixed_float16")
    again = LocallyInvariantLayer.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    for name, value in arguments.items():
        if isinstance(value, (int, float)) or name in ("mixing", "wavelet", "biort", "data_format", "filters"):
            assert getattr(again, name) == value

"""Layers survive their way into files: `.keras`, weights, SavedModel and LiteRT give the same numbers."""

import json

import keras
import numpy as np
import pytest
from compare import BACKEND, assert_close, images, to_numpy

from keras_scatter import layers
from keras_scatter.deployment import runtimes
from keras_scatter.functional import image_bank
from keras_scatter.layers import (
    DTCWT,
    ComplexModulusConv,
    DTCWTScattering,
    InverseDTCWT,
    LocallyInvariantLayer,
    NonExpansive,
    ScatteringFFT,
)

pytestmark = pytest.mark.keras_version

tensorflow_only = pytest.mark.skipif(BACKEND != "tensorflow", reason="this format is exported with TensorFlow")


@keras.saving.register_keras_serializable(package="keras_scatter_tests")
class Ramp(keras.initializers.Initializer):
    """A user's own initializer."""

    def __init__(self, scale=1.0):
        self.scale = scale

    def __call__(self, shape, dtype=None):
        values = np.linspace(-self.scale, self.scale, int(np.prod(shape))).reshape(shape)
        return keras.ops.convert_to_tensor(values, dtype)

    def get_config(self):
        return {"scale": self.scale}


LAYERS = {
    "exact": lambda: ScatteringFFT(J=2, L=4, order=2),
    "exact_zeros": lambda: ScatteringFFT(J=3, L=2, order=1, padding="zeros"),
    "exact_channels_first": lambda: ScatteringFFT(J=2, L=4, data_format="channels_first"),
    "signals": lambda: layers.ScatteringFFT1D(J=3, Q=(4, 2), T=5.5, order=3),
    "signals_zeros": lambda: layers.ScatteringFFT1D(J=4, stride=2, padding="zeros", data_format="channels_first"),
    "signals_global": lambda: layers.ScatteringFFT1D(J=3, T="global", paths=layers.ScatteringFFT1D(J=3).paths[::2]),
    "time_frequency": lambda: layers.TimeFrequencyScattering(3, 1, 2, Q_fr=2, order_1=False),
    "joint": lambda: layers.TimeFrequencyScattering(3, 1, 2, F=2, format="joint", data_format="channels_first"),
    "volumes": lambda: layers.HarmonicScattering3D(J=1, L=1, order_0=True, chunk_size=1),
    "volumes_local": lambda: layers.HarmonicScattering3D(1, 1, 0.8, 1, [1], "local", data_format="channels_first"),
    "covariance": lambda: layers.ScatteringCovariance2D(J=2, L=3, reduction="harmonic", chunk_size=1),
    "covariance_cross": lambda: layers.ScatteringCovariance2D(2, 2, "bump", cross=True, data_format="channels_first"),
    "spectra": lambda: layers.ScatteringSpectra1D(J=3, chunk_size=1),
    "spectra_cross": lambda: layers.ScatteringSpectra1D(3, "morlet", "scale", cross=True, data_format="channels_first"),
    "dual_tree_1": lambda: DTCWTScattering(J=1, biort="near_sym_b_bp"),
    "dual_tree_2": lambda: DTCWTScattering(J=2, magnitude_bias=0.1, data_format="channels_first"),
    "mixed_1x1": lambda: LocallyInvariantLayer(5, mixing_constraint=NonExpansive(2.0), activation="relu"),
    "mixed_3x3": lambda: LocallyInvariantLayer(9, "3x3", strides=1, mixing_regularizer="l2"),
    "mixed_impulse": lambda: LocallyInvariantLayer(5, "impulse", seed=7, data_format="channels_first"),
    "mixed_gaussian": lambda: LocallyInvariantLayer(5, "gaussian", "morlet", L=4),
    "mixed_random": lambda: LocallyInvariantLayer(5, "random", use_bias=False),
    "mixed_dct": lambda: LocallyInvariantLayer(5, "dct", "morlet", L=4, learnable_wavelets=True),
    "faithful_1": lambda: ComplexModulusConv(order=1),
    "faithful_2": lambda: ComplexModulusConv(L=4, order=2),
    "faithful_J3": lambda: ComplexModulusConv(L=2, J=3, order=3),
    "faithful_kernels": lambda: ComplexModulusConv(L=4, kernel_size=(9, 7, 7), lowpass_filters=3),
    "faithful_channels_first": lambda: ComplexModulusConv(L=4, data_format="channels_first"),
    "paper": lambda: ComplexModulusConv(design="paper"),
    "paper_not_shared": lambda: ComplexModulusConv(L=4, design="paper", share_filters=False),
    "keras_initializer": lambda: ComplexModulusConv(L=4, kernel_initializer=keras.initializers.HeNormal(seed=3)),
    "custom_initializer": lambda: ComplexModulusConv(L=4, design="paper", kernel_initializer=Ramp(0.1)),
}

each_layer = pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
OTHERS = ("exact", "signals", "time_frequency", "joint", "volumes", "covariance", "spectra", "dual_tree", "mixed")
DISTILLED = {name: make for name, make in LAYERS.items() if not name.startswith(OTHERS)}
each_distilled = pytest.mark.parametrize("make", DISTILLED.values(), ids=DISTILLED)
# Those whose programs differ: what an argument changes otherwise is the same in a file. More are in test_exporting.py.
SERVED = ["exact_zeros", "signals_zeros", "signals_global", "joint", "volumes_local", "covariance", "spectra_cross"]
SERVED += ["dual_tree_2", "mixed_3x3", "mixed_dct", "faithful_J3", "faithful_channels_first", "paper_not_shared"]
ON_DEVICE = ["faithful_J3", "faithful_kernels", "faithful_channels_first", "paper", "paper_not_shared"]


def input_shape(layer, channels=2, size=(16, 20)):
    """The shape of an image, of a signal that is as long as it is high, or of a small volume."""
    size = {1: size[:1], 2: size, 3: (6, 7, 8)}[layer.rank]
    return (channels, *size) if layer.data_format == "channels_first" else (*size, channels)


def model_of(layer, shape=None):
    """The layer in a model; filters are changed, so that a file that lacks them cannot give the right numbers."""
    model = keras.Sequential([keras.Input(shape or input_shape(layer)), layer])
    generator = np.random.default_rng(1)
    layer.set_weights([weight * generator.uniform(0.5, 1.5, weight.shape) for weight in layer.get_weights()])
    return model


def bytes_in(path):
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())


@each_layer
def test_a_keras_file_gives_the_same_layer(make, tmp_path):
    model = model_of(make())
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded.layers[0]) is type(model.layers[0])
    # As JSON, which has no tuples.
    assert json.dumps(loaded.layers[0].get_config()) == json.dumps(model.layers[0].get_config())
    assert getattr(loaded.layers[0], "paths", None) == getattr(model.layers[0], "paths", None)
    x = images(2, *model.input_shape[1:])
    assert_close(loaded(x), model(x), 1e-6)


@each_layer
def test_a_weights_file_gives_the_same_numbers(make, tmp_path):
    model = model_of(make())
    model.save_weights(tmp_path / "model.weights.h5")
    other = keras.Sequential([keras.Input(model.input_shape[1:]), make()])
    x = images(2, *model.input_shape[1:])
    if model.weights:
        assert np.max(np.abs(to_numpy(other(x)) - to_numpy(model(x)))) > 1e-3
    other.load_weights(tmp_path / "model.weights.h5")
    assert_close(other(x), model(x), 1e-6)


@each_distilled
def test_a_weights_file_of_a_bare_layer(make, tmp_path):
    layer, other = make(), make()
    x = images(2, *input_shape(layer))
    model_of(layer)
    other.build((None, *input_shape(layer)))
    keras.saving.save_weights(layer, tmp_path / "layer.weights.h5")
    keras.saving.load_weights(other, tmp_path / "layer.weights.h5")
    assert_close(other(x), layer(x), 1e-6)


def test_a_keras_file_does_not_hold_the_wavelets(tmp_path):
    model_of(ScatteringFFT(J=3), shape=(224, 224, 3)).save(tmp_path / "model.keras")
    assert (tmp_path / "model.keras").stat().st_size < 100e3


@tensorflow_only
@pytest.mark.parametrize("name", SERVED)
def test_a_saved_model_serves_the_same_numbers(name, tmp_path):
    model = model_of(LAYERS[name]())
    served = export_saved_model(model, tmp_path)
    for batch in (1, 3):
        x = images(batch, *model.input_shape[1:], seed=batch)
        assert_close(served.serve(x), model(x))


@pytest.mark.skipif(BACKEND != "jax", reason="with TensorFlow all layers are tested")
@pytest.mark.parametrize("name", ["exact", "signals", "signals_global", "volumes", "joint"])
def test_a_saved_model_made_with_jax_serves_the_same_numbers(name, tmp_path):
    model = model_of(LAYERS[name]())
    served = export_saved_model(model, tmp_path)
    for batch in (1, 3):
        x = images(batch, *model.input_shape[1:], seed=batch)
        assert_close(np.asarray(served.serve(x)), model(x))


@tensorflow_only
@pytest.mark.parametrize(
    ("layer", "arguments", "dtype"),
    [
        (ScatteringFFT, {"J": 1, "L": 2, "order": 1}, "mixed_float16"),
        (ScatteringFFT, {"J": 1, "L": 2, "order": 1}, "float64"),
        (ComplexModulusConv, {"L": 2, "order": 1}, "mixed_bfloat16"),
        (ComplexModulusConv, {"L": 2, "order": 1}, "float64"),
        (DTCWTScattering, {"J": 1}, "mixed_float16"),
        (LocallyInvariantLayer, {"mixing": "3x3"}, "mixed_bfloat16"),
    ],
)
def test_a_saved_model_keeps_the_dtype(layer, arguments, dtype, tmp_path):
    model = model_of(layer(**arguments, dtype=dtype))
    served = export_saved_model(model, tmp_path)
    x = images(2, *model.input_shape[1:])
    expected = keras.ops.cast(model(x), "float64")
    assert keras.backend.standardize_dtype(served.serve(x).dtype) == model.layers[0].compute_dtype
    assert_close(keras.ops.cast(served.serve(x), "float64"), expected, 1e-2 if dtype.startswith("mixed") else 1e-6)


@tensorflow_only
@pytest.mark.parametrize("name", ["faithful_1", "paper", "dual_tree_1", "mixed_dct"])
def test_a_saved_model_of_any_image_size(name, tmp_path):
    model = model_of(LAYERS[name](), shape=(None, None, 1))
    served = export_saved_model(model, tmp_path)
    for size in ((16, 16), (21, 34)):
        x = images(2, *size, 1)
        assert_close(served.serve(x), model.layers[0](x))


def transform_and_back(**arguments):
    inputs = keras.Input((17, 22, 2))
    low, high = DTCWT(2, **arguments)(inputs)
    return keras.Model(inputs, [low, *high[0], *high[1], InverseDTCWT(**arguments)((low, high), size=(17, 22))])


def test_a_keras_file_gives_the_same_transform_and_inverse(tmp_path):
    model = transform_and_back(biort="near_sym_b", qshift="qshift_c")
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    x = images(2, 17, 22, 2)
    for found, expected in zip(loaded(x), model(x), strict=True):
        assert_close(found, expected, 1e-6)
    assert_close(loaded(x)[-1], x)


@tensorflow_only
def test_a_saved_model_serves_the_same_transform_and_inverse(tmp_path):
    model = transform_and_back(biort="near_sym_b_bp", qshift="qshift_b_bp")
    served = export_saved_model(model, tmp_path)
    x = images(3, 17, 22, 2)
    for found, expected in zip(served.serve(x), model(x), strict=True):
        assert_close(found, expected)


@tensorflow_only
@pytest.mark.parametrize("name", ["exact", "faithful_1"])
def test_nan_in_a_served_result_would_be_seen(name, tmp_path):
    model = model_of(LAYERS[name]())
    served = export_saved_model(model, tmp_path)
    x = images(2, *model.input_shape[1:])
    expected = model(x)
    assert np.isfinite(served.serve(x)).all()
    x[1, 0, 0, 0] = np.nan
    found = served.serve(x)
    assert np.isnan(found[1]).any() and np.isfinite(found[0]).all()
    with pytest.raises(AssertionError, match="nan"):
        assert_close(found, expected)
    with pytest.raises(AssertionError, match="nothing"):
        assert_close(found[:0], expected[:0])


@tensorflow_only
@pytest.mark.parametrize("output", ["modulus", "wavelet"])
def test_a_saved_model_has_outputs_by_name(output, tmp_path):
    layer = ScatteringFFT(J=2, L=2, output=output)

    def named(maps):
        """By string; pairs as two outputs, because a signature holds no nested ones."""
        flat = ((path.name, keras.tree.flatten(parts)) for path, parts in maps.items())
        return {f"{name}_{part}": array for name, arrays in flat for part, array in zip(("real", "imag"), arrays)}

    inputs = keras.Input((16, 16, 1))
    served = export_saved_model(keras.Model(inputs, named(layer(inputs))), tmp_path)
    x = images(2, 16, 16, 1)
    found, expected = served.serve(x), named(layer(x))
    assert set(found) == set(expected) and expected
    for name, maps in expected.items():
        assert_close(found[name], maps)


# The bank of wavelets once, in float32, is 0.10 MB and 5.4 MB: these sizes leave no room for a second one. That of the
# last row, 4.7 MB, is taken for a large one, whose factors are kept instead.
@tensorflow_only
@pytest.mark.parametrize(
    ("size", "J", "order", "large", "limit"),
    [(32, 2, 2, image_bank.CONSTANT, 0.42e6), (224, 3, 1, image_bank.CONSTANT, 8e6), (256, 2, 1, 2**20, 3e6)],
)
def test_a_saved_model_holds_the_wavelets_once(size, J, order, large, limit, tmp_path, monkeypatch):
    monkeypatch.setattr(image_bank, "CONSTANT", large)
    model = model_of(ScatteringFFT(J=J, order=order), shape=(size, size, 1))
    served = export_saved_model(model, tmp_path)
    assert bytes_in(tmp_path) < limit
    x = images(1, size, size, 1)
    assert_close(served.serve(x), model(x))


@tensorflow_only
@pytest.mark.parametrize("name", ON_DEVICE)
def test_litert_runs_the_distilled_layer_with_built_in_operations(name, tmp_path):
    model = model_of(LAYERS[name]())
    run = export_litert(model, tmp_path / "model.tflite")
    for batch in (1, 4):
        x = images(batch, *model.input_shape[1:], seed=batch)
        assert_close(run(x), model(x))


@tensorflow_only
@pytest.mark.parametrize("name", ["faithful_1"])
def test_litert_gives_zero_for_a_zero_image(name, tmp_path):
    model = model_of(LAYERS[name]())
    run = export_litert(model, tmp_path / "model.tflite")
    # A modulus of zero is the root of the smallest number, 1e-19.
    assert np.abs(run(np.zeros((1, *model.input_shape[1:]), "float32"))).max() < 1e-18


def export_saved_model(model, folder):
    import tensorflow as tf

    model.export(str(folder / "saved_model"), verbose=False)
    return tf.saved_model.load(str(folder / "saved_model"))


def export_litert(model, path):
    """Export without our switches, with built-in operations only; returns a function of a batch."""
    import tensorflow as tf

    built_in = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}
    model.export(str(path), format="litert", verbose=False, target_spec=built_in)
    run = runtimes.LiteRT(path)
    return lambda x: run(x)[0]

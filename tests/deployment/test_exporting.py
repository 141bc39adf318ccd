"""Exported files give the numbers of Keras in their own runtimes, or are not there."""

import json
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest
from compare import BACKEND, assert_close, images, to_numpy

import keras_scatter
from keras_scatter import layers
from keras_scatter.deployment import exporting, formats, runtimes
from keras_scatter.deployment.exporting import report_path

RUNTIME = {"onnx": "onnxruntime", "openvino": "openvino", "litert": "ai_edge_litert"}
NEEDED = {"onnx": {"tensorflow": "tf2onnx", "torch": "onnxscript"}}
ENDINGS = {"saved_model": "", "onnx": ".onnx", "litert": ".tflite", "openvino": ".xml", "torch": ".pt2"}
WRITTEN = [name for name, one in formats.FORMATS.items() if BACKEND in one.backends]
MODELS = {
    "images": (lambda: layers.ScatteringFFT(J=2, L=2, order=2), (8, 12, 2)),
    "images_first": (lambda: layers.ScatteringFFT(J=1, L=2, order=1, data_format="channels_first"), (2, 8, 12)),
    "signals": (lambda: layers.ScatteringFFT1D(J=2), (48, 1)),
    "volumes": (lambda: layers.HarmonicScattering3D(J=1, L=1, sigma_0=0.4), (5, 6, 7, 1)),
    "time_frequency": (lambda: layers.TimeFrequencyScattering(3, 1, 1), (48, 1)),
    "distilled": (lambda: layers.ComplexModulusConv(L=2, order=2), (8, 12, 1)),
    "dual_tree": (lambda: layers.DTCWTScattering(J=2), (16, 24, 1)),
    "mixed": (lambda: layers.LocallyInvariantLayer(5, "3x3"), (12, 16, 2)),
}
tensorflow_only = pytest.mark.skipif(BACKEND != "tensorflow", reason="needs a format that TensorFlow writes")


def model_of(name):
    make, shape = MODELS[name]
    return keras.Sequential([keras.Input(shape), make()])


def skip_without_runtime(format):
    for module in (RUNTIME.get(format), NEEDED.get(format, {}).get(BACKEND)):
        if module:
            pytest.importorskip(module)


# Every layer in one format of the backend, the others with two layers: `benchmarks/exports.py` has the whole table.
THOROUGH = {"tensorflow": "litert", "jax": "saved_model", "torch": "torch"}[BACKEND]
CASES = [(name, form) for name in MODELS for form in WRITTEN if form == THOROUGH or name in ("images", "distilled")]


@pytest.mark.parametrize(("name", "format"), CASES)
def test_files_give_the_numbers_of_keras(name, format, tmp_path):
    skip_without_runtime(format)
    model = model_of(name)
    path = tmp_path / f"model{ENDINGS[format]}"
    report = keras_scatter.export(model, path)
    assert report["format"] == format
    assert report["error"] <= 1e-5 and report["relative_rms"] <= 1e-5
    assert report == json.loads(report_path(path).read_text())
    kinds = report["operators"]
    assert kinds and sum(kinds.values()) > 3
    assert not [kind for kind in kinds if "Flex" in kind]
    exact = name in ("images", "images_first", "signals", "volumes", "time_frequency")
    assert report["by_products"] == ([model.layers[0].name] if exact and format in RUNTIME else [])
    if report["by_products"]:
        assert not [
            kind for kind in kinds if any(word in kind.upper() for word in ("FFT", "DFT", "COMPLEX", "LOOP", "WHILE"))
        ]
    # The report is not believed, but looked at: other inputs, and another batch size.
    x = images(2, *model.input_shape[1:], seed=7)
    assert_close(formats.FORMATS[format].runtime(path)(x)[0], model(x))
    assert sorted(part.name for part in tmp_path.iterdir()) == sorted(
        [path.name, f"{path.name}.json", *["model.bin"] * (format == "openvino")]
    )


@pytest.mark.parametrize("format", [THOROUGH])
def test_nested_outputs_become_one_list(format, tmp_path):
    skip_without_runtime(format)
    inputs = keras.Input((16, 24, 1))
    model = keras.Model(inputs, layers.DTCWT(levels=2)(inputs))
    path = tmp_path / f"model{ENDINGS[format]}"
    assert keras_scatter.export(model, path)["error"] <= 1e-5
    x = images(2, 16, 24, 1, seed=7)
    found, expected = formats.FORMATS[format].runtime(path)(x), keras.tree.flatten(model(x))
    assert len(found) == len(expected) == 5
    for pair in zip(found, expected):
        assert_close(*pair)


# The sizes and bounds are those that the documentation gives.
@tensorflow_only
@pytest.mark.parametrize(
    ("format", "size", "J", "order", "limit"),
    [("litert", 32, 2, 2, 2e6), ("onnx", 32, 2, 2, 2e6), ("litert", 224, 3, 1, 20e6)],
)
def test_exact_files_are_small(format, size, J, order, limit, tmp_path):
    skip_without_runtime(format)
    layer = layers.ScatteringFFT(J=J, order=order)
    report = keras_scatter.export(layer, tmp_path / f"exact{ENDINGS[format]}", input_shape=(None, size, size, 1))
    assert report["error"] <= 1e-5
    assert report["bytes"] <= limit
    assert report["seconds"] <= 60
    assert len(report["errors_by_order"]) == order + 1 and max(report["errors_by_order"]) <= 1e-5
    assert sum(report["operators"].values()) <= 400


@pytest.mark.parametrize("format", [{"tensorflow": "litert", "jax": "saved_model", "torch": "onnx"}[BACKEND]])
@pytest.mark.parametrize("fails", [False, True])
def test_the_model_is_left_as_it_was(format, fails, tmp_path, monkeypatch):
    skip_without_runtime(format)
    layer = layers.ScatteringFFT(J=1, L=2, order=1)
    inputs = keras.Input((8, 12, 1))
    inner = keras.Model(inputs, keras.layers.Conv2D(3, 1)(layer(inputs)))
    model = keras.Sequential(
        [keras.Input((8, 12, 1)), inner, keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2)]
    )
    x = images(2, 8, 12, 1)
    config, weights, before = model.get_config(), model.get_weights(), to_numpy(model(x))
    compiled = model.predict(x, verbose=0)
    if fails:
        monkeypatch.setitem(exporting.TOLERANCE, "float32", -1.0)
        with pytest.raises(ValueError, match=r"was removed: its error must be at most -1. Received: "):
            keras_scatter.export(model, tmp_path / f"model{ENDINGS[format]}")
        assert list(tmp_path.iterdir()) == []
    else:
        report = keras_scatter.export(model, tmp_path / f"model{ENDINGS[format]}")
        assert report["by_products"] == ([] if format == "saved_model" else [layer.name])
        assert report["errors_by_order"] is None
    assert model.get_config() == config and layer.fft == "auto"
    assert layer.chunk_size is None and not layer._by_products
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), weights))
    assert np.array_equal(to_numpy(model(x)), before)
    assert np.array_equal(model.predict(x, verbose=0), compiled)


@keras.saving.register_keras_serializable(package="keras_scatter_tests")
class Spectrum(keras.layers.Layer):
    """What LiteRT has no operation for."""

    def call(self, x):
        return keras.ops.fft((x, keras.ops.zeros_like(x)))[0]


@tensorflow_only
def test_what_cannot_be_written_leaves_nothing_behind(tmp_path):
    with pytest.raises(RuntimeError, match=r"model.tflite could not be written: \w+"):
        keras_scatter.export(Spectrum(), tmp_path / "model.tflite", input_shape=(None, 8))
    assert list(tmp_path.iterdir()) == []


@tensorflow_only
def test_what_the_runtime_refuses_is_removed(tmp_path):
    """The ONNX exporter writes complex numbers without complaint."""
    skip_without_runtime("onnx")
    with pytest.raises(RuntimeError, match=r"model.onnx (was removed: ONNX Runtime refuses it|could not be written)"):
        keras_scatter.export(Spectrum(), tmp_path / "model.onnx", input_shape=(None, 8))
    assert list(tmp_path.iterdir()) == []


@tensorflow_only
def test_nan_is_no_small_error(tmp_path):
    nan = keras.layers.Rescaling(float("nan"))
    with pytest.raises(ValueError, match=r"its error must be at most 1e-05. Received: nan"):
        keras_scatter.export(nan, tmp_path / "model.tflite", input_shape=(None, 8))
    assert list(tmp_path.iterdir()) == []


@tensorflow_only
def test_a_fixed_batch_and_sizes_that_the_model_leaves_open(tmp_path):
    model = keras.Sequential([keras.Input((None, None, 1)), layers.ScatteringFFT(J=1, L=2, order=1)])
    report = keras_scatter.export(model, tmp_path / "model.tflite", input_shape=(2, 8, 12, 1))
    assert report["input_shape"] == [2, 8, 12, 1] and list(report["milliseconds"]) == ["2"]
    x = images(2, 8, 12, 1)
    assert_close(runtimes.LiteRT(tmp_path / "model.tflite")(x)[0], model(x))
    with pytest.raises(ValueError, match="input_shape must give all sizes but the batch for format 'litert'"):
        keras_scatter.export(model, tmp_path / "other.tflite")


@tensorflow_only
def test_several_outputs_keep_their_order(tmp_path):
    """More than ten, whose names are not sorted as their numbers are."""
    skip_without_runtime("onnx")
    inputs = keras.Input((6,))
    model = keras.Model(inputs, [inputs * scale for scale in range(1, 13)])
    for path in ("model.tflite", "model.onnx", "model"):
        assert keras_scatter.export(model, tmp_path / path)["error"] <= 1e-6


@tensorflow_only
def test_unverified_files_are_not_run(tmp_path, monkeypatch):
    monkeypatch.setitem(exporting.TOLERANCE, "float32", 0.0)
    layer = layers.ScatteringFFT(J=1, L=2, order=1)
    report = keras_scatter.export(layer, tmp_path / "m.tflite", input_shape=(None, 8, 8, 1), verify=False)
    assert "error" not in report and (tmp_path / "m.tflite").stat().st_size == report["bytes"]


@tensorflow_only
@pytest.mark.parametrize("path", ["model.tflite", "model"])
def test_nothing_is_replaced_unasked(path, tmp_path):
    layer = layers.ComplexModulusConv(L=2, order=1)
    model = keras.Sequential([keras.Input((8, 8, 1)), layer])
    keras_scatter.export(model, tmp_path / path)
    with pytest.raises(FileExistsError, match=r"path must be free, or overwrite be True. Received: .*, which exists"):
        keras_scatter.export(model, tmp_path / path)
    layer.set_weights([2 * weight for weight in layer.get_weights()])
    keras_scatter.export(model, tmp_path / path, overwrite=True)
    x = images(1, 8, 8, 1)
    run = formats.FORMATS["litert" if path.endswith("tflite") else "saved_model"].runtime
    assert_close(run(tmp_path / path)(x)[0], model(x))


@tensorflow_only
def test_a_folder_with_other_files_is_left_alone(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "thesis.txt").write_text("years of work")
    layer = layers.ComplexModulusConv(L=2, order=1)
    with pytest.raises(FileExistsError, match="other files"):
        keras_scatter.export(layer, tmp_path / "model", input_shape=(None, 8, 8, 1), overwrite=True)
    assert (tmp_path / "model" / "thesis.txt").exists()


@tensorflow_only
@pytest.mark.parametrize("quantize", exporting.QUANTISATIONS)
def test_quantised_files_of_the_distilled_layer(quantize, tmp_path):
    model = keras.Sequential([keras.Input((32, 32, 1)), layers.ComplexModulusConv(L=4, order=2)])
    x = images(8, 32, 32, 1)
    calibration = x if quantize == "int8" else None
    report = keras_scatter.export(model, tmp_path / "small.tflite", quantize=quantize, calibration=calibration)
    assert 0 < report["relative_rms"] <= {"float16": 1e-3, "dynamic_int8": 1e-2, "int8": 5e-2}[quantize]
    found = runtimes.LiteRT(tmp_path / "small.tflite")(x[:2])[0]
    assert found.std(axis=(0, 1, 2)).min() > 0  # no feature is constant


@tensorflow_only
@pytest.mark.parametrize("fft", ["native", "matmul"])
def test_a_saved_model_is_plain_tensorflow(fft, tmp_path):
    """It loads where this package is not; by products it needs no XLA."""
    model = keras.Sequential([keras.Input((12, 16, 1)), layers.ScatteringFFT(J=1, L=2, order=2, fft=fft)])
    report = keras_scatter.export(model, tmp_path / "model")
    x = images(3, 12, 16, 1)
    np.save(tmp_path / "x.npy", x)
    code = """
import sys
sys.modules["keras_scatter"] = sys.modules["keras"] = None
import numpy as np, tensorflow as tf
loaded = tf.saved_model.load("model")
np.save("y.npy", loaded.serve(np.load("x.npy")))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert_close(np.load(tmp_path / "y.npy"), model(x))
    is_plain = not [kind for kind in report["operators"] if "FFT" in kind or "Complex" in kind or "Xla" in kind]
    content = (tmp_path / "model" / "saved_model.pb").read_bytes()
    assert (b"_XlaMustCompile" not in content and is_plain) == (fft == "matmul")


@tensorflow_only
@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: layers.ScatteringFFT1D(J=2, fft="matmul"), (48, 1)),
        (lambda: layers.HarmonicScattering3D(J=1, L=1, sigma_0=0.4, fft="matmul"), (5, 6, 7, 1)),
        (lambda: layers.TimeFrequencyScattering(3, 1, 1, fft="matmul"), (48, 1)),
    ],
    ids=["signals", "volumes", "time_frequency"],
)
def test_a_saved_model_by_products_needs_no_xla(make, shape, tmp_path):
    report = keras_scatter.export(make(), tmp_path / "model", input_shape=(None, *shape))
    assert b"_XlaMustCompile" not in (tmp_path / "model" / "saved_model.pb").read_bytes()
    assert not [kind for kind in report["operators"] if "FFT" in kind or "Complex" in kind or "Xla" in kind]


LAYER = layers.ComplexModulusConv(L=2, order=1)
SHAPE = {"input_shape": (None, 8, 8, 1)}
BAD = {
    "no_model": ({"model": 3}, TypeError, "model must be a Keras model or a layer. Received: model=3"),
    "ending": ({"path": "m.hdf"}, ValueError, "path must have an ending that tells the format"),
    "format": ({"format": "coreml"}, ValueError, "format must be one of 'saved_model', 'onnx', 'litert'"),
    "other_ending": ({"path": "m.onnx", "format": "litert"}, ValueError, "path must end in .tflite"),
    "no_ending": ({"path": "m", "format": "litert"}, ValueError, "path must end in .tflite"),
    "no_shape": ({"input_shape": None}, ValueError, "input_shape must be given for a layer"),
    "short_shape": ({"input_shape": (8,)}, TypeError, "input_shape must be a tuple of the batch, None for any, and"),
    "size": ({"input_shape": (None, 8, 0, 1)}, ValueError, "input_shape must be an integer >= 1. Received"),
    "quantize": ({"quantize": "int4"}, ValueError, "quantize must be one of 'float16', 'dynamic_int8', 'int8'"),
    "calibration": (
        {"quantize": "int8"},
        ValueError,
        'calibration must be an array of typical inputs for quantize="int8"',
    ),
    "calibration_shape": (
        {"quantize": "int8", "calibration": np.zeros((2, 8, 9, 1))},
        ValueError,
        r"calibration must be finite inputs of shape \(None, 8, 8, 1\), one at least. Received: shape \(2, 8, 9, 1\)",
    ),
    "no_calibration": ({"quantize": "int8", "calibration": np.zeros((0, 8, 8, 1))}, ValueError, "one at least"),
    "nan": ({"quantize": "int8", "calibration": np.full((2, 8, 8, 1), np.nan)}, ValueError, "finite inputs"),
    "verify": ({"verify": "yes"}, TypeError, "verify must be True or False"),
    "overwrite": ({"overwrite": 1}, TypeError, "overwrite must be True or False"),
}


@tensorflow_only
@pytest.mark.parametrize(("arguments", "error", "text"), BAD.values(), ids=BAD)
def test_bad_arguments(arguments, error, text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=text):
        keras_scatter.export(**({"model": LAYER, "path": "m.tflite"} | SHAPE | arguments))
    assert list(tmp_path.iterdir()) == []


@tensorflow_only
@pytest.mark.parametrize(
    ("layer", "shape", "text"),
    [
        (layers.ScatteringFFT(J=1, fft="native"), (None, 8, 8, 1), 'must be "auto" or "matmul" for format \'litert\''),
        (layers.ScatteringCovariance2D(J=1, L=2), (None, 16, 16, 1), "for a model with ScatteringCovariance2D, which"),
    ],
)
def test_layers_without_products(layer, shape, text, tmp_path):
    with pytest.raises(ValueError, match=text):
        keras_scatter.export(layer, tmp_path / "m.tflite", input_shape=shape)


def test_a_backend_that_lacks_the_format_is_named(tmp_path):
    missing = [name for name in formats.FORMATS if name not in WRITTEN]
    assert missing
    for name in missing:
        others = " or ".join(formats.FORMATS[name].backends)
        with pytest.raises(ValueError, match=f"format '{name}' needs the backend {others}"):
            keras_scatter.export(LAYER, tmp_path / f"m{ENDINGS[name]}", **SHAPE)


@tensorflow_only
def test_a_missing_runtime_is_named_with_its_install_line(tmp_path, monkeypatch):
    pytest.importorskip("tf2onnx")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ImportError, match=r"onnxruntime is needed here .* pip install 'keras_scatter\[onnx\]'"):
        keras_scatter.export(LAYER, tmp_path / "m.onnx", **SHAPE)
    assert list(tmp_path.iterdir()) == []


def test_the_report_lies_beside_the_file():
    assert report_path("some/m.onnx") == pathlib.Path("some/m.onnx.json")

import json

import keras
import numpy as np
import pytest
from compare import BACKEND, images

from keras_scatter.cli import main
from keras_scatter.layers import ComplexModulusConv, ScatteringFFT

pytestmark = pytest.mark.skipif(BACKEND != "tensorflow", reason="writes formats of TensorFlow")


@pytest.fixture
def model(tmp_path):
    """A saved model of any size."""
    path = tmp_path / "model.keras"
    keras.Sequential([keras.Input((None, None, 1)), ScatteringFFT(J=1, L=2, order=1)]).save(path)
    return path


def test_command(model, tmp_path, capsys):
    out = tmp_path / "some" / "model.tflite"
    options = ["export", str(model), str(out), "--input-shape", "any", "8", "12", "1"]
    assert main(options) == 0
    printed = capsys.readouterr().out
    report = json.loads((tmp_path / "some" / "model.tflite.json").read_text())
    assert report["input_shape"] == [None, 8, 12, 1] and report["error"] <= 1e-5
    assert f"{report['error']:.1e}" in printed and "FULLY_CONNECTED" in printed and "scattering_fft" in printed
    assert main(options) == 2
    assert "which exists" in capsys.readouterr().err
    assert main([*options, "--overwrite", "--unverified"]) == 0
    assert "error" not in json.loads((tmp_path / "some" / "model.tflite.json").read_text())


def test_calibration_from_a_file(tmp_path, capsys):
    path = tmp_path / "model.keras"
    keras.Sequential([keras.Input((16, 16, 1)), ComplexModulusConv(L=2, order=1)]).save(path)
    np.save(tmp_path / "images.npy", images(8, 16, 16, 1))
    options = ["export", str(path), str(tmp_path / "m.tflite"), "--quantize=int8"]
    assert main([*options, f"--calibration={tmp_path / 'images.npy'}"]) == 0
    assert "order 1" in capsys.readouterr().out
    (tmp_path / "text.npy").write_text("no array")
    assert main([*options, f"--calibration={tmp_path / 'text.npy'}", "--overwrite"]) == 2
    assert "text.npy is damaged" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["m.tflite"], "input_shape must give all sizes"),
        (["m.tflite", "--input-shape", "1", "8", "x", "1"], "--input-shape must be integers, or any. Received: 'x'"),
        (["m.pt2", "--input-shape", "1", "8", "8", "1"], "format 'torch' needs the backend torch"),
        (["m.tflite", "--format=onnx"], "path must end in .onnx"),
        (["m.txt"], "path must have an ending that tells the format"),
    ],
)
def test_bad_options(model, tmp_path, monkeypatch, capsys, options, text):
    monkeypatch.chdir(tmp_path)
    assert main(["export", str(model), *options]) == 2
    assert text in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]


def test_a_model_that_is_not_there(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["export", "model.keras", "m.tflite"]) == 2
    assert "model must be a .keras file. Received: model='model.keras'" in capsys.readouterr().err

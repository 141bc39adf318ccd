"""A model file as a file for another runtime."""

import pathlib

import keras
import numpy as np

from keras_scatter import files
from keras_scatter.deployment import export
from keras_scatter.deployment.exporting import report_path
from keras_scatter.workflows import reports


def command(
    model: str,
    path: str,
    /,
    *,
    format: str | None = None,
    input_shape: list[str] | None = None,
    quantize: str | None = None,
    calibration: str | None = None,
    unverified: bool = False,
    overwrite: bool = False,
):
    """Write a model for another runtime, run the file there, and compare it with Keras.

    Args:
        model: a .keras file.
        path: where to write: a folder (SavedModel), or a file .onnx, .tflite, .xml (OpenVINO) or .pt2 (PyTorch). A
            report is written beside it, as JSON.
        format: saved_model, onnx, litert, openvino or torch (default: what the ending tells).
        input_shape: sizes with the batch in front, such as 1 64 64 1, or any 64 64 1 for batches of any size.
        quantize: float16, dynamic_int8 or int8, for LiteRT.
        calibration: a .npy file with typical inputs, for int8.
        unverified: do not run the file.
        overwrite: replace what is there.
    """
    files.check_empty_or_folder(pathlib.Path(path).parent, "path")
    if not pathlib.Path(model).is_file() or pathlib.Path(model).suffix != ".keras":
        raise ValueError(f"model must be a .keras file. Received: model={model!r}")
    shape = None if input_shape is None else tuple(map(_size, input_shape))
    samples = None if calibration is None else _samples(calibration)
    report = export(
        keras.saving.load_model(model, compile=False),
        path,
        format,
        shape,
        quantize,
        not unverified,
        calibration=samples,
        overwrite=overwrite,
    )
    reports.print_export(report)
    print(f"{path} is written, a report in {report_path(path)}")


def _size(text):
    if text == "any":
        return None
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"--input-shape must be integers, or any. Received: {text!r}") from None


def _samples(path):
    try:
        return np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise files.damaged(path, error) from error

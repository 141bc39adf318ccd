"""A model file as a file for another runtime."""

import pathlib

import keras
import numpy as np

from keras_scatter import files
from keras_scatter.deployment import export
from keras_scatter.deployment.exporting import report_path
from keras_scatter.workflows import reports


def command(model, path, format, input_shape, quantize, calibration, unverified, overwrite):
    """What `keras-scatter export` does."""
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

"""`export`: a model as a file for another runtime, kept only if it gives the numbers of Keras there."""

import contextlib
import pathlib
import shutil
import tempfile
import time
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_scatter import files
from keras_scatter.arguments import check_array, check_bool, check_choice, check_integer, shown
from keras_scatter.backend.programs import inlined
from keras_scatter.deployment.formats import FORMATS, check_packages, named
from keras_scatter.errors import errors_by_order, relative_error
from keras_scatter.layers.base_scattering import BaseScattering
from keras_scatter.layers.base_statistics import BaseStatistics
from keras_scatter.typing import ArrayLike, PathLike, Shape

QUANTISATIONS = ("float16", "dynamic_int8", "int8")
BATCHES = (1, 3)
SECONDS = 2.0  # for the timing of one batch size
# Largest difference over the largest value, by what outputs or weights are stored in.
TOLERANCE = {"float64": 1e-5, "float32": 1e-5, "float16": 3e-3, "bfloat16": 3e-2}
TOLERANCE_OF_FLOAT16 = 1e-3  # weights of float16, computed in float32
# Relative root mean square; those of int8 by order where all features are of one scattering layer.
TOLERANCE_OF_DYNAMIC_INT8 = 1e-2
TOLERANCE_OF_INT8 = (1e-2, 5e-2, 1e-1)


def export(
    model: keras.layers.Layer,
    path: PathLike,
    format: str | None = None,
    input_shape: Shape | None = None,
    quantize: str | None = None,
    verify: bool = True,
    *,
    calibration: ArrayLike | None = None,
    overwrite: bool = False,
) -> dict[str, Any]:
    """Write a model as a file for another runtime, run the file there, and compare it with Keras.

    Layers with `fft="auto"` compute by products with matrices in a file whose runtime has no FFTs; the model itself
    stays as it is. A file that its runtime refuses, or that gives other numbers, is removed.

    Args:
        model: a Keras model with one input, or a layer. Any model, with our layers or without.
        path: where to write: a folder for a SavedModel, otherwise a file. A report is written beside it, as JSON.
        format: `"saved_model"`, `"onnx"`, `"litert"`, `"openvino"` or `"torch"`. None takes what the ending tells:
            none, `.onnx`, `.tflite`, `.xml` or `.pt2`.
        input_shape: shape of the input with the batch, such as `(None, 64, 64, 1)`, for sizes that the model leaves
            open, or for a batch size that is fixed. None takes the model's, for batches of any size.
        quantize: None; or for LiteRT `"float16"` for such weights, `"dynamic_int8"` for int8 weights, or `"int8"` for
            int8 numbers throughout.
        verify: whether the file is run and compared. False writes what the exporter gives.
        calibration: for `"int8"`: typical inputs, an array `(n, ...)` with n >= 1.
        overwrite: whether what is there is replaced.

    Returns:
        The report, a dict: `format`, `path`, `bytes`, `input_shape`, `quantize`, `versions`, `by_products` with the
        names of the layers that were switched, `seconds` that writing took; if verified also `runtime`, `error`, the
        largest difference over the largest value, `relative_rms`, `errors_by_order` (None if the outputs are not those
        of a scattering layer), `operators` with the number of each, and `milliseconds`, medians by batch size.

    Raises:
        ValueError: an argument is not one of those that are allowed; the backend does not write the format; a size is
            not known; or the file is wrong.
        ImportError: a package is missing; the error says how to install it.
        FileExistsError: something is there already.
        RuntimeError: the exporter failed, or the runtime refused the file.

    Example:

    >>> import tempfile
    >>> layer = keras_scatter.layers.ScatteringFFT(J=1, L=2, order=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     report = keras_scatter.export(layer, f"{folder}/scattering.tflite", input_shape=(None, 8, 8, 1))
    >>> report["error"] <= 1e-5, report["by_products"] == [layer.name]
    (True, True)
    """
    if not isinstance(model, keras.layers.Layer):
        raise TypeError(f"model must be a Keras model or a layer. Received: model={shown(model)}")
    path = pathlib.Path(path)
    format = named(path, format if format is None else check_choice("format", format, tuple(FORMATS)))
    one = FORMATS[format]
    if path.suffix.lower() != one.ending and (one.ending or path.suffix.lower() in _endings()):
        raise ValueError(
            f"path must end in {one.ending or 'nothing, a folder,'} for format={format!r}. Received: path={str(path)!r}"
        )
    backend = keras.backend.backend()
    if backend not in one.backends:
        raise ValueError(
            f"format {format!r} needs the backend {' or '.join(one.backends)}: set KERAS_BACKEND. Received: {backend}"
        )
    check_bool("verify", verify)
    model, shape = _with_input(model, input_shape)
    dtype = keras.backend.standardize_dtype(model.inputs[0].dtype)
    _check_quantisation(format, quantize, calibration, shape)
    switched = _layers_to_switch(model, format)
    if (switched or one.ending) and None in shape[1:]:
        raise ValueError(
            f"input_shape must give all sizes but the batch for format {format!r}: filters follow from them. "
            f"Received: input_shape={shape}"
        )
    check_packages(format, verify)
    _check_free(path, format, check_bool("overwrite", overwrite))

    signature = keras.InputSpec(shape=shape, dtype=dtype, name=model.inputs[0].name)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}") as folder:
        written = pathlib.Path(folder) / path.name
        start = time.perf_counter()
        _write(model, written, signature, (one, switched, _options(quantize, calibration)))
        report = {
            "format": format,
            "path": str(path),
            "bytes": _bytes(pathlib.Path(folder)),
            "input_shape": list(shape),
        }
        report |= {"quantize": quantize, "versions": _versions(), "by_products": [layer.name for layer in switched]}
        report["seconds"] = time.perf_counter() - start
        if verify:
            report |= _verified(model, written, one, signature, (quantize, calibration))
        _move(pathlib.Path(folder), path)
    files.write_json(report_path(path), report)
    return report


def report_path(path):
    """Where the report of an export is."""
    path = pathlib.Path(path)
    return path.with_name(path.name + ".json")


def _endings():
    return {one.ending for one in FORMATS.values()}


def _with_input(model, input_shape):
    """A model with one input, and the shape of that."""
    if input_shape is not None:
        input_shape = _check_shape(input_shape)
    if not isinstance(model, keras.Model) or not getattr(model, "inputs", None):
        if input_shape is None:
            raise ValueError("input_shape must be given for a layer, or a model without inputs. Received: None")
        dtype = "float64" if model.compute_dtype == "float64" else "float32"
        return _around(model, input_shape, dtype), input_shape
    if len(model.inputs) != 1:
        raise ValueError(f"model must have one input. Received: {len(model.inputs)}")
    shape = tuple(model.inputs[0].shape)
    if input_shape is None:
        nested = _is_nested(getattr(model, "output", None))
        return (_around(model, shape, model.inputs[0].dtype) if nested else model), shape
    fits = len(shape) == len(input_shape) and all(
        a in (None, b) or not i for i, (a, b) in enumerate(zip(shape, input_shape))
    )
    if not fits:
        raise ValueError(f"input_shape must fit the model's, {shape}. Received: input_shape={input_shape}")
    if input_shape != shape:
        # TensorFlow would trace the model for its own sizes too.
        model = _around(model, input_shape, model.inputs[0].dtype)
    return model, input_shape


def _around(model, shape, dtype):
    """A model of one shape, with the outputs in one list if they are nested, which no format has."""
    inputs = keras.Input(batch_shape=shape, dtype=dtype, name="inputs")
    outputs = model(inputs)
    return keras.Model(inputs, keras.tree.flatten(outputs) if _is_nested(outputs) else outputs)


def _is_nested(outputs):
    parts = outputs.values() if isinstance(outputs, dict) else outputs
    return keras.tree.is_nested(outputs) and any(map(keras.tree.is_nested, parts))


def _check_shape(shape):
    if not isinstance(shape, (tuple, list)) or len(shape) < 2:
        raise TypeError(
            "input_shape must be a tuple of the batch, None for any, and sizes, such as (None, 64, 64, 1). "
            f"Received: input_shape={shown(shape)}"
        )
    return tuple(size if size is None else check_integer("input_shape", size) for size in shape)


def _check_quantisation(format, quantize, calibration, shape):
    if quantize is not None:
        check_choice("quantize", quantize, QUANTISATIONS)
        if format != "litert":
            raise ValueError(f"quantize must be None for format {format!r}: LiteRT has it. Received: {quantize!r}")
    if (quantize == "int8") != (calibration is not None):
        raise ValueError(
            'calibration must be an array of typical inputs for quantize="int8", and None otherwise. '
            f"Received: quantize={quantize!r}, calibration={shown(calibration)}"
        )
    if calibration is not None:
        found = check_array("calibration", calibration)
        fits = found.ndim == len(shape) and all(a in (None, b) for a, b in zip(shape[1:], found.shape[1:]))
        if not fits or not len(found) or not np.isfinite(found.astype("float64")).all():
            raise ValueError(
                f"calibration must be finite inputs of shape {shape}, one at least. Received: shape {found.shape}"
            )


def _layers_to_switch(model, format):
    """The layers that must compute by products in a file of the format."""
    if FORMATS[format].has_fft:
        return []
    found = []
    for layer in model._flatten_layers():
        others = " or ".join(name for name, one in FORMATS.items() if one.has_fft)
        if isinstance(layer, BaseStatistics):
            raise ValueError(
                f"format must be {others} for a model with {type(layer).__name__}, which computes FFTs. "
                f"Received: format={format!r}"
            )
        if getattr(layer, "fft", None) == "native":
            raise ValueError(
                f'fft of the layer {layer.name!r} must be "auto" or "matmul" for format {format!r}, which has no FFTs; '
                f'{others} has. Received: fft="native"'
            )
        if getattr(layer, "fft", None) == "auto":
            found.append(layer)
    return found


@contextlib.contextmanager
def _by_products(layers):
    """Have layers compute by products with matrices in a `with` statement."""
    try:
        for layer in layers:
            layer._transform_by("matmul")
        yield
    finally:
        for layer in layers:
            layer._transform_by(layer.fft)


def _check_free(path, format, overwrite):
    if path.is_dir() and FORMATS[format].ending:
        raise ValueError(f"path must be a file for format {format!r}. Received: the folder {str(path)!r}")
    for there in (path, report_path(path), *([path.with_suffix(".bin")] if format == "openvino" else [])):
        if there.exists() and not overwrite:
            raise FileExistsError(f"path must be free, or overwrite be True. Received: {str(there)!r}, which exists")
    if path.is_dir() and any(path.iterdir()) and not (path / "saved_model.pb").exists():
        raise FileExistsError(
            f"path must be free, or a SavedModel. Received: the folder {str(path)!r} with other files"
        )


def _options(quantize, calibration):
    """What TensorFlow's converter takes for a quantisation."""
    if quantize is None:
        return {}
    import tensorflow as tf

    options = {"optimizations": [tf.lite.Optimize.DEFAULT]}
    if quantize == "float16":
        options["target_spec"] = {"supported_types": [tf.float16]}
    elif quantize == "int8":
        samples = np.asarray(calibration, "float32")
        options["representative_dataset"] = lambda: ([sample[None]] for sample in samples)
        options["target_spec"] = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]}
    return options


def _write(model, path, signature, how):
    one, switched, options = how
    with _by_products(switched), inlined() if one.ending else contextlib.nullcontext():
        if not model.built or keras.backend.backend() == "torch":
            model(ops.ones([2 if size is None else size for size in signature.shape], signature.dtype))
        try:
            one.write(model, str(path), signature, options)
        except Exception as error:  # the exporters raise whatever there is
            raise RuntimeError(f"{path.name} could not be written: {_first_line(error)}") from error


def _first_line(error):
    lines = [line for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0].strip() if lines else ''}"


def _bytes(folder):
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _versions():
    return {"keras": keras.__version__, "backend": keras.backend.backend()}


def _verified(model, path, one, signature, quantised):
    """What is found when the file runs; or an error if it is wrong."""
    quantize, calibration = quantised
    try:
        run = one.runtime(path)
        operators = run.operators()
        found, expected, times = [], [], {}
        for batch in [signature.shape[0]] if signature.shape[0] else BATCHES:
            inputs = _inputs(batch, signature, calibration)
            expected.append([ops.convert_to_numpy(ops.cast(part, "float64")) for part in _outputs(model, inputs)])
            found.append([np.asarray(part, "float64") for part in run(inputs)])
            times[str(batch)] = _median_milliseconds(run, inputs)
    except Exception as error:
        raise RuntimeError(f"{path.name} was removed: {one.runtime.name} refuses it. {_first_line(error)}") from error
    shapes = [[part.shape for part in parts] for batches in (found, expected) for parts in batches]
    if shapes[: len(found)] != shapes[len(found) :]:
        raise ValueError(
            f"{path.name} was removed: its outputs have other shapes than those of Keras. Received: {shapes}"
        )
    pairs = [pair for parts in zip(found, expected) for pair in zip(*parts)]
    report = {"runtime": one.runtime.name, "operators": operators, "milliseconds": times}
    report["error"] = float(np.max([_peak_error(*pair) for pair in pairs]))
    report["relative_rms"] = relative_error(*(np.concatenate([pair[i].ravel() for pair in pairs]) for i in (0, 1)))
    report["errors_by_order"] = _by_order(model, found, expected)
    _check_errors(path.name, report, quantize, model)
    return report


def _inputs(batch, signature, calibration):
    """Seeded inputs, or for int8 the first of those that it was calibrated with."""
    if calibration is not None:
        samples = np.asarray(calibration, "float32")
        return np.resize(samples, (batch, *samples.shape[1:]))
    found = np.random.default_rng(batch).uniform(size=(batch, *signature.shape[1:]))
    return found.astype(keras.backend.standardize_dtype(signature.dtype))


def _outputs(model, inputs):
    return keras.tree.flatten(model(ops.convert_to_tensor(inputs), training=False))


def _median_milliseconds(run, inputs):
    times = []
    while len(times) < 3 or (len(times) < 15 and sum(times) < SECONDS):
        start = time.perf_counter()
        run(inputs)
        times.append(time.perf_counter() - start)
    return 1000 * float(np.median(times))


def _peak_error(found, expected):
    largest = np.max(np.abs(expected))
    difference = np.max(np.abs(found - expected))
    return difference / largest if largest else difference


def _by_order(model, found, expected):
    """Relative errors by order, if the outputs are those of a scattering layer."""
    layer = model
    while isinstance(layer, keras.Model) and layer.layers:
        layer = layer.layers[-1]
    if not isinstance(layer, BaseScattering) or layer.feature_order != "channel":
        return None
    if any(len(parts) != 1 for parts in expected):
        return None
    axis = -1 if layer.data_format == "channels_last" else 1
    parts = []
    for batches in (found, expected):
        rows = [np.moveaxis(part, axis, -1).reshape(-1, len(layer.paths)) for (part,) in batches]
        parts.append(np.concatenate(rows))
    return errors_by_order(*parts, layer.paths)


def _check_errors(name, report, quantize, model):
    """Refuse errors above the bound; NaN is above it."""
    if quantize in (None, "float16"):
        dtype = keras.backend.standardize_dtype(keras.tree.flatten(model.outputs)[0].dtype)
        checks = [("error", report["error"], TOLERANCE.get(dtype, 1e-5) if quantize is None else TOLERANCE_OF_FLOAT16)]
    elif quantize == "dynamic_int8":
        checks = [("relative RMS error", report["relative_rms"], TOLERANCE_OF_DYNAMIC_INT8)]
    elif report["errors_by_order"] is None:
        checks = [("relative RMS error", report["relative_rms"], TOLERANCE_OF_INT8[-1])]
    else:
        limits = [*TOLERANCE_OF_INT8, *TOLERANCE_OF_INT8[-1:] * len(report["errors_by_order"])]
        named = enumerate(zip(report["errors_by_order"], limits))
        checks = [(f"relative error of order {m}", error, limit) for m, (error, limit) in named]
    for what, error, limit in checks:
        if not error <= limit:
            raise ValueError(f"{name} was removed: its {what} must be at most {limit:g}. Received: {error:.3g}")


def _move(folder, path):
    """Put what was written in its place."""
    for part in sorted(folder.iterdir()):
        place = path.parent / part.name
        if place.is_dir():
            shutil.rmtree(place)
        part.replace(place)

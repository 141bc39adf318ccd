"""Formats of exported models: which backends write them, how, and what runs them."""

import pathlib
import tempfile
from typing import NamedTuple

import keras

from keras_scatter.deployment import runtimes
from keras_scatter.deployment.merging import merge_constants
from keras_scatter.optional import require


class Format(NamedTuple):
    """A format.

    Attributes:
        ending: of its files; empty for folders.
        backends: those of Keras that write it.
        has_fft: whether files may hold FFTs of complex numbers.
        write: function of a model, a path, an input signature, and options of a quantisation.
        runtime: class of `runtimes` that runs a file.
        packages: what is needed beside Keras and its backend.
    """

    ending: str
    backends: tuple
    has_fft: bool
    write: object
    runtime: type
    packages: dict


def _saved_model(model, path, signature, options):
    model.export(path, format="tf_saved_model", input_signature=[signature], verbose=False)


def _litert(model, path, signature, options):
    import tensorflow as tf

    # Keras would let operations of TensorFlow pass, which no interpreter has.
    built_in = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS], **options.pop("target_spec", {})}
    model.export(path, format="litert", input_signature=[signature], verbose=False, target_spec=built_in, **options)


def _onnx(model, path, signature, options):
    if keras.backend.backend() == "torch":
        import torch

        arguments, shapes = _example(signature)
        model.eval()
        options = {"dynamo": True, "external_data": False, "verbose": False}
        torch.onnx.export(model, arguments, path, dynamic_shapes=shapes, **options)
    else:
        model.export(path, format="onnx", input_signature=[signature], verbose=False)
    merge_constants(path)


def _openvino(model, path, signature, options):
    openvino = require("openvino", "openvino")
    if keras.backend.backend() == "torch":
        # Keras traces by an older way, under which sizes are tensors.
        openvino.serialize(openvino.convert_model(_torch_program(model, signature)), path)
        return
    model.export(path, format="openvino", input_signature=[signature], verbose=False)
    # What nobody reads in TensorFlow's graph has become an output, behind those of the model.
    found = openvino.Core().read_model(path)
    results = found.get_results()[: len(keras.tree.flatten(model.outputs))]
    written = pathlib.Path(path)
    with tempfile.TemporaryDirectory(dir=written.parent) as folder:
        # Not in place: the constants are read from the file while they are written.
        slim = pathlib.Path(folder) / written.name
        openvino.serialize(openvino.Model(results, found.get_parameters()), str(slim))
        del found
        for ending in (".xml", ".bin"):
            slim.with_suffix(ending).replace(written.with_suffix(ending))


def _torch(model, path, signature, options):
    import torch

    torch.export.save(_torch_program(model, signature), path)


def _torch_program(model, signature):
    import torch

    arguments, shapes = _example(signature)
    model.eval()
    return torch.export.export(model, arguments, dynamic_shapes=shapes)


def _example(signature):
    """Arguments for PyTorch to trace with, and which of their axes are of any size."""
    import torch

    # Tracing one item would fix the batch size to 1.
    shape = [4 if size is None else size for size in signature.shape]
    dtype = getattr(torch, keras.backend.standardize_dtype(signature.dtype))
    # Keras calls its models with a tuple of arguments, of which this is the first.
    any_batch = {0: torch.export.Dim("batch", min=1, max=4096)} if signature.shape[0] is None else {}
    return (torch.ones(shape, dtype=dtype),), ((any_batch,),)


FORMATS = {
    "saved_model": Format("", ("tensorflow", "jax"), True, _saved_model, runtimes.SavedModel, {}),
    "onnx": Format(
        ".onnx",
        ("tensorflow", "torch"),
        False,
        _onnx,
        runtimes.Onnx,
        {"tensorflow": ("onnx", "tf2onnx"), "torch": ("onnx", "onnxscript")},
    ),
    "litert": Format(".tflite", ("tensorflow",), False, _litert, runtimes.LiteRT, {}),
    "openvino": Format(
        ".xml",
        ("tensorflow", "torch"),
        False,
        _openvino,
        runtimes.OpenVino,
        dict.fromkeys(("tensorflow", "torch"), ("openvino",)),
    ),
    "torch": Format(".pt2", ("torch",), True, _torch, runtimes.Torch, {}),
}


def named(path, format):
    """The name of the format: the one that was asked for, or the one that the ending of the path tells."""
    if format is not None:
        return format
    ending = path.suffix.lower()
    found = [name for name, one in FORMATS.items() if one.ending == ending]
    if not found:
        endings = ", ".join(f"{one.ending or 'none'} ({name})" for name, one in FORMATS.items())
        raise ValueError(
            f"path must have an ending that tells the format, or format must be given: {endings}. "
            f"Received: path={str(path)!r}"
        )
    return found[0]


def check_packages(name, runs):
    """Import what writing needs, and, where a file is run, its runtime; or say what installs it."""
    one = FORMATS[name]
    for package in one.packages.get(keras.backend.backend(), ()):
        require(package, name)
    if runs:
        one.runtime.check()

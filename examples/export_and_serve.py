"""Export a scattering layer to every format that the backend writes, and run each file in its own runtime.

`keras_scatter.export` compares every file with Keras and keeps it only if it gives the same numbers. This script then
runs the files once more, by themselves, as a server or a phone would: see `serve`.

| KERAS_BACKEND | formats                                    | needs                                             |
|---------------|--------------------------------------------|---------------------------------------------------|
| tensorflow    | SavedModel, LiteRT, ONNX, OpenVINO         | `pip install 'keras_scatter[litert,onnx,openvino]'` |
| jax           | SavedModel                                 |                                                   |
| torch         | torch.export, ONNX, OpenVINO               | `pip install 'keras_scatter[onnx,openvino]'`        |

Run:

    python examples/export_and_serve.py
    python examples/export_and_serve.py --layer exact --size 64
"""

import argparse
import pathlib

import keras
import numpy as np

import keras_scatter
from keras_scatter.layers import ComplexModulusConv, DTCWTScattering, ScatteringFFT

LAYERS = {
    "distilled": lambda: ComplexModulusConv(L=8, order=2),
    "exact": lambda: ScatteringFFT(J=2, L=8, order=2),
    "dual-tree": lambda: DTCWTScattering(J=2),
}
FILES = {
    "tensorflow": ("scattering", "scattering.tflite", "scattering.onnx", "scattering.xml"),
    "jax": ("scattering",),
    "torch": ("scattering.pt2", "scattering.onnx", "scattering.xml"),
}


def serve(path, images):
    """What a file gives for a batch of images, without Keras and without this package."""
    if path.suffix == "":
        import tensorflow as tf

        loaded = tf.saved_model.load(str(path))  # keep this object as long as it serves: its variables go with it
        return loaded.serve(images).numpy()
    if path.suffix == ".tflite":
        from ai_edge_litert.interpreter import Interpreter

        run = Interpreter(str(path)).get_signature_runner()
        (name,) = run.get_input_details()
        (found,) = run(**{name: images}).values()
        return found
    if path.suffix == ".onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(str(path))
        return session.run(None, {session.get_inputs()[0].name: images})[0]
    if path.suffix == ".xml":
        import openvino

        # Without the hint a processor with bfloat16 takes that.
        compiled = openvino.Core().compile_model(str(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        return compiled([images])[0]
    import torch

    return torch.export.load(str(path)).module()(torch.from_numpy(images)).detach().numpy()


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layer", choices=sorted(LAYERS), default="distilled")
    parser.add_argument("--size", type=int, default=32, help="height and width of the images")
    parser.add_argument("--out", default="exported", help="folder for the files")
    options = parser.parse_args(arguments)

    shape = (options.size, options.size, 3)
    model = keras.Sequential([keras.Input(shape), LAYERS[options.layer]()])
    images = np.random.default_rng(0).uniform(size=(4, *shape)).astype("float32")
    expected = keras.ops.convert_to_numpy(model(images))
    errors = {}
    for name in FILES[keras.backend.backend()]:
        path = pathlib.Path(options.out) / name
        try:
            report = keras_scatter.export(model, path, overwrite=True)
        except ImportError as error:
            print(f"{path}: {error}")
            continue
        found = serve(path, images)
        errors[name] = float(np.max(np.abs(found - expected)) / np.max(np.abs(expected)))
        instead = ", by matrix products instead of FFTs" if report["by_products"] else ""
        print(f"{path}: {report['bytes'] / 1000:.0f} kB, largest error over peak {errors[name]:.1e}{instead}")
    return errors


if __name__ == "__main__":
    main()

"""Export scattering layers to SavedModel and LiteRT, run the files, and compare them with Keras.

| layer                | SavedModel                                    | LiteRT                        |
|----------------------|-----------------------------------------------|-------------------------------|
| `ComplexModulusConv` | yes                                           | yes, with built-in operations |
| `ScatteringFFT`      | yes; needs a fixed image size, and TensorFlow | not possible: LiteRT has no   |
|                      | with XLA where it is loaded                   | built-in complex 2-D FFT      |

Run (TensorFlow backend):

    python examples/export_and_serve.py
    python examples/export_and_serve.py --layer exact

A LiteRT file runs on phones with the small package `ai-edge-litert` (`pip install ai-edge-litert`); where that is not
installed, the interpreter inside TensorFlow is used.
"""

import argparse
import pathlib
import sys

import keras
import numpy as np

from keras_scatter.layers import ComplexModulusConv, ScatteringFFT

LAYERS = {"distilled": lambda: ComplexModulusConv(L=8, order=2), "exact": lambda: ScatteringFFT(J=2, L=8, order=2)}


def peak_error(found, expected):
    """Largest absolute difference over the largest absolute value."""
    return float(np.max(np.abs(np.asarray(found) - expected)) / np.max(np.abs(expected)))


def size_of(path):
    """Bytes of a file, or of all files in a folder."""
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)


def serve_saved_model(path, batches):
    """Results of a SavedModel for every batch."""
    import tensorflow as tf

    # Keep the loaded object as long as it serves: its variables go with it.
    served = tf.saved_model.load(str(path))
    return [served.serve(batch).numpy() for batch in batches]


def export_litert(model, path):
    """Write a LiteRT file that needs no operations but LiteRT's own; anything else is an error here."""
    import tensorflow as tf

    built_in = {"supported_ops": [tf.lite.OpsSet.TFLITE_BUILTINS]}
    model.export(str(path), format="litert", verbose=False, target_spec=built_in)


def run_litert(path, batches):
    """Results of a LiteRT file for every batch."""
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        from tensorflow import lite

        Interpreter = lite.Interpreter

    interpreter = Interpreter(str(path))
    source, result = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    results = []
    for batch in batches:
        interpreter.resize_tensor_input(source, batch.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(source, batch)
        interpreter.invoke()
        results.append(interpreter.get_tensor(result))
    return results


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layer", choices=sorted(LAYERS), default="distilled")
    parser.add_argument("--size", type=int, default=32, help="height and width of the images")
    parser.add_argument("--out", default="exported", help="folder for the files")
    options = parser.parse_args(arguments)
    if keras.backend.backend() != "tensorflow":
        sys.exit("export_and_serve.py needs the TensorFlow backend: KERAS_BACKEND=tensorflow")
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)

    model = keras.Sequential([keras.Input((options.size, options.size, 3)), LAYERS[options.layer]()])
    generator = np.random.default_rng(0)
    batches = [generator.uniform(size=(n, options.size, options.size, 3)).astype("float32") for n in (1, 4)]
    expected = [model.predict(batch, verbose=0) for batch in batches]

    saved_model = out / f"{options.layer}_saved_model"
    model.export(str(saved_model), verbose=False)
    exported = {saved_model: serve_saved_model(saved_model, batches)}
    if options.layer == "distilled":
        litert = out / f"{options.layer}.tflite"
        export_litert(model, litert)
        exported[litert] = run_litert(litert, batches)
    else:
        print("LiteRT: not possible for ScatteringFFT, because LiteRT has no built-in complex 2-D FFT.")

    errors = {}
    for path, found in exported.items():
        errors[path.name] = float(np.max(list(map(peak_error, found, expected))))
        print(f"{path}: {size_of(path) / 1000:.0f} kB, largest error over peak {errors[path.name]:.1e}")
    return errors


if __name__ == "__main__":
    main()

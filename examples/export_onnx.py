"""Export the distilled transform to ONNX, for batches of any size, run the file, and compare it with Keras.

The file holds convolutions, products and square roots, and runs wherever ONNX runs; `DTCWTScattering` and models around
either export in the same way. Needs PyTorch: `pip install 'keras_scatter[torch,onnx]'`.

Run with KERAS_BACKEND=torch:

    python examples/export_onnx.py
    python examples/export_onnx.py --design paper --size 64
"""

import argparse
import sys

import keras
import numpy as np

from keras_scatter.layers import ComplexModulusConv


def export(model, images, path):
    """Write an ONNX file of a model for batches of any size; `images` is one of them."""
    import torch

    any_batch = {0: torch.export.Dim("batch")}
    model.eval()
    # Keras calls its models with a tuple of arguments, of which this is the first.
    torch.onnx.export(
        model, (torch.from_numpy(images),), path, dynamo=True, dynamic_shapes=((any_batch,),), verbose=False
    )


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--design", default="faithful", help="faithful or paper")
    parser.add_argument("--size", type=int, default=32, help="height and width of the images")
    parser.add_argument("--out", default="scattering.onnx", help="file to write, replaced if it exists")
    options = parser.parse_args(arguments)
    if keras.backend.backend() != "torch":
        sys.exit("This script needs the PyTorch backend: set KERAS_BACKEND=torch.")
    import onnxruntime

    shape = (options.size, options.size, 3)
    model = keras.Sequential([keras.Input(shape), ComplexModulusConv(L=8, order=2, design=options.design)])
    batches = [np.random.default_rng(0).uniform(size=(count, *shape)).astype("float32") for count in (4, 1)]
    export(model, batches[0], options.out)

    session = onnxruntime.InferenceSession(options.out)
    name = session.get_inputs()[0].name
    errors = []
    for images in batches:
        (found,), expected = session.run(None, {name: images}), model.predict(images, verbose=0)
        errors.append(float(np.max(np.abs(found - expected)) / np.max(np.abs(expected))))
    print(f"{options.out}: largest difference {max(errors):.1e} of the largest coefficient")
    return max(errors)


if __name__ == "__main__":
    main()

"""What `make.py` and the tests share: where the files are, how arrays belong together, and the gradients in them."""

import gzip
import json
import pathlib

import keras
import numpy as np
from compare import BACKEND, to_numpy
from keras import ops

from keras_scatter import layers, models

FOLDER = pathlib.Path(__file__).parent
# Files that depend on the machine, are large, or are for people to look at. Of these, only the names are kept.
LEFT_OUT = (".png", ".npy")


def random(*shape, seed=0):
    """Normally distributed numbers: `RandomState`, because NumPy promises that its numbers never change."""
    return np.random.RandomState(seed).normal(size=shape).astype("float32")


def write_arrays(path, about, arrays):
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, about=json.dumps(about), **arrays)


def read_arrays(path):
    """What `write_arrays` wrote: a dict that says what it is of, and a dict of arrays."""
    with np.load(path, allow_pickle=False) as archive:
        arrays = dict(archive)
    return json.loads(str(arrays.pop("about"))), arrays


def pack(path, to):
    """Keep a file compressed: most bytes of an HDF5 file are zeros."""
    to.parent.mkdir(parents=True, exist_ok=True)
    (to.parent / f"{to.name}.gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))


def unpack(path, folder):
    """The file that `pack` kept, in a folder of its own."""
    found = folder / path.name.removesuffix(".gz")
    found.write_bytes(gzip.decompress(path.read_bytes()))
    return found


def numbered(name, values):
    """`{"output_0": array, ...}` of a nest of tensors."""
    return {f"{name}_{i}": to_numpy(value).astype("float32") for i, value in enumerate(keras.tree.flatten(values))}


def listed(name, arrays):
    """The arrays of `numbered`, in order."""
    return [arrays[f"{name}_{i}"] for i in range(sum(key.startswith(f"{name}_") for key in arrays))]


def nested(values):
    """One image alone, or several arrays as the coefficients of `DTCWT`: `(low, [(real, imag), ...])`."""
    low, *high = values
    return (low, list(zip(high[::2], high[1::2]))) if high else low


def renamed(group):
    """What a shipped group of 0.1.0 is called now."""
    return f"{group}_k7" if str(group).startswith(("morlet_", "refined_")) else group


def make_layer(about, **more):
    arguments = about["arguments"]
    if about["layer"] == "ComplexModulusConv":
        # The default, and the groups, that it had then.
        arguments = {"kernel_size": 7, **arguments}
        if "weights" in arguments:
            arguments["weights"] = renamed(arguments["weights"])
    return getattr(layers, about["layer"])(**arguments, **more)


def make_model(about, **more):
    return getattr(models, about["model"])(**about["arguments"], **more)


def model_of(layer, inputs, call):
    """A functional model that holds the layer."""
    symbolic = nested([keras.Input(array.shape[1:]) for array in inputs])
    return keras.Model(symbolic, layer(symbolic, **call))


def weightings(outputs):
    """The fixed random numbers by which outputs are multiplied, to have one number to differentiate."""
    return [random(*output.shape, seed=1 + i) for i, output in enumerate(outputs)]


def evaluate(layer, inputs, call):
    """What a built layer or model gives, and gradients of the sum of its outputs, each times its weighting.

    All in one program, which JAX compiles faster than its parts.

    Returns:
        List of outputs; list of gradients with respect to the inputs, then to the trainable weights.
    """
    variables = layer.trainable_variables
    arrays = [ops.convert_to_tensor(array) for array in inputs]

    def weighted(outputs):
        weights = [ops.convert_to_tensor(array) for array in weightings(outputs)]
        return sum(ops.sum(output * weight) for output, weight in zip(outputs, weights))

    if BACKEND == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(arrays)
            outputs = keras.tree.flatten(layer(nested(arrays), **call))
            value = weighted(outputs)
        gradients = tape.gradient(value, [*arrays, *(variable.value for variable in variables)])
    elif BACKEND == "jax":
        import jax

        def value(arrays, trainable):
            fixed = [variable.value for variable in layer.non_trainable_variables]
            # A layer without weights need not be built, which a stateless call asks for.
            outputs = (
                layer.stateless_call(trainable, fixed, nested(arrays), **call)[0]
                if layer.variables
                else layer(nested(arrays), **call)
            )
            outputs = keras.tree.flatten(outputs)
            return weighted(outputs), outputs

        program = jax.jit(jax.value_and_grad(value, (0, 1), has_aux=True))
        (_, outputs), (of_arrays, of_variables) = program(arrays, [variable.value for variable in variables])
        gradients = [*of_arrays, *of_variables]
    else:
        arrays = [array.detach().clone().requires_grad_() for array in arrays]
        layer.zero_grad()
        outputs = keras.tree.flatten(layer(nested(arrays), **call))
        weighted(outputs).backward()
        gradients = [*(array.grad for array in arrays), *(variable.value.grad for variable in variables)]
    return [to_numpy(output) for output in outputs], [to_numpy(gradient) for gradient in gradients]


def file_names(folder):
    """Files in a folder, sorted, without TensorBoard's, whose names hold the time, and without cached features."""
    return common(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def common(names):
    """Those of the names that all versions write, sorted: later ones have the epoch of a backup in the backup."""
    names = (name for name in names if not name.endswith("training_metadata.json"))
    return sorted(name for name in names if "tensorboard/" not in name and not name.startswith("features/"))

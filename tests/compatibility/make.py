"""Write what this version computes and stores: `python tests/compatibility/make.py [PART ...]`, with TensorFlow."""

import contextlib
import hashlib
import json
import os
import pathlib
import shutil
import signal
import sys
import tempfile
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

import keras
import numpy as np
from compare import to_numpy
from stored import (
    FOLDER,
    LEFT_OUT,
    evaluate,
    file_names,
    make_layer,
    make_model,
    model_of,
    numbered,
    pack,
    random,
    write_arrays,
)

import keras_scatter
from keras_scatter import saved_filters
from keras_scatter.cli import main as cli
from keras_scatter.layers import DTCWT, ComplexModulusConv, NonExpansive
from keras_scatter.models import ScatteringDistiller

LAST, FIRST = (2, 12, 16, 2), {"data_format": "channels_first"}
NON_EXPANSIVE = keras.saving.serialize_keras_object(NonExpansive(0.5))
MIXINGS = ("1x1", "3x3", "impulse", "gaussian", "random", "dct")
INVARIANT = {"filters": 3, "bias_initializer": "random_normal"}
MORLET = {**INVARIANT, "wavelet": "morlet", "L": 3, "wavelet_size": 5}
PAPER = {"design": "paper", "L": 3, "kernel_size": 5}

# Arguments and the shape of the images, by layer and by name of the case.
LAYERS = {
    "ScatteringFFT": {
        "reflect": ({"J": 2, "L": 4}, LAST),
        "zeros": ({"J": 2, "L": 3, "padding": "zeros", **FIRST}, (2, 2, 13, 15)),
        "periodic": ({"J": 2, "L": 4, "padding": "periodic"}, LAST),
        "order_1": ({"J": 1, "L": 2, "order": 1, "chunk_size": 1}, (2, 7, 10, 1)),
        "order_3": ({"J": 3, "L": 2, "order": 3}, (1, 17, 19, 1)),
    },
    "ComplexModulusConv": {
        "J1": ({"L": 3, "order": 1}, LAST),
        "J2": ({"L": 4, "kernel_size": 5}, LAST),
        "J3": ({"L": 2, "J": 3, "kernel_size": [5, 7, 3], **FIRST}, (2, 2, 17, 19)),
        "order_3": ({"L": 2, "order": 3, "kernel_size": 5, "lowpass_filters": 1}, (1, 16, 20, 1)),
        "random": ({"L": 3, "kernel_size": 5, "kernel_initializer": "he_normal"}, LAST),
        "shipped": ({"L": 4, "weights": "refined_L4_o2"}, LAST),
        "paper": (PAPER, LAST),
        "paper_order_1": ({**PAPER, "order": 1, **FIRST}, (2, 2, 13, 15)),
        "paper_order_3": ({**PAPER, "L": 2, "order": 3, "kernel_size": 3}, (1, 16, 24, 1)),
        "paper_random": ({**PAPER, "kernel_initializer": "glorot_uniform"}, (2, 13, 15, 2)),
        "paper_unshared": ({**PAPER, "share_filters": False}, LAST),
        "paper_shipped": ({"design": "paper", "order": 1, "weights": "cifar10_o1"}, LAST),
    },
    "LocallyInvariantLayer": {
        **{f"dtcwt_{mixing}": ({**INVARIANT, "mixing": mixing}, LAST) for mixing in MIXINGS},
        **{f"morlet_{mixing}": ({**MORLET, "mixing": mixing}, LAST) for mixing in MIXINGS},
        "identity": ({"mixing_initializer": "identity", "use_bias": False}, LAST),
        "strides_1": ({**INVARIANT, "strides": 1, "activation": "relu", "biort": "near_sym_b", **FIRST}, (2, 2, 9, 11)),
        "morlet_strides_1": ({**MORLET, "strides": 1, "activation": "tanh"}, (2, 9, 11, 2)),
        "learnable": ({**MORLET, "learnable_wavelets": True}, (2, 9, 11, 2)),
        "learnable_dct": ({**MORLET, "learnable_wavelets": True, "mixing": "dct", "strides": 1, **FIRST}, (2, 2, 8, 9)),
        "sharp": ({**INVARIANT, "magnitude_bias": 0, "gain": 2.0, "seed": 5, "mixing": "random"}, LAST),
        "non_expansive": ({**INVARIANT, "gain": 3.0, "mixing_constraint": NON_EXPANSIVE}, LAST),
        "non_expansive_impulse": (
            {**INVARIANT, "gain": 3.0, "mixing": "impulse", "mixing_constraint": NON_EXPANSIVE},
            LAST,
        ),
    },
    "DTCWT": {
        "levels_1": ({}, LAST),
        "levels_3": ({"levels": 3, "biort": "near_sym_b", "qshift": "qshift_b"}, (2, 13, 18, 1)),
        "band_pass": ({"levels": 2, "biort": "near_sym_b_bp", "qshift": "qshift_b_bp", **FIRST}, (2, 2, 12, 15)),
        "farras": ({"levels": 2, "biort": "farras", "qshift": "qshift_32"}, (1, 16, 12, 1)),
    },
    "InverseDTCWT": {
        "levels_1": ({}, LAST),
        "levels_3": ({"biort": "near_sym_b", "qshift": "qshift_b"}, (2, 13, 18, 1)),
        "band_pass": ({"biort": "near_sym_b_bp", "qshift": "qshift_b_bp", **FIRST}, (2, 2, 12, 15)),
        "farras": ({"biort": "farras", "qshift": "qshift_32"}, (1, 16, 12, 1)),
    },
    "DTCWTScattering": {
        "J1": ({"J": 1}, LAST),
        "J1_colour": ({"J": 1, "combine_colour": True, "biort": "near_sym_b"}, (2, 9, 11, 3)),
        "J2": ({"J": 2}, (2, 13, 16, 1)),
        "J2_colour": ({"J": 2, "combine_colour": True, **FIRST}, (1, 3, 12, 16)),
        "J2_sharp": ({"J": 2, "magnitude_bias": 0, "biort": "near_sym_b_bp", "qshift": "qshift_b_bp"}, (1, 16, 16, 1)),
    },
}

MODELS = {
    **{
        f"scatnet_{variant}": ("ScatNetHybrid", {"variant": variant, "input_shape": [8, 12, 3], "width": 1})
        for variant in "ABCD"
    },
    "vgg": ("VGGInvariant", {"swap": ["invB", "invC"], "mixing": "impulse", "width": 1}),
    "vgg_reference": ("VGGInvariant", {"swap": [], "width": 1, "classifier_activation": None}),
    "invariant_1x1": ("InvariantNetMNIST", {"filters": [2, 3]}),
    "invariant_dct": ("InvariantNetMNIST", {"filters": [2, 3], "mixing": "dct", "classifier_activation": None}),
    "invariant_random": ("InvariantNetMNIST", {"filters": [2, 3], "mixing": "random", "seed": 3}),
    "conv": ("ConvNetMNIST", {"kernel_size": 5, "filters": [2, 3]}),
}

FEW = ("--quick", "--images", "32", "--epochs", "1")
DISTILL = ("distill", "--L=2", "--order=1", "--kernel-size=5", "--images=50", "--held-out=20", "--size=12")
# Arguments by name of the result, which is a folder or a file. A batch is 50 images: an epoch is one step, whose
# result does not depend on their order.
COMMANDS = {
    "distill": (*DISTILL, "--epochs=2"),
    "distill-random": (*DISTILL, "--design=paper", "--initializer=glorot_uniform", "--epochs=3", "--loss=mse"),
    "frontier.json": ("frontier", "--quick", "--held-out=8", "--size=8", "--L=2", "--J=1", "--order=1"),
    "stability.json": ("stability", "morlet_o1", "cifar10_o1", "--images=8", "--size=32"),
    "bench.json": ("bench", "--quick", "--programs", "exact-tensorflow", "paper-tensorflow"),
    **{name: ("reproduce", name, "--quick", "--images", "10") for name in ("fig3", "fig4", "fig5", "fig6", "fig7")},
    "generalisation": ("reproduce", "generalisation", "--quick", "--images", "10"),
    "table1": ("reproduce", "table1", "--quick", "--images", "8"),
    "table2": ("reproduce", "table2", "--quick"),
    "downstream": ("reproduce", "downstream", "--quick"),
    "mnist-mixing": ("reproduce", "mnist-mixing", *FEW),
    "mnist-search": ("reproduce", "mnist-search", "--only", "conv", *FEW),
    "cifar-swap": ("reproduce", "cifar-swap", "--only", "invC-1x1", *FEW),
    "cifar-hybrid": ("reproduce", "cifar-hybrid", "--only", "A", *FEW),
}


def coefficients(shape, arguments, levels):
    """Coefficients of noise, which is no image: an inverse of anything must be the same."""
    made = keras.tree.flatten(DTCWT(levels=levels, **arguments)(np.zeros(shape, "float32")))
    return [random(*part.shape, seed=100 + i) for i, part in enumerate(made)]


def write_layers(folder, work):
    for layer_name, cases in LAYERS.items():
        for case, (arguments, shape) in cases.items():
            about = {"layer": layer_name, "arguments": arguments, "call": {}}
            inputs = [random(*shape)]
            if layer_name == "InverseDTCWT":
                inputs = coefficients(shape, arguments, 3 if case == "levels_3" else 1 if case == "levels_1" else 2)
                about["call"] = {"size": shape[2:] if "data_format" in arguments else shape[1:3]}
            name = f"{layer_name}-{case}"
            print(name)
            write_layer(folder / "layers" / name, about, inputs, work)


def write_layer(path, about, inputs, work):
    keras.utils.set_random_seed(0)
    layer = make_layer(about)
    model = model_of(layer, inputs, about["call"])
    outputs, gradients = evaluate(layer, inputs, about["call"])
    constrained = {
        variable.name: to_numpy(variable.constraint(variable))
        for variable in layer.trainable_weights
        if variable.constraint is not None
    }
    arrays = numbered("input", inputs) | numbered("output", outputs) | numbered("gradient", gradients)
    arrays |= {f"constrained {name}": array.astype("float32") for name, array in constrained.items()}
    write_arrays(path.with_name(f"{path.name}.npz"), about, arrays)
    write_model_files(model, path, work)
    if isinstance(layer, ComplexModulusConv):
        for ending in ("filters.weights.h5", "filters.npz"):
            layer.save_filters(work / f"group.{ending}", overwrite=True, data="noise")
            pack(work / f"group.{ending}", path.with_name(f"{path.name}.{ending}"))


def write_model_files(model, path, work):
    model.save(work / "model.keras")
    model.save_weights(work / "model.weights.h5", overwrite=True)
    for ending in ("keras", "weights.h5"):
        pack(work / f"model.{ending}", path.with_name(f"{path.name}.{ending}"))


def write_constraint(folder, work):
    shapes = {"wide": (1, 1, 21, 8), "tall": (1, 1, 4, 9), "three": (3, 3, 5, 4)}
    arrays = {name: random(*shape) for name, shape in shapes.items()}
    limits = {"wide": 1.0, "tall": 0.5, "three": 100.0}
    arrays |= {f"constrained {name}": to_numpy(NonExpansive(limits[name])(arrays[name])) for name in shapes}
    write_arrays(folder / "non_expansive.npz", {"limits": limits}, arrays)


def write_models(folder, work):
    for name, (model_name, arguments) in MODELS.items():
        print(name)
        keras.utils.set_random_seed(0)
        about = {"model": model_name, "arguments": arguments}
        model = make_model(about)
        for i, variable in enumerate(model.weights):
            variable.assign(unlike_initial(to_numpy(variable), i))
        images = random(2, *model.input_shape[1:])
        arrays = {"input_0": images, "output_0": to_numpy(model(images)).astype("float32")}
        write_arrays(folder / "models" / f"{name}.npz", about, arrays)
        write_model_files(model, folder / "models" / name, work)


def unlike_initial(array, seed):
    """Values that differ from the initial ones; large kernels become sparse, so that their files are small."""
    generator = np.random.RandomState(seed)
    if array.ndim < 2:
        return array + generator.uniform(0, 0.3, array.shape)
    if array.size < 10_000:
        return array
    return 4 * array * (generator.uniform(size=array.shape) < 1 / 256)


def write_distiller(folder, work):
    """A distiller that was trained for a step, and what another step makes of it."""
    keras.utils.set_random_seed(0)
    distiller = ScatteringDistiller(ComplexModulusConv(L=2, kernel_size=5))
    distiller.compile(keras.optimizers.Adam(1e-3))
    images = random(4, 12, 16, 1)
    distiller.fit(images, batch_size=4, verbose=0)
    arrays = {"input": images, "output": to_numpy(distiller(images))}
    write_model_files(distiller, folder / "distiller", work)
    history = distiller.fit(images, batch_size=4, verbose=0).history
    arrays["output after another step"] = to_numpy(distiller(images))
    arrays = {name: array.astype("float32") for name, array in arrays.items()}
    write_arrays(folder / "distiller.npz", {"history": history}, arrays)


def write_commands(folder, work):
    for name, arguments in COMMANDS.items():
        print(name)
        run(work / name, arguments)
        keep(work / name, folder / "commands" / name, arguments)
    # Ctrl-C after the first epoch.
    with mock.patch.object(keras.callbacks, "CSVLogger", Interrupted):
        run(work / "interrupted", COMMANDS["distill-random"], status=130)
    keep(work / "interrupted", folder / "commands" / "distill-interrupted", COMMANDS["distill-random"])


class Interrupted(keras.callbacks.CSVLogger):
    def on_epoch_end(self, epoch, logs=None):
        super().on_epoch_end(epoch, logs)
        os.kill(os.getpid(), signal.SIGINT)


def run(out, arguments, status=0):
    with contextlib.redirect_stdout(sys.stderr):
        found = cli([*arguments, "--out", str(out)])
    assert found == status, f"{arguments} gave {found}"


def keep(out, to, arguments):
    """Copy a result, without what is large, and list the names of all its files."""
    to.mkdir(parents=True)
    source = out.parent / f"{out.name}-files" if out.is_file() else out
    if out.is_file():
        source.mkdir()
        for path in (out, out.with_suffix(".png")):
            shutil.move(path, source / path.name)
    names = file_names(source)
    for name in names:
        # Experiments keep the state of a distillation as `distill` does: once is enough.
        if not name.endswith(LEFT_OUT) and not (arguments[0] == "reproduce" and "state/" in name):
            (to / "result" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / name, to / "result" / name)
    (to / "about.json").write_text(json.dumps({"arguments": arguments, "files": names}, indent=1) + "\n")


def write_hashes(folder, work):
    entries = {name: saved_filters.describe(name) for name in saved_filters.names()}
    shipped = pathlib.Path(keras_scatter.__file__).parents[1] / "saved_filters"
    kept = {
        name: {
            "file": entry["file"],
            "sha256": hashlib.sha256((shipped / entry["file"]).read_bytes()).hexdigest(),
            "config": entry["config"],
        }
        for name, entry in entries.items()
    }
    (folder / "saved_filters.json").write_text(json.dumps(kept, indent=1) + "\n")


PARTS = {
    "layers": write_layers,
    "constraint": write_constraint,
    "models": write_models,
    "distiller": write_distiller,
    "hashes": write_hashes,
    "commands": write_commands,
}


def main(parts):
    """Write the named parts, or all."""
    folder = FOLDER / f"v{keras_scatter.__version__}"
    folder.mkdir(exist_ok=True)
    for part in parts or PARTS:
        with tempfile.TemporaryDirectory() as work:
            PARTS[part](folder, pathlib.Path(work))


if __name__ == "__main__":
    main(sys.argv[1:])

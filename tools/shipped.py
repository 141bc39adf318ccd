"""How the shipped filter groups are made: `python tools/shipped.py NAME ...`.

Each group of images is distilled in `runs/NAME` (an interrupted run goes on there), measured on held-out images of
every set in `MEASURED`, and written with its entry of the index into the folder `saved_filters` of the checkout; groups
of signals are designed, and measured on held-out recordings of spoken digits. `tiny_imagenet` is a folder with the
validation images of Tiny ImageNet, and `spoken_digits` one with the recordings of the Free Spoken Digit Dataset, or
links to them, where the program is started.
"""

import dataclasses
import hashlib
import pathlib
import sys
import tempfile

import keras

from keras_scatter import files
from keras_scatter.errors import errors_by_order
from keras_scatter.layers import ComplexModulusConv1D, ScatteringFFT1D
from keras_scatter.workflows import spoken_digits
from keras_scatter.workflows.distill import DistillConfig, distill, distilled_layer, errors_on

FOLDER = pathlib.Path(__file__).parents[1] / "saved_filters"
MEASURED = {"cifar10": 32, "tiny_imagenet": 64, "dead_leaves": 32, "random": 32}  # sizes of the images
HELD_OUT = 1000

# The paper's training: random kernels, batches of 50, 30 to 60 epochs; the errors no longer fall after 20.
PAPER = DistillConfig(
    design="paper", initializer="glorot_uniform", epochs=30, images=10_000, held_out=HELD_OUT, loss="balanced", seed=1
)
DESIGNED = DistillConfig(epochs=0)
REFINED = DistillConfig("cifar10", epochs=10, images=10_000, held_out=HELD_OUT)
# The arguments of the faithful groups.
FAITHFUL = {
    "o1": {"order": 1},
    "o2": {},
    "J3_o2": {"J": 3},
    "J4_o2": {"J": 4},
    "L4_o2": {"L": 4},
    "L6_o2": {"L": 6},
}
RECIPES = {
    f"{name}_{arguments}": dataclasses.replace(recipe, **FAITHFUL[arguments])
    for name, recipe in (("morlet", DESIGNED), ("refined", REFINED))
    for arguments in FAITHFUL
}
# Images of 32 pixels are all border for J = 4.
RECIPES["refined_J4_o2"] = dataclasses.replace(
    RECIPES["refined_J4_o2"], dataset="dead_leaves", size=64, images=2500, held_out=250
)
RECIPES |= {
    f"{dataset}_o{order}": dataclasses.replace(PAPER, order=order, dataset=dataset, size=size)
    for dataset, size in (("cifar10", 32), ("tiny_imagenet", 64), ("random", 32))
    for order in (1, 2)
}


SIGNALS = {f"morlet_1d_Q{Q}": {"J": 6, "Q": Q} for Q in (1, 4, 8)}


def make(name):
    """Make one shipped group and enter it into the index."""
    entry, content = (of_signals if name in SIGNALS else of_images)(name)
    file = f"{name}.weights.h5"
    entry |= {"file": file, "sha256": hashlib.sha256(content).hexdigest()}
    index_file = FOLDER / "index.json"
    index = files.read_json(index_file) | {name: entry}
    files.write_atomically(FOLDER / file, content)
    files.write_json(index_file, dict(sorted(index.items())), sealed=True)


def of_images(name):
    """Distil a group of images: its entry in the index, and its file."""
    recipe = RECIPES[name]
    run = pathlib.Path("runs") / name
    report = distill(recipe, run, resume=True, verbose=2)
    if not report["finished"]:
        raise KeyboardInterrupt
    layer = distilled_layer(run)
    trained = recipe.epochs > 0
    entry = {
        "config": layer.group_config,
        "data": f"{report['images']['train'][0]} images of {recipe.dataset}" if trained else "none: designed",
        "epochs": recipe.epochs,
        "relative_error": {dataset: errors_on(dataset, layer, HELD_OUT, size) for dataset, size in MEASURED.items()},
    }
    return entry, (run / "filters.weights.h5").read_bytes()


def of_signals(name):
    """Design a group of signals: its entry in the index, and its file."""
    recordings = spoken_digits.load("spoken_digits")
    signals = recordings[recordings.is_held_out].signals[..., None]
    layer = ComplexModulusConv1D(**SIGNALS[name])
    exact, found = (model.predict(signals, batch_size=20) for model in map(_model, (_exact(layer), layer)))
    errors = errors_by_order(found, exact, layer.paths)
    whole = ComplexModulusConv1D(**SIGNALS[name], padding="periodic")
    entry = {
        "config": layer.group_config,
        "data": "none: designed",
        "epochs": 0,
        "relative_error": {"spoken_digits": errors},
        "multiply_adds": round(whole.multiply_adds(signals.shape[1]) / signals.shape[1]),
        "latency": layer.stream().latency,
    }
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "filters.weights.h5"
        layer.save_filters(path, data=entry["data"], relative_error=entry["relative_error"])
        return entry, path.read_bytes()


def _exact(layer):
    return ScatteringFFT1D(layer.J, layer.Q)


def _model(layer):
    return keras.Sequential([keras.Input((8192, 1)), layer])


if __name__ == "__main__":
    for name in sys.argv[1:] or [*RECIPES, *SIGNALS]:
        make(name)

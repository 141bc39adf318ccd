"""How the shipped filter groups are made: `python tools/shipped.py NAME ...`.

Each group is distilled in `runs/NAME` (an interrupted run goes on there), measured on held-out images of every set in
`MEASURED`, and written with its entry of the index into the folder `saved_filters` of the checkout. `tiny_imagenet` is
a folder with the validation images of Tiny ImageNet, or a link to it, where the program is started.
"""

import dataclasses
import hashlib
import pathlib
import sys

from keras_scatter import files
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


def make(name):
    """Make one shipped group and enter it into the index."""
    recipe = RECIPES[name]
    run = pathlib.Path("runs") / name
    report = distill(recipe, run, resume=True, verbose=2)
    if not report["finished"]:
        raise KeyboardInterrupt
    file = f"{name}.weights.h5"
    content = (run / "filters.weights.h5").read_bytes()
    layer = distilled_layer(run)
    trained = recipe.epochs > 0
    entry = {
        "file": file,
        "sha256": hashlib.sha256(content).hexdigest(),
        "config": layer.group_config,
        "data": f"{report['images']['train'][0]} images of {recipe.dataset}" if trained else "none: designed",
        "epochs": recipe.epochs,
        "relative_error": {dataset: errors_on(dataset, layer, HELD_OUT, size) for dataset, size in MEASURED.items()},
    }
    index_file = FOLDER / "index.json"
    index = files.read_json(index_file) | {name: entry}
    files.write_atomically(FOLDER / file, content)
    files.write_json(index_file, dict(sorted(index.items())), sealed=True)


if __name__ == "__main__":
    for name in sys.argv[1:] or RECIPES:
        make(name)

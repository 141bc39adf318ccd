"""How a distillation carries over: designed filters refined on one set of images, measured on all."""

import dataclasses
import json
import pathlib

from keras_scatter.arguments import check_integer
from keras_scatter.saved_filters import write_atomically
from keras_scatter.workflows import reports
from keras_scatter.workflows.distill import DistillConfig, distill, distilled_layer, errors_on
from keras_scatter.workflows.folders import check_folder, start_folder, versions

SETS = ("cifar10", "dead_leaves")
HELD_OUT, QUICK_IMAGES = 1000, 50
NOTE = (
    "Relative errors by order on images that were not trained on. Filters start from the design and are refined "
    "by Adam with a rate that falls from 1e-5 to 0."
)


def run(
    out=None,
    quick=False,
    resume=False,
    overwrite=False,
    dataset=None,
    epochs=None,
    images=None,
    verbose="auto",
):
    """Distil on every set, and write and print the errors on all.

    Files: a folder for every set with the files of `keras_scatter.workflows.distill.distill`; `summary.json`.

    Args:
        out: folder to make; None means `runs/generalisation`, with `-quick` in the quick form.
        quick: one epoch of a few procedural images, order 1: shows that all works, measures nothing.
        resume: go on with the run in `out`.
        overwrite: replace the run in `out`; not together with `resume`.
        dataset: a further set beside CIFAR-10 and dead leaves, such as a folder with the images of Tiny ImageNet; see
            `keras_scatter.workflows.datasets.load_images`.
        epochs, images: how long, and on how many images; None means the defaults of `DistillConfig`.
        verbose: as in `keras.Model.fit`.

    Returns:
        The content of `summary.json`.
    """
    out = pathlib.Path(out or f"runs/generalisation{'-quick' * quick}")
    sets = ["random"] if quick else [*SETS, *([dataset] if dataset else [])]
    given = {"epochs": epochs, "images": images}
    counts = {name: None if count is None else check_integer(name, count) for name, count in given.items()}
    config = DistillConfig(held_out=HELD_OUT, **counts)
    if quick:
        few = min(images or QUICK_IMAGES, QUICK_IMAGES)
        config = dataclasses.replace(config, order=1, epochs=1, images=few, held_out=few)
    protocol = {"experiment": "generalisation", "sets": sets, **dataclasses.asdict(config)}
    del protocol["dataset"]
    check_folder(protocol, out, resume, overwrite)
    start_folder(protocol, out, resume)
    layers = {"design": config.student()}
    for name in sets:
        folder = out / pathlib.Path(name).name
        report = distill(dataclasses.replace(config, dataset=name), folder, resume, overwrite, verbose)
        if not report["finished"]:
            raise KeyboardInterrupt
        layers[name] = distilled_layer(folder)
    measured = {"held_out": config.held_out, "size": config.size}
    rows = {trained: {name: errors_on(name, layer, **measured) for name in sets} for trained, layer in layers.items()}
    summary = protocol | {"note": NOTE, "rows": rows, "versions": versions()}
    write_atomically(out / "summary.json", json.dumps(summary, indent=1).encode())
    reports.print_generalisation(summary, out)
    return summary

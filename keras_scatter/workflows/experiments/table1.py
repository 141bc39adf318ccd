"""Stability to noise, shifts and deformations, table 1 of the paper on distilled filter groups."""

import json
import pathlib

from keras_scatter.saved_filters import write_atomically
from keras_scatter.workflows import plots, reports, stability
from keras_scatter.workflows.folders import check_folder, start_folder

GROUPS = ("morlet_o2", "random_o2", "cifar10_o2", "tiny_imagenet_o2")
# ||x - y||^2, ||Sx - Sy||^2 for Kymatio, ||Vx - Vy||^2 for the paper's convolutions.
PAPER = {
    "noise": (0.490209549, 0.001616994, 0.000192489),
    "shift": (0.725464642, 0.002832161, 0.001696022),
    "deformation": (0.637948691, 0.002723926, 0.002358358),
}
NOTE = (
    "Squared distances sum |Vx - Vy|^2 / sum |Vx|^2; the noise is such that the distance of the images is the paper's. "
    "The paper does not say what it divides by: the columns compare here and there, the numbers do not."
)


def run(out=None, quick=False, resume=False, overwrite=False, dataset="dead_leaves", images=2048):
    """Measure the exact transform and filter groups, and write and print the table.

    Args:
        out: folder for `config.json`, `summary.json` and `distances.png`; None means `runs/table1`, with `-quick` in
            the quick form.
        quick: a few small images.
        resume: keep a finished run.
        overwrite: replace the run in `out`; not together with `resume`.
        dataset: see `keras_scatter.workflows.datasets.load_images`; the paper's is a folder with the validation images
            of Tiny ImageNet.
        images: how many of them.

    Returns:
        The content of `summary.json`.
    """
    out = pathlib.Path(out or f"runs/table1{'-quick' * quick}")
    images, size = (min(images, 32), 32) if quick else (images, 64)
    protocol = {"experiment": "table1", "dataset": dataset, "images": images, "size": size}
    check_folder(protocol, out, resume, overwrite)
    result = out / "summary.json"
    if not (resume and result.exists()):
        start_folder(protocol, out, resume)
        found = stability.compare(GROUPS, dataset, images, size)
        summary = protocol | {"note": NOTE, "rows": _rows(found["distances"]), "versions": found["versions"]}
        write_atomically(result, json.dumps(summary, indent=1).encode())
    summary = json.loads(result.read_text())
    plots.save(plots.distances(summary), out / "distances.png")
    reports.print_distances(summary, out)
    return summary


def _rows(distances):
    """Squared distances by perturbation: of the images, of every layer, and the paper's."""
    return {
        name: {
            "images": next(iter(distances.values()))[name]["images"] ** 2,
            **{layer: found[name]["features"] ** 2 for layer, found in distances.items()},
            "paper": dict(zip(("images", "Kymatio", "convolutions"), paper)),
        }
        for name, paper in PAPER.items()
    }

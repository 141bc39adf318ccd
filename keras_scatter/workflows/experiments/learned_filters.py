"""Filter groups that the paper's network learns from random kernels: what figures 5 to 7 share."""

import dataclasses
import json
import pathlib

from keras_scatter.arguments import check_integer
from keras_scatter.saved_filters import write_atomically
from keras_scatter.workflows import reports
from keras_scatter.workflows.distill import DistillConfig, distill

HELD_OUT, QUICK_IMAGES = 1000, 50


@dataclasses.dataclass(frozen=True)
class Learned:
    """A figure of learned filters.

    Attributes:
        name: name of the experiment.
        title: what it shows, for people.
        paper: what the paper's figure shows and how it was made.
        dataset: where the images come from, see `run`; None where it must be said.
        size, images, epochs: height and width of the images, their number, and how long the training is.
    """

    name: str
    title: str
    paper: str
    dataset: str | None
    size: int = 32
    images: int = 10_000
    epochs: int = 30


def run(
    learned,
    out=None,
    quick=False,
    resume=False,
    overwrite=False,
    dataset=None,
    epochs=None,
    images=None,
    verbose="auto",
):
    """Distil the paper's second-order network from random kernels and draw its filters.

    Files: those of `keras_scatter.workflows.distill.distill`, with the picture in `filters.png`, and `summary.json`.

    Args:
        learned: a `Learned`, which has the defaults of the other arguments.
        out: folder to make; None means `runs/NAME`, with `-quick` in the quick form.
        quick: one epoch of a few procedural images: shows that all works.
        resume: go on with the run in `out`.
        overwrite: replace the run in `out`; not together with `resume`.
        dataset: see `keras_scatter.workflows.datasets.load_images`.
        epochs, images: how long, and on how many images.
        verbose: as in `keras.Model.fit`.

    Returns:
        The content of `summary.json`.
    """
    out = pathlib.Path(out or f"runs/{learned.name}{'-quick' * quick}")
    epochs = learned.epochs if epochs is None else check_integer("epochs", epochs)
    images = learned.images if images is None else check_integer("images", images)
    held_out, dataset = HELD_OUT, dataset or learned.dataset
    if quick:
        dataset, epochs, images, held_out = "random", 1, min(images, QUICK_IMAGES), QUICK_IMAGES
    if dataset is None:
        raise ValueError(
            f"dataset must be given for {learned.name}, such as a folder of images. Received: dataset=None"
        )
    counts = {"epochs": epochs, "images": images, "held_out": held_out, "size": learned.size}
    config = DistillConfig(dataset, design="paper", initializer="glorot_uniform", seed=1, **counts)
    report = distill(config, out, resume, overwrite, verbose)
    if not report["finished"]:
        raise KeyboardInterrupt
    about = {"experiment": learned.name, "title": learned.title, "paper": learned.paper}
    summary = about | {key: report[key] for key in ("config", "images", "relative_error", "versions")}
    write_atomically(out / "summary.json", json.dumps(summary, indent=1).encode())
    reports.print_learned_filters(summary, out)
    return summary

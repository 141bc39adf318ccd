"""Architectures compared by their accuracy over several seeds: what the experiments with tables of accuracies share."""

import dataclasses
import json
import pathlib
import shutil
import statistics
from collections.abc import Callable

import keras
from rich.console import Console

from keras_scatter.arguments import check_choice, check_integer
from keras_scatter.saved_filters import write_atomically
from keras_scatter.workflows import plots, reports
from keras_scatter.workflows.datasets import load_labelled, standardised, striped_images
from keras_scatter.workflows.experiments.training import Recipe, train
from keras_scatter.workflows.folders import check_folder, start_folder, versions
from keras_scatter.workflows.optional import require

QUICK_IMAGES, QUICK_EPOCHS, QUICK_WIDTH = 256, 1, 4


@dataclasses.dataclass(frozen=True)
class Architecture:
    """A row of the table.

    Attributes:
        build: function of the recipe, the seed and the base width (see `Comparison`); gives a model with logits.
        recipe: how it is trained.
        paper: the paper's accuracy in percent, None if it gives none.
        paper_deviation: its standard deviation, None if the paper gives none.
        paper_recipe: the paper's recipe, None if it is `recipe`.
    """

    build: Callable
    recipe: Recipe
    paper: float | None = None
    paper_deviation: float | None = None
    paper_recipe: Recipe | None = None


@dataclasses.dataclass(frozen=True)
class Comparison:
    """A table of accuracies.

    Attributes:
        name: name of the experiment.
        title: what it shows, for people.
        note: a sentence on how the protocol differs from the paper's.
        dataset, shape, splits: see `keras_scatter.workflows.datasets.load_labelled`.
        architectures: dict of `Architecture` by name.
        quick: names of those in the quick form.
        width: the paper's base width of the networks; None where it cannot be chosen.
        seeds: default number of trainings of each.
    """

    name: str
    title: str
    note: str
    dataset: str
    shape: tuple
    splits: tuple
    architectures: dict
    quick: tuple
    width: int | None = None
    seeds: int = 5


def run(
    comparison,
    out=None,
    quick=False,
    resume=False,
    overwrite=False,
    seeds=None,
    only=None,
    epochs=None,
    images=None,
    width=None,
    verbose="auto",
):
    """Train what is not yet trained, and write and print the table.

    Files: `NAME/seed_0.json` and so on for every architecture, with accuracy, hyperparameters, history and versions;
    `NAME/seed_0/` with Keras's log, TensorBoard's and, while it is trained, its checkpoint; `summary.json` and
    `accuracy.png`.

    Args:
        comparison: a `Comparison`.
        out: folder to make; None means `runs/NAME`, with `-quick` in the quick form.
        quick: some architectures, one seed, an epoch of a few synthetic images: shows that all works, measures nothing.
        resume: go on with the run in `out`; finished seeds are kept, further seeds and architectures may be added.
        overwrite: replace the run in `out`; not together with `resume`.
        seeds: number of trainings of each architecture, with seeds from 0 on.
        only: names of the architectures; None means all.
        epochs: another number of epochs than the paper's; the learning rate drops in proportion.
        images: train and measure on so many images only.
        width: another base width of the networks than the paper's, where they have one.
        verbose: as in `keras.Model.fit`.

    Returns:
        The content of `summary.json`.
    """
    out = folder_of(comparison, quick, out)
    names = chosen(comparison, quick, only)
    seeds = check_integer("seeds", (1 if quick else comparison.seeds) if seeds is None else seeds)
    protocol = protocol_of(comparison, quick, epochs, images, width)
    check_folder(protocol, out, resume, overwrite)
    require("matplotlib", "plots")
    data = load(comparison, protocol)
    start_folder(protocol, out, resume, comparison.architectures)
    for seed in range(seeds):
        for name in names:
            if not _result_file(out, name, seed).exists():
                Console().print(f"{comparison.name}: {name}, seed {seed}")
                result = _train(comparison, name, seed, protocol, data, out, verbose)
                write_atomically(_result_file(out, name, seed), json.dumps(result, indent=1).encode())
                shutil.rmtree(out / name / f"seed_{seed}" / "backup")
            _write_summary(comparison, protocol, out)
    summary = json.loads((out / "summary.json").read_text())
    plots.save(plots.accuracies(summary), out / "accuracy.png")
    reports.print_accuracies(summary, out)
    return summary


def folder_of(comparison, quick, out):
    """The folder for the results."""
    return pathlib.Path(out or f"runs/{comparison.name}{'-quick' * quick}")


def chosen(comparison, quick, only):
    """Names of the architectures to be trained."""
    names = list(only or (comparison.quick if quick else comparison.architectures))
    for name in names:
        check_choice("only", name, tuple(comparison.architectures))
    return names


def protocol_of(comparison, quick, epochs, images, width=None):
    """What must agree between all results of a folder."""
    if width is not None and not comparison.width:
        raise ValueError(f"width must be None for {comparison.name}. Received: width={width!r}")
    quick_images, quick_epochs, quick_width = (QUICK_IMAGES, QUICK_EPOCHS, QUICK_WIDTH) if quick else (None,) * 3
    return {
        "experiment": comparison.name,
        "dataset": "stripes" if quick else comparison.dataset,
        "splits": list(comparison.splits),
        "images": quick_images if images is None else check_integer("images", images),
        "epochs": quick_epochs if epochs is None else check_integer("epochs", epochs),
        "width": (quick_width if comparison.width else None) if width is None else check_integer("width", width),
        "quick": quick,
    }


def load(comparison, protocol):
    """Pairs of images and labels, to train on and to measure on."""
    if protocol["quick"]:
        data = [striped_images(protocol["images"], comparison.shape, seed=seed) for seed in (0, 1)]
    else:
        data = load_labelled(comparison.dataset, comparison.splits, protocol["images"])
    (train_images, train_labels), (test_images, test_labels) = data
    train_images, test_images = standardised(train_images, test_images)
    return (train_images, train_labels), (test_images, test_labels)


def _train(comparison, name, seed, protocol, data, out, verbose):
    """Train one architecture once; the content of its result file."""
    architecture = comparison.architectures[name]
    recipe = architecture.recipe.of_length(protocol["epochs"] or architecture.recipe.epochs)
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    model = architecture.build(recipe, seed, protocol["width"] or comparison.width)
    history = train(model, recipe, data, seed, out / name / f"seed_{seed}", verbose)
    return {
        **protocol,
        "architecture": name,
        "seed": seed,
        "hyperparameters": dataclasses.asdict(recipe),
        "trained_on": len(data[0][0]),
        "measured_on": len(data[1][0]),
        "parameters": model.count_params(),
        "accuracy": 100 * history["val_accuracy"][-1],
        "history": history,
        "versions": versions(),
    }


def _write_summary(comparison, protocol, out):
    """Collect the results that are there."""
    rows = {}
    for name, architecture in comparison.architectures.items():
        files = sorted((out / name).glob("seed_*.json"), key=lambda file: int(file.stem.split("_")[1]))
        results = [json.loads(file.read_text()) for file in files]
        if not results:
            continue
        found = [result["accuracy"] for result in results]
        rows[name] = {
            "accuracy": statistics.mean(found),
            "deviation": statistics.stdev(found) if len(found) > 1 else None,
            "each": found,
            "paper": architecture.paper,
            "paper_deviation": architecture.paper_deviation,
            "paper_hyperparameters": dataclasses.asdict(architecture.paper_recipe or architecture.recipe),
            **{key: results[0][key] for key in ("parameters", "hyperparameters", "trained_on", "measured_on")},
        }
    summary = {**protocol, "title": comparison.title, "note": note_of(comparison, protocol), "rows": rows}
    write_atomically(out / "summary.json", json.dumps(summary | {"versions": versions()}, indent=1).encode())


def note_of(comparison, protocol):
    """How the accuracies were measured, for people."""
    if protocol["quick"]:
        return "Quick form: synthetic images, small networks. The accuracies measure nothing."
    reduced = [f"{protocol[key]} {key}" for key in ("epochs", "images") if protocol[key]]
    reduced += [f"base width {protocol['width']} instead of {comparison.width}"] if protocol["width"] else []
    return comparison.note + (f" Reduced protocol: {', '.join(reduced)}." if reduced else "")


def _result_file(out, name, seed):
    return out / name / f"seed_{seed}.json"

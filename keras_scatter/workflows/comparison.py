"""Architectures compared by their accuracy over several seeds: what the experiments with tables of accuracies share."""

import dataclasses
import shutil
import statistics
from collections.abc import Callable

import keras
import numpy as np

from keras_scatter.backend import processes
from keras_scatter.workflows import charts, reports
from keras_scatter.workflows.datasets import load_labelled, standardised, striped_images
from keras_scatter.workflows.experiment import QUICK_NOTE, Series, chosen, given
from keras_scatter.workflows.training import Recipe, train

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


@dataclasses.dataclass(frozen=True, kw_only=True)
class Comparison(Series):
    """A table of accuracies.

    Files: `NAME/seed_0.json` and so on for every architecture, with accuracy, hyperparameters, history and versions;
    `NAME/seed_0/` with a log, TensorBoard's and, while it is trained, its checkpoint.

    Attributes:
        dataset, shape, splits: see `keras_scatter.workflows.datasets.load_labelled`.
        architectures: dict of `Architecture` by name.
        quick: names of those in the quick form.
        width: the paper's base width of the networks; None where it cannot be chosen.
        seeds: default number of trainings of each.
    """

    dataset: str
    shape: tuple
    splits: tuple
    architectures: dict
    quick: tuple
    width: int | None = None
    seeds: int = 5

    figure = "accuracy.png"
    extra, needs = "reproduce", ("matplotlib", "tensorboard")
    pattern = "*/seed_*.json"
    launched = True

    def plan(
        self,
        quick,
        seeds: int | None = None,
        only: list[str] | None = None,
        epochs: int | None = None,
        images: int | None = None,
        width: int | None = None,
    ):
        """As in `Experiment`.

        Args:
            seeds: trainings of each architecture, with seeds from 0 on (default: 5).
            only: names of the architectures (default: all).
            epochs: another number of epochs than the paper's; the learning rate drops in proportion.
            images: train and measure on so many images only.
            width: another base width of the networks than the paper's, where they have one.
        """
        names = chosen(only, self.quick if quick else self.architectures, self.architectures)
        seeds = given("seeds", seeds, 1 if quick else self.seeds)
        protocol = self.protocol(quick, epochs, images, width)
        return protocol, [f"{name}/seed_{seed}" for seed in range(seeds) for name in names]

    def protocol(self, quick, epochs=None, images=None, width=None):
        """What must agree between all results of a folder."""
        if width is not None and not self.width:
            raise ValueError(f"width must be None for {self.label}. Received: width={width!r}")
        return {
            "dataset": "stripes" if quick else self.dataset,
            "splits": list(self.splits),
            "images": given("images", images, QUICK_IMAGES if quick else None),
            "epochs": given("epochs", epochs, QUICK_EPOCHS if quick else None),
            "width": given("width", width, QUICK_WIDTH if quick and self.width else None),
            "quick": quick,
        }

    def parts(self, protocol):
        return tuple(self.architectures)

    def prepare(self, protocol):
        """Pairs of images and labels, to train on and to measure on."""
        if protocol["quick"]:
            data = [striped_images(protocol["images"], self.shape, seed=seed) for seed in (0, 1)]
        else:
            data = load_labelled(self.dataset, self.splits, protocol["images"])
        (train_images, train_labels), (test_images, test_labels) = data
        train_images, test_images = standardised(train_images, test_images)
        return (train_images, train_labels), (test_images, test_labels)

    def measure(self, job, protocol, data, out, verbose):
        """Train one architecture once."""
        name, seed = job.split("/seed_")
        architecture, seed = self.architectures[name], int(seed)
        recipe = architecture.recipe.of_length(protocol["epochs"] or architecture.recipe.epochs)
        keras.utils.clear_session()
        keras.utils.set_random_seed(seed)
        with processes.scope():
            model = architecture.build(recipe, seed, protocol["width"] or self.width)
            history = train(model, recipe, data, seed, out / job, verbose)
        shutil.rmtree(out / job / "backup")
        return {
            "architecture": name,
            "seed": seed,
            "hyperparameters": dataclasses.asdict(recipe),
            "trained_on": len(data[0][0]),
            "measured_on": len(data[1][0]),
            "parameters": model.count_params(),
            "accuracy": 100 * history["val_accuracy"][-1],
            "history": history,
        }

    def rows(self, results):
        rows = {}
        for name, architecture in self.architectures.items():
            found = sorted(
                (found for found in results.values() if found["architecture"] == name), key=lambda found: found["seed"]
            )
            if found:
                each = [result["accuracy"] for result in found]
                rows[name] = {
                    **mean_and_deviation(each),
                    "paper": architecture.paper,
                    "paper_deviation": architecture.paper_deviation,
                    "paper_hyperparameters": dataclasses.asdict(architecture.paper_recipe or architecture.recipe),
                    **{key: found[0][key] for key in ("parameters", "hyperparameters", "trained_on", "measured_on")},
                }
        return rows

    def remark(self, protocol):
        if protocol["quick"]:
            return QUICK_NOTE
        return " ".join(filter(None, [self.note, self.reduced(protocol)]))

    def reduced(self, protocol):
        """As in `Experiment`."""
        if protocol["quick"]:
            return super().reduced(protocol)
        changed = [f"{protocol[key]} {key}" for key in ("epochs", "images") if protocol[key]]
        changed += [f"base width {protocol['width']} instead of {self.width}"] if protocol["width"] else []
        return f"Reduced protocol: {', '.join(changed)}." if changed else None

    def heading(self, summary):
        return f"{self.title}: accuracies in percent"

    def tables(self, summary):
        lines = []
        for name, row in summary["rows"].items():
            here = reports.accuracy(row["accuracy"], row["deviation"])
            paper = reports.accuracy(row["paper"], row["paper_deviation"])
            lines.append((name, f"{row['parameters']:,}", here, str(len(row["each"])), paper))
        return {None: [["architecture", "parameters", "here", "seeds", "paper"], *lines]}

    def draw(self, summary):
        """Accuracies with deviations beside the paper's."""
        rows = summary["rows"]
        figure, axis = charts.subplots(figsize=(7, 1.5 + 0.3 * len(rows)))
        places = np.arange(len(rows))
        for shift, mean, deviation, label in (
            (-0.15, "accuracy", "deviation", "here"),
            (0.15, "paper", "paper_deviation", "paper"),
        ):
            found = [(place, row[mean], row[deviation] or 0) for place, row in zip(places, rows.values()) if row[mean]]
            if found:
                heights, means, deviations = map(np.array, zip(*found))
                axis.errorbar(means, heights + shift, xerr=deviations, fmt="o", capsize=3, label=label)
        axis.set_yticks(places, list(rows))
        axis.invert_yaxis()
        axis.set(title=summary["title"], xlabel="accuracy (%)")
        axis.legend()
        return figure


def mean_and_deviation(each):
    """Of accuracies, with all of them; one has no deviation."""
    deviation = statistics.stdev(each) if len(each) > 1 else None
    return {"accuracy": statistics.mean(each), "deviation": deviation, "each": each}

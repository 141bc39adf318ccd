"""Stability to noise, shifts and deformations: table 1."""

import dataclasses

import numpy as np

from keras_scatter.arguments import check_integer
from keras_scatter.workflows import charts, stability
from keras_scatter.workflows.experiment import Experiment

GROUPS = ("morlet_o2", "random_o2", "cifar10_o2", "tiny_imagenet_o2")
# ||x - y||^2, ||Sx - Sy||^2 for Kymatio, ||Vx - Vy||^2 for the paper's convolutions.
PAPER = {
    "noise": (0.490209549, 0.001616994, 0.000192489),
    "shift": (0.725464642, 0.002832161, 0.001696022),
    "deformation": (0.637948691, 0.002723926, 0.002358358),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Table1(Experiment):
    """The exact transform and filter groups, under perturbations."""

    figure = "distances.png"

    def plan(self, quick, dataset: str = "dead_leaves", images: int = 2048):
        """As in `Experiment`.

        Args:
            dataset: as for distill; the paper's is a folder with the validation images of Tiny ImageNet.
            images: how many of them.
        """
        check_integer("images", images)
        images, size = (min(images, 32), 32) if quick else (images, 64)
        return {"dataset": dataset, "images": images, "size": size}, ["summary"]

    def measure(self, job, protocol, data, out, verbose):
        found = stability.compare(GROUPS, **protocol)
        return {"rows": rows(found["distances"]), "versions": found["versions"]}

    def tables(self, summary):
        lines = [(name, *(f"{value:.3g}" for value in values)) for name, values in by_layer(summary["rows"]).items()]
        return {None: [["", *summary["rows"]], *lines]}

    def draw(self, summary):
        """Squared distances, here and in the paper."""
        found, bars = summary["rows"], by_layer(summary["rows"])
        figure, axis = charts.subplots(figsize=(9, 4))
        width = 0.85 / len(bars)
        for index, (label, heights) in enumerate(bars.items()):
            places = np.arange(len(found)) + (index - (len(bars) - 1) / 2) * width
            axis.bar(places, heights, width, label=label, hatch="//" if label.startswith("paper") else None)
        axis.set_xticks(range(len(found)), list(found))
        axis.set(yscale="log", ylabel="squared distance")
        figure.legend(fontsize=8, ncols=4, loc="outside lower center")
        return figure


def by_layer(found):
    """Distances of the images, of every layer, and the paper's, in the order of the perturbations."""
    first = next(iter(found.values()))
    here = {name: [row[name] for row in found.values()] for name in first if name != "paper"}
    return here | {f"paper: {name}": [row["paper"][name] for row in found.values()] for name in first["paper"]}


def rows(distances):
    """Squared distances by perturbation: of the images, of every layer, and the paper's."""
    return {
        name: {
            "images": next(iter(distances.values()))[name]["images"] ** 2,
            **{layer: found[name]["features"] ** 2 for layer, found in distances.items()},
            "paper": dict(zip(("images", "Kymatio", "convolutions"), paper)),
        }
        for name, paper in PAPER.items()
    }


EXPERIMENT = Table1(
    module=__name__,
    alias="table1",
    title="Squared distances under perturbations (table 1)",
    note="Squared distances sum |Vx - Vy|^2 / sum |Vx|^2; the noise is such that the distance of the images is the "
    "paper's. The paper does not say what it divides by: the columns compare here and there, the numbers do not.",
)

"""Networks behind scattering for ImageNet and their sizes: table 1."""

import dataclasses

import keras
import numpy as np

from keras_scatter.models import ScatResNet10, ScatResNet50, WideScatResNet50
from keras_scatter.workflows.experiment import Series, chosen


@dataclasses.dataclass(frozen=True)
class Network:
    """A row of the table.

    Attributes:
        build: gives the model.
        millions: the paper's number of weights, in millions.
        accuracies: the paper's, in percent: the right class is the first, or among the first five.
        remark: how our number differs from the paper's.
    """

    build: object
    millions: float
    accuracies: tuple
    remark: str = "agrees"


NETWORKS = {
    "scat-resnet10-orders-1-2": Network(lambda: ScatResNet10(order=2), 12.8, (68.7, 88.6)),
    "scat-resnet10": Network(ScatResNet10, 11.4, (67.7, 87.7)),
    "scat-resnet50": Network(ScatResNet50, 27.8, (74.5, 92.0), "agrees if cut, not rounded"),
    "wide-scat-resnet50": Network(WideScatResNet50, 107.2, (76.2, 92.8), "0.2 % fewer, we do not know why"),
}
QUICK = ("scat-resnet10",)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Table1(Series):
    """Numbers of weights, beside the paper's and its accuracies."""

    needs = ()

    def plan(self, quick, only: list[str] | None = None):
        """As in `Experiment`.

        Args:
            only: names of the networks (default: all).
        """
        return {"quick": quick}, chosen(only, QUICK if quick else NETWORKS, NETWORKS)

    def parts(self, protocol):
        return tuple(NETWORKS)

    def measure(self, job, protocol, data, out, verbose):
        keras.utils.clear_session()
        model = NETWORKS[job].build()
        trainable = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
        features = model.get_layer("scattering").output.shape[1:]
        statistics = model.count_params() - trainable
        return {"network": job, "features": list(features), "trainable": trainable, "statistics": statistics}

    def rows(self, results):
        rows = {}
        for name, network in NETWORKS.items():
            if name in results:
                paper = {"millions": network.millions, "accuracies": network.accuracies, "remark": network.remark}
                rows[name] = {key: results[name][key] for key in ("features", "trainable", "statistics")} | paper
        return rows

    def tables(self, summary):
        header = ["network", "features", "trainable weights", "paper", "", "paper: top 1", "top 5"]
        lines = []
        for name, row in summary["rows"].items():
            shape = " x ".join(map(str, row["features"]))
            accuracies = (f"{accuracy:.1f}" for accuracy in row["accuracies"])
            lines.append((name, shape, f"{row['trainable']:,}", f"{row['millions']} M", row["remark"], *accuracies))
        return {None: [header, *lines]}


EXPERIMENT = Table1(
    module=__name__,
    title="Weights of networks behind scattering, 1,000 classes (table 1)",
    note="Accuracies are the paper's, on ImageNet, which is not there to train on.",
)

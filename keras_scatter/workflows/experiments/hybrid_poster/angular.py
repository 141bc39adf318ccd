"""What the first 1x1 layer behind scattering has learned, by angular frequency, and what its weights are worth."""

import dataclasses

import keras
import numpy as np

from keras_scatter.angular import angular_spectrum, angular_threshold
from keras_scatter.layers import ScatteringFFT
from keras_scatter.models import SharedLocalEncoder
from keras_scatter.workflows import charts, reports
from keras_scatter.workflows.comparison import mean_and_deviation
from keras_scatter.workflows.datasets import load_labelled, striped_images
from keras_scatter.workflows.experiment import QUICK_NOTE, Series, given
from keras_scatter.workflows.on_features import feature_shape, features_of
from keras_scatter.workflows.training import Batches, Recipe, compile_classifier

SHAPE, LAST = (32, 32, 3), 10_000
KEPT = (0.5, 0.3, 0.2, 0.1, 0.05)
DRAWS = 3  # of a random basis
RECIPE = Recipe(0.05, 0.9, 5e-4, 1.0, batch=128)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Angular(Series):
    """Energies by angular frequency, and accuracies with a part of the weights in three bases.

    Files: `trainings/seed_0.json` and so on, and `features/` with the features of all images.
    """

    figure = "angular.png"
    pattern = "trainings/seed_*.json"

    def plan(
        self,
        quick,
        seeds: int | None = None,
        images: int | None = None,
        epochs: int | None = None,
        width: int | None = None,
    ):
        """As in `Experiment`.

        Args:
            seeds: trainings, with seeds from 0 on (default: 3).
            images: number of training images of CIFAR-10 to train on (default: 8,000); a quarter as many to measure on.
            epochs: how long each training is (default: 8).
            width: filters of the first 1x1 layer (default: 128).
        """
        seeds = given("seeds", seeds, 1 if quick else 3)
        protocol = {
            "quick": quick,
            "images": given("images", images, 40 if quick else 8000, minimum=4),
            "epochs": given("epochs", epochs, 1 if quick else 8),
            "width": given("width", width, 4 if quick else 128),
        }
        return protocol, [f"trainings/seed_{seed}" for seed in range(seeds)]

    def parts(self, protocol):
        return ("trainings", "features")

    def prepare(self, protocol):
        """Pairs of uint8 images and labels, to train on and to measure on."""
        train, test = protocol["images"], protocol["images"] // 4
        if protocol["quick"]:
            return [striped_images(count, SHAPE, seed=seed) for seed, count in enumerate((train, test))]
        splits = f"train[:{train}]", f"train[{50_000 - min(test, LAST)}:]"
        return load_labelled("cifar10", splits)

    def measure(self, job, protocol, data, out, verbose):
        """Train one network, and take weights of its first layer away."""
        seed, width = int(job.split("seed_")[1]), protocol["width"]
        train, test = features_of(data, out)
        keras.utils.clear_session()
        keras.utils.set_random_seed(seed)
        widths = {"widths": (width, width, width), "dense_widths": (4 * width,)}
        shape = feature_shape(SHAPE)
        model = SharedLocalEncoder(shape, 2, classes=10, scattering=None, classifier_activation=None, **widths)
        batches = Batches(*train, RECIPE.batch, seed)
        compile_classifier(model, RECIPE.of_length(protocol["epochs"]), len(batches))
        model.fit(batches, epochs=protocol["epochs"], shuffle=False, callbacks=[batches.callback()], verbose=verbose)
        layer, scattering = model.get_layer("local1"), ScatteringFFT(J=2, L=8, order=2)
        measured = Batches(*test, RECIPE.batch, seed)

        def accuracy():
            return 100 * model.evaluate(measured, verbose=0, return_dict=True)["accuracy"]

        whole, weights = accuracy(), layer.get_weights()
        found = {basis: {} for basis in ("fourier", "angle", "random")}
        for basis, keep, draw in ((b, keep, d) for b in found for keep in KEPT for d in range(DRAWS)):
            if basis == "random" or draw == 0:
                layer.set_weights(weights)
                sparse = angular_threshold(layer, scattering, keep, basis, seed=draw)
                layer.set_weights(sparse.get_weights())
                found[basis].setdefault(str(keep), []).append(accuracy())
        layer.set_weights(weights)
        return {
            "seed": seed,
            "measured_on": len(test[1]),
            "accuracy": whole,
            "sparse": found,
            "energies": {name: _energies(angular_spectrum(layer, scattering, fold)) for name, fold in FOLDED.items()},
        }

    def rows(self, results):
        if not results:
            return {}
        found = list(results.values())
        sparse = {}
        for basis in found[0]["sparse"]:
            sparse[basis] = {
                str(keep): mean_and_deviation([np.mean(result["sparse"][basis][str(keep)]) for result in found])
                for keep in KEPT
            }
        energies = {
            name: {
                part: np.mean([result["energies"][name][part] for result in found], 0).tolist()
                for part in found[0]["energies"][name]
            }
            for name in FOLDED
        }
        whole = mean_and_deviation([result["accuracy"] for result in found])
        return {"whole": whole, "sparse": sparse, "energies": energies}

    def remark(self, protocol):
        return QUICK_NOTE if protocol["quick"] else self.note

    def tables(self, summary):
        rows = summary["rows"]
        if not rows:
            return {}
        whole = rows["whole"]
        header = ["basis", "all", *(f"{100 * keep:.0f} %" for keep in KEPT)]
        lines = []
        for basis, by_part in rows["sparse"].items():
            cells = (reports.accuracy(entry["accuracy"], entry["deviation"]) for entry in by_part.values())
            lines.append((basis, reports.accuracy(whole["accuracy"], whole["deviation"]), *cells))
        caption = f"Accuracies in percent by the part of the weights that stays, {len(whole['each'])} seeds"
        tables = {caption: [header, *lines]}
        for name, energies in rows["energies"].items():
            frequencies = range(len(energies["order 1"]))
            shares = [(part, *(f"{100 * share:.1f} %" for share in found)) for part, found in energies.items()]
            tables[f"Shares of the energy by angular frequency, {name}"] = [["order", *map(str, frequencies)], *shares]
        return tables

    def draw(self, summary):
        """Accuracy by the part of the weights that stays, and shares of the energy by frequency."""
        rows = summary["rows"]
        figure, (left, right) = charts.subplots(1, 2, figsize=(9, 3.8))
        for basis, by_part in rows["sparse"].items():
            means, deviations = zip(*((entry["accuracy"], entry["deviation"] or 0) for entry in by_part.values()))
            left.errorbar([100 * keep for keep in KEPT], means, deviations, capsize=3, marker=".", label=basis)
        left.axhline(rows["whole"]["accuracy"], color="black", linewidth=0.8, label="all weights")
        left.set(xlabel="weights that stay (%)", xscale="log", ylabel="accuracy (%)")
        left.legend()
        for part, shares in rows["energies"]["of normalised features"].items():
            right.plot(np.multiply(100, shares), marker=".", label=part)
        right.axhline(100 / len(shares), color="black", linewidth=0.8, label="flat")
        right.set(xlabel="angular frequency", ylabel="share of the energy (%)")
        right.legend()
        return figure


FOLDED = {"of normalised features": False, "of features": True}


def _energies(spectrum):
    """Shares of the energy by frequency: of order 1 over all scales, of order 2 by the sum of both frequencies."""
    parts = {"order 1": spectrum.order_1.sum(0), "order 2, both together": spectrum.order_2_joint}
    return {name: (energy / energy.sum()).tolist() for name, energy in parts.items()}


EXPERIMENT = Angular(
    module=__name__,
    title="The first 1x1 layer behind scattering by angular frequency",
    paper="The layer builds invariance along rotations, and Fourier is a natural basis.",
    note="A shared local encoder on CIFAR-10; the layer reads normalised features, its weights are not trained again "
    f"after some are zero. A random basis is the mean of {DRAWS} draws: Fourier must be better than that too.",
)

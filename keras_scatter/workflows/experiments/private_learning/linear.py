"""Linear classifiers trained with differential privacy, on scattering and on pixels."""

import dataclasses

from keras_scatter.arguments import check_choice, check_positive
from keras_scatter.workflows.accuracy_curves import AccuracyCurves
from keras_scatter.workflows.experiment import chosen, given
from keras_scatter.workflows.experiments.distilled_filters.downstream import DATASETS, load
from keras_scatter.workflows.feature_cache import cached
from keras_scatter.workflows.private import fit_private

DELTA, CLASSES = 1e-5, 10
ROWS = ("exact-linear", "pixels-linear")
EPSILONS = (1.0, 2.0, 3.0)
# By data set: batch, learning rate and steps; by features, the largest norms that enter mean and variance: round
# numbers that were not taken from these images. Those for CIFAR-10 are about the medians of other photographs.
RECIPES = {
    "mnist": {"batch": 4096, "learning_rate": 8.0, "steps": 560},
    "cifar10": {"batch": 8192, "learning_rate": 4.0, "steps": 293},
}
NORMS = {
    ("mnist", "exact"): (0.2, 0.05),
    ("mnist", "pixels"): (0.15, 0.1),
    ("cifar10", "exact"): (0.75, 0.4),
    ("cifar10", "pixels"): (0.75, 0.4),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class PrivateLearning(AccuracyCurves):
    """Accuracies by features and epsilon.

    Files: those of `AccuracyCurves`, and `features/` with the features of all images.
    """

    extra, needs = "reproduce", ("matplotlib", "dp_accounting")

    def plan(
        self,
        quick,
        seeds: int | None = None,
        only: list[str] | None = None,
        dataset: list[str] | None = None,
        epsilon: list[float] | None = None,
    ):
        """As in `Experiment`.

        Args:
            seeds: trainings of each row (default: 5).
            only: exact-linear or pixels-linear (default: both).
            dataset: mnist or cifar10 (default: both).
            epsilon: what may be spent (default: 1, 2 and 3).
        """
        names = chosen(only, ROWS, ROWS)
        datasets = [check_choice("dataset", name, tuple(DATASETS)) for name in dataset or DATASETS]
        seeds = given("seeds", seeds, 1 if quick else 5)
        budgets = [check_positive("epsilon", value) for value in epsilon or ((3.0,) if quick else EPSILONS)]
        jobs = [
            f"{dataset}/{name}/{budget:g}_{seed}"
            for dataset in datasets
            for name in names
            for budget in budgets
            for seed in range(seeds)
        ]
        return {"quick": quick, "delta": DELTA, "images": 600 if quick else None}, jobs

    def prepare(self, protocol):
        """By data set, a function that gives pairs of images and labels, to train on and to measure on."""
        return {dataset: lambda dataset=dataset: load(dataset, protocol) for dataset in DATASETS}

    def measure(self, job, protocol, data, out, verbose):
        """Train one classifier."""
        dataset, name, draw = job.split("/")
        epsilon, seed = draw.split("_")
        features, recipe = name.split("-")[0], RECIPES[dataset]
        if protocol["quick"]:
            recipe = recipe | {"batch": 100, "steps": 5}
        (train, labels), (test, wanted) = (
            (cached(features, part, images, out / "features" / dataset), found)
            for part, (images, found) in zip(("train", "test"), data[dataset]())
        )
        found = fit_private(
            train,
            labels,
            CLASSES,
            epsilon=float(epsilon),
            delta=DELTA,
            normalization=NORMS[dataset, features],
            seed=int(seed),
            verbose=bool(verbose),
            **recipe,
        )
        spent = {"spent": found.epsilon, "delta": found.delta, "noise": found.noise, "steps": found.steps}
        described = {"dataset": dataset, "row": name, "epsilon": float(epsilon), "seed": int(seed), **spent}
        accuracy = 100 * float((found.predict(test) == wanted).mean())
        return described | {"trained_on": len(train), "measured_on": len(test), "accuracy": accuracy}


EXPERIMENT = PrivateLearning(
    module=__name__,
    alias="private-learning",
    title="Accuracies in percent of linear classifiers, by epsilon at delta = 1e-5",
    against="epsilon",
    datasets=tuple(DATASETS),
    lines=ROWS,
    paper="98.7 % on MNIST and 67.0 % on the test images of CIFAR-10 at epsilon = 3, by another accountant",
    note="Clipped gradients with noise on Poisson batches, see keras_scatter.workflows.private; epsilon is computed by "
    "distributions of privacy loss, with the normalization of features. CIFAR-10 is trained on the first 40,000 and "
    "measured on the last 10,000 training images, not on the test images. Learning rates, batches and steps were not "
    "chosen privately.",
)

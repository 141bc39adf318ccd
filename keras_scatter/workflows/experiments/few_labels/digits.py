"""Digits from a few images of each: scattering with linear and affine classifiers, and a network on pixels."""

import dataclasses

import numpy as np

from keras_scatter.layers import ScatteringFFT
from keras_scatter.workflows.accuracy_curves import AccuracyCurves
from keras_scatter.workflows.classifiers import cnn, in_batches, linear
from keras_scatter.workflows.datasets import load_labelled, striped_images
from keras_scatter.workflows.experiment import chosen, given
from keras_scatter.workflows.experiments.distilled_filters.downstream import balanced_draw

LABELS = (1, 3, 10, 30, 100)  # images of each class
CLASSES, DIMENSIONS, STEPS, BATCH = 10, 40, 600, 16


def scattering(images):
    """Coefficients of two orders in rows."""
    return in_batches(ScatteringFFT(J=3, L=8), images).reshape(len(images), -1)


def affine(features, labels, others):
    """The class whose images are nearest, where they span an affine space of at most `DIMENSIONS` dimensions."""
    distances = []
    for label in range(CLASSES):
        members = features[labels == label]
        mean = members.mean(0)
        _, spread, directions = np.linalg.svd(members - mean, full_matrices=False)
        directions = directions[spread > 1e-5 * spread.max(initial=0)][:DIMENSIONS]
        away = others - mean
        distances.append((away**2).sum(1) - ((away @ directions.T) ** 2).sum(1))
    return np.argmin(distances, 0)


ROWS = {
    "scattering-linear": (scattering, linear),
    "scattering-affine": (scattering, affine),
    "pixels-linear": (None, linear),
    "pixels-cnn": (None, cnn),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Digits(AccuracyCurves):
    """Accuracies by features and number of images of each class. Files: those of `AccuracyCurves`."""

    extra, needs = "reproduce", ("matplotlib", "sklearn")

    def plan(self, quick, seeds: int | None = None, only: list[str] | None = None):
        """As in `Experiment`.

        Args:
            seeds: draws of the labels (default: 5).
            only: features and classifier, such as scattering-linear (default: all).
        """
        names = chosen(only, ROWS, ROWS)
        seeds = given("seeds", seeds, 1 if quick else 5)
        jobs = [
            f"mnist/{name}/{count}_{seed}"
            for name in names
            for count in (LABELS[1:2] if quick else LABELS)
            for seed in range(seeds)
        ]
        return {"quick": quick}, jobs

    def prepare(self, protocol):
        """Pairs of images and labels, to draw from and to measure on, and the features of the latter."""
        if protocol["quick"]:
            data = [striped_images(200, (28, 28, 1), seed=seed) for seed in (0, 1)]
        else:
            data = load_labelled("mnist", ("train", "test"))
        train, test = ((images.astype("float32") / 255, labels) for images, labels in data)
        return train, test, scattering(test[0])

    def measure(self, job, protocol, data, out, verbose):
        """Train one classifier."""
        _, name, draw = job.split("/")
        count, seed = map(int, draw.split("_"))
        (images, labels), (test, wanted), found = data
        seen = balanced_draw(labels, count * CLASSES, seed)
        features, train = ROWS[name]
        arrays = (features(images[seen]), labels[seen], found) if features else (images[seen], labels[seen], test)
        if train is linear and not features:
            arrays = tuple(array.reshape(len(array), -1) if array.ndim > 1 else array for array in arrays)
        epochs = 1 if protocol["quick"] else max(20, STEPS * BATCH // len(seen))
        options = {"epochs": epochs, "seed": seed, "shift": 0.1, "mirror": False} if train is cnn else {}
        predicted = train(*arrays, **options)
        described = {"dataset": "mnist", "row": name, "labels": count, "seed": seed, "measured_on": len(wanted)}
        return described | {"accuracy": 100 * float((predicted == wanted).mean())}


EXPERIMENT = Digits(
    module=__name__,
    title="Accuracies in percent on MNIST, by images of each class",
    datasets=("mnist",),
    lines=tuple(ROWS),
    note="Scattering with J = 3. Linear is logistic regression; affine takes the class whose images span the nearest "
    f"affine space, of at most {DIMENSIONS} dimensions. The network has four convolutions, and about {STEPS} steps on "
    "images that are shifted at random. Measured on the test images.",
)

"""What J, L, Q and order are worth: a linear classifier on features, one argument changed at a time."""

import dataclasses
import math

import keras
import numpy as np

from keras_scatter.layers import ScatteringFFT, ScatteringFFT1D
from keras_scatter.optional import require
from keras_scatter.workflows import reports, spoken_digits
from keras_scatter.workflows.accuracy_curves import AccuracyCurves
from keras_scatter.workflows.datasets import load_labelled, striped_images
from keras_scatter.workflows.experiment import chosen, given
from keras_scatter.workflows.experiments.distilled_filters.downstream import balanced_draw

BASE = {"cifar10": {"J": 2, "L": 8, "order": 2}, "spoken_digits": {"J": 10, "Q": 8, "order": 2}}
VALUES = {
    "cifar10": {"J": (1, 2, 3, 4, 5), "L": (2, 4, 6, 8, 12), "order": (1, 2)},
    "spoken_digits": {"J": (6, 8, 10, 12), "Q": (1, 2, 4, 8, 16), "order": (1, 2)},
}
LABELS = {"cifar10": 1000, "spoken_digits": 300}
SHAPES = {"cifar10": (32, 32, 1), "spoken_digits": (8192, 1)}
POOL, MEASURED_ON = 3000, 1000  # images that labels are drawn from, and others
LATEST = 15  # recordings of a digit and a speaker up to which labels are drawn
BATCH = 50
FLOOR = 1e-4  # added to coefficients of sound before the logarithm
ALPHAS = np.logspace(0, 6, 13)  # of ridge regression, chosen by leaving one out


@dataclasses.dataclass(frozen=True, kw_only=True)
class Arguments(AccuracyCurves):
    """Accuracies by argument and its value. Files: those of `AccuracyCurves`."""

    extra, needs = "reproduce", ("matplotlib", "sklearn")

    def plan(
        self,
        quick,
        seeds: int | None = None,
        only: list[str] | None = None,
        recordings: str | None = None,
    ):
        """As in `Experiment`.

        Args:
            seeds: draws of the labels (default: 3).
            only: cifar10, spoken_digits or both (default: both, in the quick form cifar10).
            recordings: a folder with the Free Spoken Digit Dataset (default: that of TensorFlow Datasets).
        """
        seeds = given("seeds", seeds, 1 if quick else 3)
        jobs = [
            f"{dataset}/{argument}/{value}_{seed}"
            for dataset in chosen(only, self.datasets[:1] if quick else self.datasets, self.datasets)
            for argument, values in VALUES[dataset].items()
            for value in (values[:2] if quick else values)
            for seed in range(seeds)
        ]
        return {"quick": quick, "recordings": recordings}, jobs

    def prepare(self, protocol):
        """Functions that load a data set, and the latest features, by what they are of."""
        return {"loaders": {"cifar10": _images, "spoken_digits": _sounds}, "data": {}, "features": {}}

    def _config(self, protocol):
        return {key: value for key, value in super()._config(protocol).items() if key != "recordings"}

    def measure(self, job, protocol, data, out, verbose):
        """Train one classifier."""
        dataset, argument, draw = job.split("/")
        value, seed = map(int, draw.split("_"))
        if dataset not in data["data"]:
            data["data"][dataset] = data["loaders"][dataset](protocol)
        pool, labels, others, wanted = data["data"][dataset]
        layer = layer_of(dataset, argument, value)
        if repr(layer) not in data["features"]:
            data["features"] = {repr(layer): (features_of(layer, pool), features_of(layer, others))}
        found, measured = data["features"][repr(layer)]
        seen = balanced_draw(labels, LABELS[dataset], seed)
        accuracy = 100 * float((classified(found[seen], labels[seen], measured) == wanted).mean())
        described = {"dataset": dataset, "row": argument, "value": value, "seed": seed, "labels": len(seen)}
        return described | {"measured_on": len(wanted), "accuracy": accuracy}

    def tables(self, summary):
        return {dataset: _table(dataset, rows) for dataset, rows in summary["rows"].items()}


def _table(dataset, rows):
    """Rows of text, header first."""
    lines = [["argument", "value", "coefficients", "accuracy"]]
    for argument, line in rows.items():
        for value, entry in line.items():
            shape = layer_of(dataset, argument, int(value)).compute_output_shape((1, *SHAPES[dataset]))
            shown = reports.accuracy(entry["accuracy"], entry["deviation"])
            lines.append([argument, value, f"{math.prod(shape):,}", shown])
    return lines


def layer_of(dataset, argument, value):
    """The layer of `BASE` with one argument changed."""
    kind = ScatteringFFT if dataset == "cifar10" else ScatteringFFT1D
    return kind(**BASE[dataset] | {argument: value}, data_format="channels_last")


def features_of(layer, inputs):
    """Coefficients in rows; of sounds their logarithms."""
    parts = (layer(inputs[first : first + BATCH]) for first in range(0, len(inputs), BATCH))
    found = np.concatenate([keras.ops.convert_to_numpy(part) for part in parts])
    return (np.log(np.maximum(found, 0) + FLOOR) if layer.rank == 1 else found).reshape(len(inputs), -1)


def classified(features, labels, others):
    """Predictions of ridge regression on features of mean 0 and deviation 1."""
    linear = require("sklearn.linear_model", "reproduce")
    mean, deviation = features.mean(0), np.maximum(features.std(0), 1e-6)
    classifier = linear.RidgeClassifierCV(ALPHAS).fit((features - mean) / deviation, labels)
    return classifier.predict((others - mean) / deviation)


def _images(protocol):
    """Grey images of CIFAR-10 and labels, to draw from and to measure on."""
    if protocol["quick"]:
        data = [striped_images(100, (32, 32, 3), seed=seed) for seed in (0, 1)]
    else:
        splits = (f"train[:{POOL}]", f"train[{50_000 - MEASURED_ON}:]")
        data = load_labelled("cifar10", splits)
    return [x for images, labels in data for x in (images.astype("float32").mean(-1, keepdims=True) / 255, labels)]


def _sounds(protocol):
    """Recordings of digits and which they are, to draw from and to measure on."""
    recordings = spoken_digits.load(protocol["recordings"], SHAPES["spoken_digits"][0])
    parts = recordings[recordings.indices < LATEST], recordings[recordings.is_held_out]
    pool = parts[0][~parts[0].is_held_out]
    return pool.signals[..., None], pool.digits, parts[1].signals[..., None], parts[1].digits


EXPERIMENT = Arguments(
    module=__name__,
    title="Accuracies in percent of linear classifiers, by J, L, Q and order",
    datasets=tuple(BASE),
    lines=("J", "L", "Q", "order"),
    against="value",
    note="One argument is changed, the others are J = 2, L = 8, order 2 for images, J = 10, Q = 8, order 2 for sounds. "
    f"Ridge regression on all coefficients: of {LABELS['cifar10']} grey images of CIFAR-10 out of {POOL:,}, measured "
    f"on {MEASURED_ON:,} others of its training images; of {LABELS['spoken_digits']} recordings of the Free Spoken "
    "Digit Dataset, measured on those with index 0 to 4, of the same speakers.",
)

"""Few labels of CIFAR-10, with scattering in front of a wide residual network and without."""

import dataclasses

import keras
import numpy as np
from keras import layers

from keras_scatter.models import ScatWideResNet
from keras_scatter.preprocessing import balanced_sample
from keras_scatter.workflows import charts, reports
from keras_scatter.workflows.comparison import mean_and_deviation
from keras_scatter.workflows.datasets import load_labelled, striped_images
from keras_scatter.workflows.experiment import QUICK_NOTE, Series, chosen, given
from keras_scatter.workflows.feature_cache import cached
from keras_scatter.workflows.training import Batches, DecayedSGD, Steps

SHAPE, CLASSES, BATCH = (32, 32, 3), 10, 128
SPLITS = "train[:40000]", "train[40000:]"
LABELS = (100, 500, 1000)
# Features behind which the network stands. Both give it 8 x 8 places, at which it is the same.
ROWS = {"scattering": "exact", "pixels": "pixels"}
PAPER = {"scattering": {100: (38.9, 1.2), 500: (54.7, 0.6), 1000: (62.0, 1.1)}}
RATE, MOMENTUM, DECAY, DROPS = 0.1, 0.9, 5e-4, (0.3, 0.6, 0.8)
QUICK_IMAGES = 100


@dataclasses.dataclass(frozen=True, kw_only=True)
class SmallSamples(Series):
    """Accuracies by network and number of labels.

    Files: `ROW/LABELS_SEED.json`, and `features/` with those of the images to measure on.
    """

    figure = "accuracy.png"
    pattern = "*/*_*.json"

    def plan(
        self,
        quick,
        seeds: int | None = None,
        only: list[str] | None = None,
        labels: list[int] | None = None,
        steps: int | None = None,
        k: int | None = None,
    ):
        """As in `Experiment`.

        Args:
            seeds: draws of the labels, with seeds from 0 on (default: 5).
            only: scattering or pixels (default: both).
            labels: numbers of labels, multiples of 10 (default: 100, 500 and 1000).
            steps: of each training (default: 800; the poster's authors take 16,000 for 500 labels).
            k: factor of the widths (default: 2; the authors' is 8).
        """
        rows = chosen(only, ROWS, ROWS)
        seeds = given("seeds", seeds, 1 if quick else 5)
        protocol = {
            "quick": quick,
            "steps": given("steps", steps, 2 if quick else 800),
            "k": given("k", k, 1 if quick else 2),
        }
        counts = [given("labels", count, None) for count in labels or (LABELS[:1] if quick else LABELS)]
        wrong = [count for count in counts if count % CLASSES]
        if wrong:
            raise ValueError(f"labels must be multiples of {CLASSES}, the number of classes. Received: {wrong[0]}")
        return protocol, [f"{row}/{count}_{seed}" for seed in range(seeds) for count in counts for row in rows]

    def parts(self, protocol):
        return (*ROWS, "features")

    def prepare(self, protocol):
        """Pairs of uint8 images and labels, to draw from and to measure on."""
        if protocol["quick"]:
            images, labels = striped_images(QUICK_IMAGES, SHAPE)
            return [(images, np.arange(QUICK_IMAGES) % CLASSES), (images, labels)]
        return load_labelled("cifar10", SPLITS)

    def measure(self, job, protocol, data, out, verbose):
        """Train one network once."""
        row, draw = job.split("/")
        count, seed = map(int, draw.split("_"))
        (images, labels), (test_images, test_labels) = data
        sample = balanced_sample(labels, count, seed)
        seen = np.concatenate([images[sample], images[sample][:, :, ::-1]])
        name = ROWS[row]
        x = cached(name, f"{count}_{seed}", seen, out / "features")
        test = cached(name, "test", test_images, out / "features"), test_labels
        keras.utils.clear_session()
        keras.utils.set_random_seed(seed)
        model = network(row, protocol["k"], x.shape[1:])
        steps = protocol["steps"]
        rates = [RATE * 0.2**drop for drop in range(1 + len(DROPS))]
        rate = keras.optimizers.schedules.PiecewiseConstantDecay([int(part * steps) for part in DROPS], rates)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(DecayedSGD(rate, MOMENTUM, DECAY), loss, metrics=["accuracy"])
        batches = Steps(np.asarray(x), np.tile(labels[sample], 2), BATCH, seed, steps)
        model.fit(batches, shuffle=False, verbose=verbose)
        accuracy = model.evaluate(Batches(*test, BATCH, seed), verbose=0, return_dict=True)["accuracy"]
        about = {"row": row, "labels": count, "seed": seed, "measured_on": len(test_labels)}
        return about | {"parameters": model.count_params(), "accuracy": 100 * accuracy}

    def rows(self, results):
        """Mean and deviation by network and number of labels, and the parameters of each network."""
        rows = {}
        for row in ROWS:
            found = sorted(
                (found for found in results.values() if found["row"] == row),
                key=lambda found: (found["labels"], found["seed"]),
            )
            each = {}
            for result in found:
                each.setdefault(str(result["labels"]), []).append(result["accuracy"])
            if found:
                by_labels = {labels: mean_and_deviation(accuracies) for labels, accuracies in each.items()}
                rows[row] = {"parameters": found[0]["parameters"], "accuracies": by_labels}
        return rows

    def remark(self, protocol):
        if protocol["quick"]:
            return QUICK_NOTE
        return f"{self.note} Here: {protocol['steps']} steps, k = {protocol['k']}."

    def tables(self, summary):
        counts = sorted({int(count) for row in summary["rows"].values() for count in row["accuracies"]})
        lines = []
        for name, row in summary["rows"].items():
            found = [row["accuracies"].get(str(count)) for count in counts]
            cells = [reports.accuracy(entry["accuracy"], entry["deviation"]) if entry else "" for entry in found]
            seeds = max((len(entry["each"]) for entry in found if entry), default=0)
            lines.append((name, f"{row['parameters']:,}", *cells, str(seeds)))
        paper = [reports.accuracy(*PAPER["scattering"].get(count, (None, None))) for count in counts]
        lines.append(("the poster's, scattering", "", *paper, ""))
        return {None: [["network on", "parameters", *(f"{count} labels" for count in counts), "seeds"], *lines]}

    def draw(self, summary):
        """Accuracy against the number of labels."""
        figure, axis = charts.subplots(figsize=(5, 4))
        for name, row in summary["rows"].items():
            labels = list(map(int, row["accuracies"]))
            entries = row["accuracies"].values()
            means = [entry["accuracy"] for entry in entries]
            axis.errorbar(
                labels, means, [entry["deviation"] or 0 for entry in entries], capsize=3, marker=".", label=name
            )
        axis.set(title=summary["title"], xlabel="labels", xscale="log", ylabel="accuracy (%)")
        axis.legend()
        return figure


def network(row, k, shape):
    """The wide residual network with logits: on features, or on images that two strided convolutions make as small."""
    if row == "scattering":
        return ScatWideResNet("cifar", k, shape, scattering=None, classifier_activation=None)
    inputs = x = keras.Input(shape)
    for _ in range(2):
        x = layers.Conv2D(16 * k, 3, strides=2, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x))
    # What it takes for features with J = L = order = 1 has two channels a colour.
    body = ScatWideResNet("cifar", k, x.shape[1:], 1, 1, 1, scattering=None, classifier_activation=None)
    return keras.Model(inputs, body(x))


EXPERIMENT = SmallSamples(
    module=__name__,
    title="Few labels of CIFAR-10",
    note="A wide residual network on scattering features (J = 2, order 2), and the same behind two strided 3x3 "
    "convolutions that are learned, for equal steps of SGD at rate 0.1 with momentum 0.9 and decay 5e-4, the rate a "
    "fifth after 30, 60 and 80 % of them, batches of 128. Draws are balanced, from the first 40,000 images by the "
    "authors' generator; measured on the other 10,000. Images are flipped and not shifted: features are computed once. "
    "The poster's numbers are of longer trainings of a wider network and of other images; they are no comparison.",
)

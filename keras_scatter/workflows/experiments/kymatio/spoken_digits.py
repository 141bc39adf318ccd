"""Spoken digits from scattering: linear classifiers, and a small network on top."""

import dataclasses
import itertools
import pathlib

import keras
import numpy as np

from keras_scatter.layers import ScatteringFFT1D, TimeFrequencyScattering
from keras_scatter.optional import require
from keras_scatter.workflows import charts, reports
from keras_scatter.workflows.comparison import mean_and_deviation
from keras_scatter.workflows.experiment import QUICK_NOTE, Series, chosen, given
from keras_scatter.workflows.feature_cache import cached_in_parts
from keras_scatter.workflows.spoken_digits import SpokenDigits, load

SIZE, RATE, CLASSES = 8192, 8000, 10
FLOOR = 1e-4  # coefficient from which on logarithms say something
PART, BATCH = 100, 25  # recordings in a file of features, and at a time
VALIDATION = 0.2  # of the recordings to train on
SEGMENTS, PENALTIES = (1, 2, 4, 6), (0.01, 0.03, 0.1, 0.3)  # a penalty is C of scikit-learn
EPOCHS = 60

LAYERS = {
    "scattering": lambda: ScatteringFFT1D(J=8, Q=12),
    "joint": lambda: TimeFrequencyScattering(J=10, J_fr=4, Q=12, T=512),
}
# Layers and largest order of what a row reads.
ROWS = {
    "order-1/linear": (("scattering",), 1),
    "scattering/linear": (("scattering",), 2),
    "joint/linear": (("joint",), 2),
    "scattering+joint/linear": (("scattering", "joint"), 2),
    "scattering/network": (("scattering",), 2),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Digits(Series):
    """Accuracies by features and classifier.

    Files: `FEATURES/CLASSIFIER_SPLIT.json`, and `features/` with the coefficients of all recordings, some in each file.
    """

    figure = "accuracy.png"
    extra, needs = "reproduce", ("matplotlib", "sklearn")
    pattern = "*/*.json"

    def plan(self, quick, folder: str | None = None, seeds: int | None = None, only: list[str] | None = None):
        """As in `Experiment`.

        Args:
            folder: the recordings, files such as 7_jackson_32.wav (default: TensorFlow Datasets' spoken_digit).
            seeds: splits into recordings to train on and to choose by (default: 5).
            only: features and classifier, such as scattering/linear (default: all).
        """
        names = chosen(only, ROWS, ROWS)
        seeds = given("seeds", seeds, 1 if quick else 5)
        folder = None if quick or folder is None else str(pathlib.Path(folder).resolve())
        return {"quick": quick, "folder": folder}, [f"{name}_{seed}" for name in names for seed in range(seeds)]

    def parts(self, protocol):
        return (*dict.fromkeys(name.split("/")[0] for name in ROWS), "features")

    def prepare(self, protocol):
        """All recordings."""
        return tones() if protocol["quick"] else load(protocol["folder"], SIZE)

    def measure(self, job, protocol, data, out, verbose):
        """Choose by one split, train on all recordings but those for testing, and measure on these."""
        row, seed = job.rsplit("_", 1)
        layers, largest = ROWS[row]
        found = [coefficients(name, data, out / "features") for name in layers]
        maps = [values[..., [path.order <= largest for path in paths]] for values, paths in found]
        train, test = np.flatnonzero(~data.is_held_out), np.flatnonzero(data.is_held_out)
        order = np.random.default_rng(int(seed)).permutation(train)
        cut = round(len(order) * VALIDATION)
        split = order[cut:], order[:cut], train, test
        if row.endswith("linear"):
            result = linear(maps, data, *split)
        else:
            result = network(maps[0], data, *split, int(seed), 1 if protocol["quick"] else EPOCHS)
        return {"row": row, "seed": int(seed), "trained_on": len(train), "measured_on": len(test), **result}

    def _config(self, protocol):
        # Where the recordings lie is no part of what is measured.
        return {key: value for key, value in super()._config(protocol).items() if key != "folder"}

    def remark(self, protocol):
        return QUICK_NOTE if protocol["quick"] else self.note

    def rows(self, results):
        """Mean and deviation over the splits, and what was chosen."""
        rows = {}
        for row in ROWS:
            found = sorted((r for r in results.values() if r["row"] == row), key=lambda r: r["seed"])
            if found:
                each = {name: [r[name] for r in found] for name in ("validation", "accuracy", "chosen")}
                rows[row] = mean_and_deviation(each["accuracy"]) | {
                    "validation": float(np.mean(each["validation"])),
                    "chosen": each["chosen"],
                    "features": found[0]["features"],
                }
        return rows

    def tables(self, summary):
        lines = []
        for name, row in summary["rows"].items():
            features, classifier = name.split("/")
            choices = " or ".join(dict.fromkeys(row["chosen"]))
            accuracy = reports.accuracy(row["accuracy"], row["deviation"])
            validation = f"{row['validation']:.1f}"
            lines.append([features, classifier, choices, validation, accuracy, str(len(row["each"]))])
        return {None: [["features", "classifier", "chosen", "validation", "test", "splits"], *lines]}

    def draw(self, summary):
        rows = summary["rows"]
        figure, axis = charts.subplots(figsize=(7, 1.2 + 0.35 * len(rows)))
        for place, row in enumerate(rows.values()):
            axis.plot(row["each"], [place] * len(row["each"]), "o", color="C0", alpha=0.5)
        axis.set_yticks(range(len(rows)), list(rows))
        axis.invert_yaxis()
        axis.set(xlabel="accuracy (%), a dot for each split")
        return figure


def coefficients(name, data, folder):
    """Coefficients of all recordings `(N, time, K)`, kept in the folder, and their paths."""
    layer = LAYERS[name]()

    def compute(first, last):
        parts = (data.signals[i : min(i + BATCH, last), :, None] for i in range(first, last, BATCH))
        return np.concatenate([keras.ops.convert_to_numpy(layer(part)) for part in parts])

    found = cached_in_parts(compute, len(data.signals), folder / name, PART)
    kept = [k for k, path in enumerate(layer.paths) if path.order]
    return found[..., kept], [layer.paths[k] for k in kept]


def segments(maps, signals, count):
    """Logarithms of means over equal parts of each recording, without the silence around it, `(N, count * K)`."""
    frames, size = maps.shape[1], signals.shape[1]
    means = np.empty((len(maps), count, maps.shape[2]), "float32")
    for found, signal, of_signal in zip(means, signals, maps):
        there = np.flatnonzero(signal)
        first, last = (there[0], there[-1] + 1) if len(there) else (0, size)
        borders = np.linspace(first, last, count + 1) * frames / size
        ends = np.arange(1, frames + 1)
        # How much of each frame is in each segment.
        shares = (np.minimum(ends, borders[1:, None]) - np.maximum(ends - 1, borders[:-1, None])).clip(0)
        found[:] = (shares / shares.sum(1, keepdims=True)) @ of_signal
    return np.log(means.clip(0) + FLOOR).reshape(len(maps), -1)


def linear(maps, data, train, validation, all_train, test):
    """Logistic regression on features of mean 0 and deviation 1; segments and penalty are chosen by the validation."""
    classifier = require("sklearn.linear_model", "reproduce").LogisticRegression

    def accuracy(features, seen, others, C):
        mean, deviation = features[seen].mean(0), features[seen].std(0) + 1e-6
        seen_features, other_features = ((features[part] - mean) / deviation for part in (seen, others))
        fitted = classifier(C=C, max_iter=500, tol=1e-3).fit(seen_features, data.digits[seen])
        return 100 * float((fitted.predict(other_features) == data.digits[others]).mean())

    features = {count: np.concatenate([segments(part, data.signals, count) for part in maps], 1) for count in SEGMENTS}
    tried = {
        (count, C): accuracy(features[count], train, validation, C)
        for count, C in itertools.product(SEGMENTS, PENALTIES)
    }
    count, C = max(tried, key=tried.get)
    return {
        "chosen": f"{count} segments, C = {C:g}",
        "validation": tried[count, C],
        "accuracy": accuracy(features[count], all_train, test, C),
        "features": features[count].shape[1],
    }


def network(maps, data, train, validation, all_train, test, seed, epochs):
    """Two convolutions along time and the largest values over it; nothing is chosen."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    maps = np.log(maps.clip(0) + FLOOR)
    mean, deviation = maps[train].mean((0, 1)), maps[train].std((0, 1)) + 1e-6
    maps = ((maps - mean) / deviation).astype("float32")
    layers = keras.layers
    blocks = [(layers.Conv1D(96, 5, padding="same"), layers.BatchNormalization(), layers.ReLU()) for _ in range(2)]
    model = keras.Sequential(
        [
            keras.Input(maps.shape[1:]),
            layers.SpatialDropout1D(0.3, seed=seed),
            *blocks[0],
            layers.MaxPooling1D(2),
            *blocks[1],
            layers.GlobalMaxPooling1D(),
            layers.Dropout(0.5, seed=seed),
            layers.Dense(CLASSES),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    steps = epochs * -(-len(train) // 64)
    rate = keras.optimizers.schedules.CosineDecay(2e-3, steps)
    model.compile(keras.optimizers.AdamW(rate, weight_decay=1e-3), loss, metrics=["accuracy"])
    held_out = maps[validation], data.digits[validation]
    history = model.fit(maps[train], data.digits[train], 64, epochs, validation_data=held_out, verbose=0).history
    predicted = model.predict(maps[test], verbose=0).argmax(1)
    return {
        "chosen": f"{epochs} epochs",
        "validation": 100 * history["val_accuracy"][-1],
        "accuracy": 100 * float((predicted == data.digits[test]).mean()),
        "features": int(np.prod(maps.shape[1:])),
    }


def tones(count=5, size=1024):
    """Recordings that are none: a tone for each digit, and noise."""
    generator = np.random.default_rng(0)
    digits, indices = np.repeat(np.arange(CLASSES), count), np.tile(2 * np.arange(count), CLASSES)
    signals = np.sin(0.3 * 1.2 ** digits[:, None] * np.arange(size)) + 0.1 * generator.normal(size=(len(digits), size))
    return SpokenDigits(signals.astype("float32"), digits, ("nobody",) * len(digits), indices)


EXPERIMENT = Digits(
    module=__name__,
    title="Accuracies in percent on the Free Spoken Digit Dataset",
    paper="Kymatio's example states 98.0 for order 1 and 2 behind logarithms, means over time and logistic regression.",
    note="The 300 recordings with index 0 to 4 are for testing, and of the others each split leaves 540 to choose by. "
    "Scattering has J = 8 and Q = 12, joint scattering J = 10, Q = 12, J_fr = 4 and T = 512. Linear: means over equal "
    "parts of a recording, in logarithms, and logistic regression, fitted again to all 2,700 recordings. Network: two "
    "convolutions along time, trained on the 2,160 alone, for which nothing is chosen.",
)

"""What features are worth: small classifiers with few labels and many, on exact and distilled features and pixels."""

import json
import pathlib
import statistics

import keras
import numpy as np
from keras import layers
from rich.console import Console
from rich.progress import track

from keras_scatter import saved_filters
from keras_scatter.arguments import check_choice, check_integer
from keras_scatter.layers import ComplexModulusConv, ScatteringFFT
from keras_scatter.saved_filters import write_atomically
from keras_scatter.workflows import plots, reports
from keras_scatter.workflows.datasets import load_labelled, striped_images
from keras_scatter.workflows.experiments.training import Batches
from keras_scatter.workflows.folders import check_folder, start_folder, versions
from keras_scatter.workflows.optional import require

# Image shape and the parts to train on and to measure on.
DATASETS = {
    "mnist": ((28, 28, 1), ("train", "test")),
    "cifar10": ((32, 32, 3), ("train[:40000]", "train[40000:]")),
}
LABELS = (100, 500, 1000, 5000, None)  # None: all
GROUPS = {"faithful": "morlet_o2", "paper": "cifar10_o2"}
FEATURES = {
    "pixels": None,
    "exact": lambda: ScatteringFFT(J=2, L=8, order=2),
    **{name: lambda name=name: ComplexModulusConv(L=8, order=2, design=name, weights=GROUPS[name]) for name in GROUPS},
}
CLASSES, BATCH = 10, 128
STEPS = 300, 3000  # at least and at most, as many as labels in between
NOTE = (
    "Classifiers on fixed features, which are standardised path by path: one dense layer, or one hidden layer of 128 "
    "units with dropout; on pixels also a network of two 7x7 convolutions with stride 2 and 32 and 81 filters. "
    f"{STEPS[0]} to {STEPS[1]} steps of AdamW, as many as labels, with cosine decay from 1e-3, batches of {BATCH}, "
    "balanced draws of labels. CIFAR-10 is measured on the last 10,000 training images, MNIST on its test images."
)


class Steps(Batches):
    """Batches of shuffled images, round after round, in one epoch: epochs of few images cost more than their steps."""

    def __init__(self, images, labels, batch, seed, steps):
        super().__init__(images, labels, batch, seed)
        generator, rounds = np.random.default_rng(seed), -(-steps * batch // len(images))
        self._order = np.concatenate([generator.permutation(len(images)) for _ in range(rounds)])[: steps * batch]

    def __len__(self):
        return len(self._order) // self.batch


def linear(inputs):
    """Logits from features."""
    return layers.Dense(CLASSES)(layers.Flatten()(inputs))


def mlp(inputs):
    """Logits by one hidden layer."""
    hidden = layers.Dense(128, activation="relu")(layers.Flatten()(inputs))
    return layers.Dense(CLASSES)(layers.Dropout(0.5)(hidden))


def cnn(inputs):
    """Logits by two convolutions with kernel sizes, strides and outputs of the distilled transform of one channel."""
    for filters in (32, 81):
        inputs = layers.Conv2D(filters, 7, strides=2, padding="same", activation="relu")(inputs)
    return linear(inputs)


ROWS = {f"{features}-{head.__name__}": (features, head) for features in FEATURES for head in (linear, mlp)}
ROWS["pixels-cnn"] = ("pixels", cnn)


def run(out=None, quick=False, resume=False, overwrite=False, seeds=None, only=None, images=None):
    """Compute the features once, train what is not yet trained, and write and print the table.

    Files: `DATASET/ROW/LABELS_SEED.json`, `features/` with the features of all images, `summary.json` and
    `accuracy.png`.

    Args:
        out: folder to make; None means `runs/downstream`, with `-quick` in the quick form.
        quick: few synthetic images, one draw, some steps: shows that all works, measures nothing.
        resume: go on with the run in `out`; finished trainings and features are kept.
        overwrite: replace the run in `out`; not together with `resume`.
        seeds: number of draws of the labels (default: 5).
        only: names from `ROWS`; None means all.
        images: train and measure on so many images only.

    Returns:
        The content of `summary.json`.
    """
    out = pathlib.Path(out or f"runs/downstream{'-quick' * quick}")
    names = list(only or (("pixels-linear", "faithful-linear") if quick else ROWS))
    for name in names:
        check_choice("only", name, tuple(ROWS))
    seeds = check_integer("seeds", (1 if quick else 5) if seeds is None else seeds)
    if images is not None:
        check_integer("images", images, 100)
    protocol = {
        "experiment": "downstream",
        "quick": quick,
        "images": 100 if quick and images is None else images,
        "groups": {group: saved_filters.describe(group)["sha256"] for group in GROUPS.values()},
    }
    check_folder(protocol, out, resume, overwrite)
    require("matplotlib", "plots")
    start_folder(protocol, out, resume, [*DATASETS, "features"])
    for dataset in DATASETS:
        _run(dataset, protocol, names, seeds, out)
    summary = _write_summary(protocol, out)
    plots.save(plots.downstream(summary), out / "accuracy.png")
    reports.print_downstream(summary, out)
    return summary


def _run(dataset, protocol, names, seeds, out):
    """All trainings on a data set that are not there yet."""
    data = _load(dataset, protocol)
    todo = [
        (name, labels, seed)
        for name in names
        for labels in _label_counts(len(data[0][0]))
        for seed in range(seeds)
        if not _result_file(out, dataset, name, labels, seed).exists()
    ]
    for name, labels, seed in track(todo, dataset, console=Console(stderr=True)):
        features, head = ROWS[name]
        train, test = (
            (cached(features, part, images, out / "features" / dataset), found)
            for part, (images, found) in zip(("train", "test"), data)
        )
        steps = 5 if protocol["quick"] else int(np.clip(labels or len(train[1]), *STEPS))
        accuracy = train_classifier(head, train, test, labels, seed, steps)
        result = {
            **protocol,
            **{"dataset": dataset, "row": name, "labels": labels or len(train[1]), "seed": seed, "steps": steps},
            **{"measured_on": len(test[1]), "accuracy": accuracy, "versions": versions()},
        }
        file = _result_file(out, dataset, name, labels, seed)
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, json.dumps(result, indent=1).encode())


def cached(features, part, images, folder):
    """Features of uint8 images, computed once and kept in `folder`; float32, read from the disk as needed."""
    path = folder / f"{features}-{part}.npy"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        images = images.astype("float32") / 255
        layer = FEATURES[features] and FEATURES[features]()
        partial = path.with_suffix(".partial")
        shape = layer.compute_output_shape(images.shape) if layer else images.shape
        found = np.lib.format.open_memmap(partial, mode="w+", dtype="float32", shape=tuple(shape))
        for first in range(0, len(images), BATCH):
            batch = images[first : first + BATCH]
            found[first : first + BATCH] = keras.ops.convert_to_numpy(layer(batch)) if layer else batch
        found.flush()
        partial.rename(path)
    return np.load(path, mmap_mode="r")


def train_classifier(head, train, test, labels, seed, steps):
    """Accuracy in percent of a classifier that saw `labels` labels, all if None."""
    chosen = balanced_draw(train[1], labels, seed)
    seen = np.asarray(train[0][chosen]) if labels else train[0]
    # Moments of a part are exact enough, and all features may be larger than the memory.
    part = np.asarray(seen[:5000], "float64")
    mean, variance = part.mean((0, 1, 2)), part.var((0, 1, 2))
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    inputs = keras.Input(seen.shape[1:])
    standardised = layers.Normalization(axis=-1, mean=mean, variance=np.maximum(variance, 1e-12))(inputs)
    model = keras.Model(inputs, head(standardised))
    rate = keras.optimizers.schedules.CosineDecay(1e-3, steps)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.AdamW(rate, weight_decay=1e-2), loss, metrics=["accuracy"])
    model.fit(Steps(seen, train[1][chosen], BATCH, seed, steps), shuffle=False, verbose=0)
    return 100 * model.evaluate(Batches(*test, BATCH, seed), verbose=0, return_dict=True)["accuracy"]


def balanced_draw(labels, count, seed):
    """Indices of `count` examples, as many of each class as possible, in order; all for None."""
    if count is None:
        return np.arange(len(labels))
    order = np.random.default_rng([seed, count]).permutation(len(labels))
    # The first ones of all classes come first.
    rank = np.empty(len(labels), int)
    for label in np.unique(labels):
        members = order[labels[order] == label]
        rank[members] = np.arange(len(members))
    return np.sort(order[np.argsort(rank[order], kind="stable")][:count])


def _label_counts(available):
    return [count for count in LABELS if count is None or count < available]


def _load(dataset, protocol):
    shape, splits = DATASETS[dataset]
    if protocol["quick"]:
        return [striped_images(protocol["images"], shape, seed=seed) for seed in (0, 1)]
    return load_labelled(dataset, splits, protocol["images"])


def _result_file(out, dataset, name, labels, seed):
    return out / dataset / name / f"{labels or 'all'}_{seed}.json"


def _write_summary(protocol, out):
    """Mean and deviation by data set, row and number of labels."""
    rows = {}
    for dataset in DATASETS:
        for name in ROWS:
            results = [json.loads(file.read_text()) for file in sorted((out / dataset / name).glob("*.json"))]
            for count in sorted({result["labels"] for result in results}):
                found = [result["accuracy"] for result in results if result["labels"] == count]
                rows.setdefault(dataset, {}).setdefault(name, {})[str(count)] = {
                    "accuracy": statistics.mean(found),
                    "deviation": statistics.stdev(found) if len(found) > 1 else None,
                    "each": found,
                }
    note = "Quick form: synthetic images. The accuracies measure nothing." if protocol["quick"] else NOTE
    summary = protocol | {"note": note, "rows": rows, "versions": versions()}
    write_atomically(out / "summary.json", json.dumps(summary, indent=1).encode())
    return summary

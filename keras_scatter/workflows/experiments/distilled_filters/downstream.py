"""What features are worth: small classifiers with few labels and many, on exact and distilled features. Ours."""

import dataclasses

import keras
import numpy as np
from keras import layers

from keras_scatter import saved_filters
from keras_scatter.workflows.accuracy_curves import AccuracyCurves
from keras_scatter.workflows.datasets import load_labelled, striped_images
from keras_scatter.workflows.experiment import chosen, given
from keras_scatter.workflows.feature_cache import FEATURES, GROUPS, cached
from keras_scatter.workflows.training import Batches, Steps

# Image shape, the parts to train on and to measure on, and the number of images to train on.
DATASETS = {
    "mnist": ((28, 28, 1), ("train", "test"), 60_000),
    "cifar10": ((32, 32, 3), ("train[:40000]", "train[40000:]"), 40_000),
}
LABELS = (100, 500, 1000, 5000, None)  # None: all
CLASSES, BATCH = 10, 128
STEPS = 300, 3000  # at least and at most, as many as labels in between


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


@dataclasses.dataclass(frozen=True, kw_only=True)
class Downstream(AccuracyCurves):
    """Accuracies by features, classifier and number of labels.

    Files: those of `AccuracyCurves`, and `features/` with the features of all images.
    """

    def plan(self, quick, seeds: int | None = None, only: list[str] | None = None, images: int | None = None):
        """As in `Experiment`.

        Args:
            seeds: draws of the labels (default: 5).
            only: features and classifier, such as exact-linear (default: all).
            images: train and measure on so many images only.
        """
        names = chosen(only, ("pixels-linear", "faithful-linear") if quick else ROWS, ROWS)
        seeds = given("seeds", seeds, 1 if quick else 5)
        images = given("images", images, 100 if quick else None, minimum=100)
        # By the names that they had when runs of 0.1.0 wrote them down.
        groups = {name.removesuffix("_k7"): saved_filters.describe(name)["sha256"] for name in GROUPS.values()}
        jobs = [
            f"{dataset}/{name}/{labels or 'all'}_{seed}"
            for dataset, (*_, available) in DATASETS.items()
            for name in names
            for labels in LABELS
            if labels is None or labels < min(images or available, available)
            for seed in range(seeds)
        ]
        return {"quick": quick, "images": images, "groups": groups}, jobs

    def prepare(self, protocol):
        """By data set, pairs of images and labels, to train on and to measure on."""
        return {dataset: load(dataset, protocol) for dataset in DATASETS}

    def measure(self, job, protocol, data, out, verbose):
        """Train one classifier."""
        dataset, name, draw = job.split("/")
        labels, seed = draw.split("_")
        labels, seed = None if labels == "all" else int(labels), int(seed)
        features, head = ROWS[name]
        train, test = (
            (cached(features, part, images, out / "features" / dataset), found)
            for part, (images, found) in zip(("train", "test"), data[dataset])
        )
        steps = 5 if protocol["quick"] else int(np.clip(labels or len(train[1]), *STEPS))
        accuracy = train_classifier(head, train, test, labels, seed, steps)
        described = {"dataset": dataset, "row": name, "labels": labels or len(train[1]), "seed": seed, "steps": steps}
        return described | {"measured_on": len(test[1]), "accuracy": accuracy}


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


def load(dataset, protocol):
    """Pairs of images and labels of a data set, to train on and to measure on."""
    shape, splits, _ = DATASETS[dataset]
    if protocol["quick"]:
        return [striped_images(protocol["images"], shape, seed=seed) for seed in (0, 1)]
    return load_labelled(dataset, splits, protocol["images"])


EXPERIMENT = Downstream(
    module=__name__,
    alias="downstream",
    datasets=tuple(DATASETS),
    lines=tuple(ROWS),
    title="Accuracies in percent, by number of labels",
    note="Classifiers on fixed features, which are standardised path by path: one dense layer, or one hidden layer of "
    "128 units with dropout; on pixels also a network of two 7x7 convolutions with stride 2 and 32 and 81 filters. "
    f"{STEPS[0]} to {STEPS[1]} steps of AdamW, as many as labels, with cosine decay from 1e-3, batches of {BATCH}, "
    "balanced draws of labels. CIFAR-10 is measured on the last 10,000 training images, MNIST on its test images.",
)

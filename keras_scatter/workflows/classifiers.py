"""Classifiers for few images: logistic regression on fixed features, and a small network on pixels."""

import keras
import numpy as np

from keras_scatter.optional import require

BATCH = 16
C = 1000.0  # of the linear classifiers, the same for all features
LEAST = 1e-3  # deviation of a feature by its own unit


def in_batches(layer, images):
    """What a layer gives of many images, as a NumPy array."""
    parts = (images[first : first + BATCH] for first in range(0, len(images), BATCH))
    return np.concatenate([keras.ops.convert_to_numpy(layer(part)) for part in parts])


def in_deviations(features, others, each=False):
    """Both without the means of the first, and over their deviation.

    Args:
        features, others: arrays `(n, K)`.
        each: whether every feature has its own deviation, at least `LEAST`; False takes one number for all.
    """
    mean = features.mean(0)
    deviation = np.maximum(features.std(0), LEAST) if each else features.std()
    return (features - mean) / deviation, (others - mean) / deviation


def linear(features, labels, others, each=False):
    """Predictions of logistic regression on features in times of their deviation, see `in_deviations`."""
    classifier = require("sklearn.linear_model", "reproduce").LogisticRegression(C=C, max_iter=10_000)
    features, others = in_deviations(features, others, each)
    return classifier.fit(features, labels).predict(others)


def cnn(images, labels, others, epochs, seed, shift=0.2, mirror=True):
    """Predictions of a network of four convolutions, trained on images that are shifted, and mirrored, at random."""
    layers = keras.layers
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    blocks = []
    for filters in (16, 32, 64, 64):
        convolution = layers.Conv2D(filters, 3, padding="same", use_bias=False)
        blocks += [convolution, layers.BatchNormalization(momentum=0.9), layers.ReLU(), layers.MaxPooling2D()]
    classes = int(labels.max()) + 1
    model = keras.Sequential(
        [
            keras.Input(images.shape[1:]),
            layers.RandomTranslation(shift, shift, fill_mode="wrap", seed=seed),
            *([layers.RandomFlip(seed=seed)] if mirror else []),
            *blocks,
            layers.GlobalAveragePooling2D(),
            layers.Dense(classes),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3), loss)
    model.fit(images, labels, BATCH, epochs=epochs, verbose=0)
    return model.predict(others, BATCH, verbose=0).argmax(1)

"""Compute scattering features once, keep them in a folder, and train on the folder.

The features of fixed filters do not change from epoch to epoch, so a classifier on top of them trains much faster from
what `keras_scatter.extract` has written. The folder says what its features were made of: with another layer or other
data, it is refused. An interrupted computation goes on where it stopped.

Run it twice; the second run reads what the first one wrote:

    python examples/cache_features.py
    python examples/cache_features.py --dataset gratings --images 200 --epochs 2        # no download, seconds

It works with every Keras backend. For data sets that fit into no memory there is the command `keras-scatter features`.
"""

import argparse
import pathlib
import time

import keras
import numpy as np

import keras_scatter
from keras_scatter.layers import ScatteringFFT

BATCH_SIZE = 100


def load_mnist(count):
    """Images `(n, 28, 28, 1)` in 0..1 and their digits."""
    import tensorflow_datasets as tfds

    images, labels = tfds.as_numpy(tfds.load("mnist", split=f"train[:{count}]", batch_size=-1, as_supervised=True))
    return images.astype("float32") / 255, labels.astype("int32")


def gratings(count, size=28, seed=0):
    """Noisy waves in ten directions, `(count, size, size, 1)`, and the number of the direction."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 10, count)
    angle = np.pi * labels[:, None, None] / 10
    phase = generator.uniform(0, 2 * np.pi, (count, 1, 1))
    rows, columns = np.mgrid[:size, :size]
    waves = np.sin(0.8 * (columns * np.cos(angle) + rows * np.sin(angle)) + phase)
    images = waves + generator.normal(size=waves.shape)
    return images[..., None].astype("float32"), labels.astype("int32")


LOADERS = {"mnist": load_mnist, "gratings": gratings}


def build_classifier(features):
    """A linear classifier of features that are brought to mean 0 and variance 1."""
    normalization = keras.layers.Normalization(axis=-1)
    normalization.adapt(np.array(features[:1000]))
    model = keras.Sequential(
        [keras.Input(features.shape[1:]), normalization, keras.layers.Flatten(), keras.layers.Dense(10)]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", choices=sorted(LOADERS), default="mnist")
    parser.add_argument("--images", type=int, default=10_000, help="number of images; a fifth is held out")
    parser.add_argument("--epochs", type=int, default=10, help="passes over the cached features")
    parser.add_argument("--cache", default="feature_cache", help="folder for the features")
    options = parser.parse_args(arguments)

    data = LOADERS[options.dataset](options.images)
    start = time.perf_counter()
    folder = pathlib.Path(options.cache) / f"{options.dataset}-{options.images}"
    cached = keras_scatter.extract(ScatteringFFT(J=2, L=8, order=2), data, folder, BATCH_SIZE)
    features, labels = (cached.arrays()[name] for name in ("features", "labels"))
    megabytes = features.nbytes / 1e6
    print(f"Features {features.shape}, {megabytes:.0f} MB in {folder}: {time.perf_counter() - start:.2f} s")

    keras.utils.set_random_seed(0)
    model = build_classifier(features)
    split = len(labels) * 4 // 5
    model.fit(features[:split], labels[:split], batch_size=BATCH_SIZE, epochs=options.epochs, verbose=2)
    _, accuracy = model.evaluate(features[split:], labels[split:], batch_size=BATCH_SIZE, verbose=0)
    print(f"{accuracy:.2%} of {len(labels) - split} held-out images are recognised.")
    return accuracy


if __name__ == "__main__":
    main()

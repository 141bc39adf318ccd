"""Compute scattering features once, keep them in a file, and train on the file.

The features of fixed filters do not change from epoch to epoch, so a classifier on top of them trains much faster from
a cache. Its file name holds a digest of what the features depend on: the layer's config and weights, the name of the
data set and the shape of the images. Another layer or data set therefore gets a file of its own.

Run it twice; the second run reads what the first one wrote:

    python examples/cache_features.py
    python examples/cache_features.py --dataset gratings --images 200 --epochs 2        # no download, seconds

It works with every Keras backend.
"""

import argparse
import hashlib
import json
import os
import pathlib
import time

import keras
import numpy as np

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


def cache_key(layer, dataset, shape):
    """Digest of everything that the features depend on."""
    config = {name: value for name, value in layer.get_config().items() if name != "name"}
    described = json.dumps([type(layer).__name__, config, dataset, shape], default=str, sort_keys=True)
    digest = hashlib.sha256(described.encode())
    for weight in layer.get_weights():
        digest.update(weight.tobytes())
    return digest.hexdigest()[:16]


def cached_features(layer, images, dataset, folder):
    """Features of `images` as a read-only array that stays on disk; computed only if they are not there yet."""
    model = keras.Sequential([keras.Input(images.shape[1:]), layer])
    path = pathlib.Path(folder) / f"{dataset}-{cache_key(layer, dataset, images.shape)}.npy"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written under another name and then renamed, so that an interrupted run leaves no half cache.
        partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
        shape = (len(images), *model.output_shape[1:])
        features = np.lib.format.open_memmap(partial, mode="w+", dtype="float32", shape=shape)
        for start in range(0, len(images), BATCH_SIZE):
            batch = slice(start, start + BATCH_SIZE)
            features[batch] = model.predict_on_batch(images[batch])
        features.flush()
        del features  # Windows does not rename a file that is open
        os.replace(partial, path)
    return np.load(path, mmap_mode="r")


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

    images, labels = LOADERS[options.dataset](options.images)
    start = time.perf_counter()
    features = cached_features(ScatteringFFT(J=2, L=8, order=2), images, options.dataset, options.cache)
    megabytes = features.nbytes / 1e6
    print(f"Features {features.shape}, {megabytes:.0f} MB in {features.filename}: {time.perf_counter() - start:.2f} s")

    keras.utils.set_random_seed(0)
    model = build_classifier(features)
    split = len(labels) * 4 // 5
    model.fit(features[:split], labels[:split], batch_size=BATCH_SIZE, epochs=options.epochs, verbose=2)
    _, accuracy = model.evaluate(features[split:], labels[split:], batch_size=BATCH_SIZE, verbose=0)
    print(f"{accuracy:.2%} of {len(labels) - split} held-out images are recognised.")
    return accuracy


if __name__ == "__main__":
    main()

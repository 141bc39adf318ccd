"""Classify MNIST with one linear layer behind scattering features that are not trained.

The features of order 2 are a hundred times smaller than those of order 0, so a `Normalization` layer stands between
them and the classifier. It is adapted to the features, not to the images: the feature extractor is built first.

Run:

    python examples/classify_mnist.py
    python examples/classify_mnist.py --images 1000 --epochs 3

The first run downloads MNIST with TensorFlow Datasets.
"""

import argparse

import keras
import tensorflow_datasets as tfds

from keras_scatter.layers import ComplexModulusConv

ADAPT_IMAGES = 1000


def load_mnist(split):
    """Images `(n, 28, 28, 1)` in 0..1 and their digits."""
    images, labels = tfds.as_numpy(tfds.load("mnist", split=split, batch_size=-1, as_supervised=True))
    return images.astype("float32") / 255, labels.astype("int32")


def build_model(images):
    """Scattering, features of mean 0 and variance 1, and a linear classifier."""
    inputs = keras.Input(images.shape[1:])
    scattering = ComplexModulusConv(L=8, order=2, trainable=False)
    normalization = keras.layers.Normalization(axis=-1)
    features = keras.Sequential([inputs, scattering])
    normalization.adapt(features.predict(images[:ADAPT_IMAGES], verbose=0))
    return keras.Sequential([inputs, scattering, normalization, keras.layers.Flatten(), keras.layers.Dense(10)])


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=60_000, help="training images; as many test images at most")
    parser.add_argument("--epochs", type=int, default=5, help="passes over the training images")
    options = parser.parse_args(arguments)

    images, labels = load_mnist(f"train[:{options.images}]")
    test_images, test_labels = load_mnist(f"test[:{min(options.images, 10_000)}]")

    keras.utils.set_random_seed(0)
    model = build_model(images)
    model.summary()
    model.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    model.fit(images, labels, batch_size=100, epochs=options.epochs, verbose=2)
    _, accuracy = model.evaluate(test_images, test_labels, batch_size=100, verbose=0)
    print(f"{accuracy:.2%} of {len(test_labels)} test images are recognised after training on {len(labels)}.")
    return accuracy


if __name__ == "__main__":
    main()

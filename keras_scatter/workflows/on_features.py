"""Networks behind scattering compared by their accuracy: the features of all images are computed once and kept."""

import dataclasses

from keras_scatter.workflows.comparison import Comparison
from keras_scatter.workflows.datasets import load_labelled, striped_images
from keras_scatter.workflows.feature_cache import cached

PARTS = ("train", "test")
FEATURES = "features"  # the folder of them


@dataclasses.dataclass(frozen=True, kw_only=True)
class OnFeatures(Comparison):
    """A table of accuracies of networks that read scattering features, J = 2, L = 8, order 2, of images of 0 to 1.

    Files: those of `Comparison`, and `features/` with the features of all images.
    """

    def parts(self, protocol):
        return (*super().parts(protocol), FEATURES)

    def prepare(self, protocol):
        """Pairs of uint8 images and labels, to train on and to measure on."""
        if protocol["quick"]:
            return [striped_images(protocol["images"], self.shape, seed=seed) for seed in range(len(PARTS))]
        return load_labelled(self.dataset, self.splits, protocol["images"])

    def measure(self, job, protocol, data, out, verbose):
        """Train one architecture once."""
        return super().measure(job, protocol, features_of(data, out), out, verbose)


def features_of(data, out):
    """Pairs of features, read from the disk as needed, and labels.

    Args:
        data: pairs of uint8 images and labels, to train on and to measure on.
        out: folder of the run.
    """
    return [(cached("exact", part, images, out / FEATURES), labels) for part, (images, labels) in zip(PARTS, data)]


def feature_shape(shape):
    """Height, width and channels of the features of images of that shape."""
    height, width, channels = shape
    return -(-height // 4), -(-width // 4), 81 * channels

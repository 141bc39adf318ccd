"""Dense layers and a wide residual network behind scattering on CIFAR-10, with all labels."""

from keras_scatter.models import ScatteringMLP, ScatWideResNet
from keras_scatter.workflows.comparison import Architecture
from keras_scatter.workflows.on_features import OnFeatures, feature_shape
from keras_scatter.workflows.training import Recipe

SHAPE = (32, 32, 3)
WIDTH = 1024  # of the dense layers; k of the wide network is WIDTH / 128 = 8


def dense(recipe, seed, width):
    """Three dense layers and one for the classes, with logits."""
    return ScatteringMLP(feature_shape(SHAPE), scattering=None, widths=3 * (width,), classifier_activation=None)


def wide(recipe, seed, width):
    """The wide residual network with logits."""
    k = max(1, width // 128)
    return ScatWideResNet("cifar", k, feature_shape(SHAPE), scattering=None, classifier_activation=None)


EXPERIMENT = OnFeatures(
    module=__name__,
    title="Networks behind scattering on CIFAR-10",
    note="The first 40,000 training images are there to train on, the other 10,000 to measure on. Images are not "
    "augmented: their features are computed once. The poster states neither the widths of its dense layers nor k; it "
    "trains the wide network for 200 epochs on flipped and shifted images. These are numbers of our protocol, and no "
    "repetition of the poster's.",
    dataset="cifar10",
    shape=SHAPE,
    splits=("train[:40000]", "train[40000:]"),
    architectures={
        "dense": Architecture(dense, Recipe(0.05, 0.9, 5e-4, 1.0, epochs=20, batch=128, drops=(10, 15)), 84.7),
        "wide": Architecture(wide, Recipe(0.1, 0.9, 5e-4, 1.0, epochs=60, batch=128, drops=(18, 36, 48)), 93.1),
    },
    quick=("dense",),
    width=WIDTH,
    seeds=1,
)

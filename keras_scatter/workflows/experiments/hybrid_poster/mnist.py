"""Scattering, a 1x1 convolution and a dense layer on MNIST: does all of it work together? Ours."""

from keras_scatter.models import SharedLocalEncoder
from keras_scatter.workflows.comparison import Architecture
from keras_scatter.workflows.on_features import OnFeatures, feature_shape
from keras_scatter.workflows.training import Recipe

SHAPE = (28, 28, 1)


def encoder(recipe, seed, width):
    """One 1x1 convolution and a dense layer, with logits."""
    options = {"widths": (64,), "dense_widths": (), "scattering": None, "classifier_activation": None}
    return SharedLocalEncoder(feature_shape(SHAPE), J=2, classes=10, **options)


EXPERIMENT = OnFeatures(
    module=__name__,
    title="Scattering, a 1x1 convolution and a dense layer on MNIST",
    note="Trained on the 60,000 training images, measured on the 10,000 test images. A network that works reaches "
    "98.5 %.",
    dataset="mnist",
    shape=SHAPE,
    splits=("train", "test"),
    architectures={"encoder": Architecture(encoder, Recipe(0.05, 0.9, 1e-4, 1.0, epochs=5, batch=128, drops=(3, 4)))},
    quick=("encoder",),
    seeds=1,
)

"""Where a locally invariant layer helps: convolutions swapped on CIFAR-10: table 1.6."""

import functools

from keras_scatter.models import VGGInvariant
from keras_scatter.workflows.comparison import Architecture, Comparison
from keras_scatter.workflows.training import Recipe

RECIPE = Recipe(0.5, 0.85, 1e-4, 1.0, epochs=120, batch=128, drops=(60, 80, 100), augment=True)
# The paper's CIFAR-10 columns A, B and C.
MIXINGS = ("1x1", "impulse", "3x3")
PAPER = {
    "A": (92.3, 92.4, 92.3),
    "B": (93.4, 93.2, 93.4),
    "C": (93.7, 93.2, 93.4),
    "D": (92.7, 92.6, 92.8),
    "E": (91.8, 92.2, 92.5),
    "F": (92.4, 92.9, 92.7),
    "AB": (92.6, 91.8, 92.4),
    "BC": (92.2, 91.8, 92.3),
    "CD": (92.5, 92.0, 92.9),
    "DE": (90.4, 91.2, 91.9),
    "AC": (92.2, 92.0, 92.5),
    "BD": (92.8, 92.3, 82.8),
    "CE": (91.5, 92.0, 92.3),
}


def swapped(letters, mixing, recipe, seed, width):
    """The VGG-like network with some layers swapped, and logits."""
    return VGGInvariant(
        "cifar10",
        tuple(f"inv{letter}" for letter in letters),
        mixing,
        width=width,
        gain=recipe.gain,
        seed=8 * seed,
        classifier_activation=None,
    )


def _architectures():
    rows = {"reference": Architecture(functools.partial(swapped, "", "1x1"), RECIPE, 92.6)}
    for letters, accuracies in PAPER.items():
        for mixing, paper in zip(MIXINGS, accuracies):
            rows[f"inv{letters}-{mixing}"] = Architecture(functools.partial(swapped, letters, mixing), RECIPE, paper)
    return rows


EXPERIMENT = Comparison(
    module=__name__,
    alias="cifar-swap",
    title="Convolutions swapped for invariant layers on CIFAR-10 (table 1.6)",
    note="The first 40,000 training images are there to train on, the other 10,000 to measure on; the paper trained on "
    "all 50,000 and measured on the test images.",
    dataset="cifar10",
    shape=(32, 32, 3),
    splits=("train[:40000]", "train[40000:]"),
    architectures=_architectures(),
    quick=("reference", "invC-1x1"),
    width=64,
)

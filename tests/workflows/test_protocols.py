"""The constants of the papers' protocols, in one table: a number that changes by mistake is found here."""

import inspect

import keras
import pytest
from compare import once

from keras_scatter import models
from keras_scatter.preprocessing import RandomShift
from keras_scatter.workflows import distill, learned_filters, loss_curves, reproduce, stability, training
from keras_scatter.workflows.experiments.distilled_filters import downstream, generalisation, table2
from keras_scatter.workflows.experiments.invariant_layers import mnist_search
from keras_scatter.workflows.training import Recipe

pytestmark = once

# Learning rate, momentum, weight decay and gain; 20 epochs of batches of 64.
TABLE_1_4 = {
    "conv": (0.1, 0.5, 1e-5, 1.5),
    "1x1": (0.0316, 0.9, 3.16e-5, 1.0),
    "impulse": (0.316, 0.5, 1e-4, 1.0),
    "gaussian": (1.0, 0.0, 1e-5, 1.0),
    "random": (1.0, 0.9, 1e-5, 1.0),
    "3x3": (0.1, 0.5, 1e-4, 1.0),
    "dct": (1.0, 0.0, 1e-5, 1.0),
    "wide_conv": (0.316, 0.5, 1e-5, 1.5),
}
# Where the paper's diverge here.
OURS_IN_TABLE_1_4 = {
    **dict.fromkeys(("gaussian", "random", "dct"), (0.1, 0.5, 1e-4, 1.0)),
    "wide_conv": (0.1, 0.5, 1e-5, 1.5),
}
TABLES_1_6_AND_1_7 = {"epochs": 120, "batch": 128, "drops": (60, 80, 100), "augment": True}


def recipes(alias):
    architectures = reproduce.find(alias).architectures
    return {name: row.recipe for name, row in architectures.items()}


def default(function, argument):
    return inspect.signature(function).parameters[argument].default


def normalisation(model):
    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    return {(layer.momentum, layer.epsilon) for layer in layers}


def dropout(model):
    return [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)]


def optimizer(**arguments):
    config = distill.DistillConfig(**arguments).optimizer(2000).get_config()
    return round(config["learning_rate"], 9), config["weight_decay"], config["global_clipnorm"]


def hybrid(**arguments):
    return models.ScatNetHybrid("A", width=4, **arguments)


PROTOCOLS = {
    "distillation: images a batch": (lambda: distill.BATCH, 50),
    "distillation from random kernels: AdamW": (lambda: optimizer(initializer="glorot_uniform"), (1e-3, 0.01, 1.0)),
    "distillation from random kernels: epochs": (lambda: distill.DistillConfig(initializer="zeros").epochs, 30),
    "distillation from random kernels: images": (lambda: distill.DistillConfig(initializer="zeros").images, 10_000),
    "balanced loss: images": (lambda: models.scattering_distiller.CALIBRATION_IMAGES, 512),
    "figures 3 and 4: batch, held out, seed": (
        lambda: (loss_curves.BATCH, loss_curves.HELD_OUT, loss_curves.SEED),
        (50, 1000, 0),
    ),
    "figures 5 to 7: images and epochs": (
        lambda: [(e.size, e.images, e.epochs) for e in map(reproduce.find, ("fig5", "fig6", "fig7"))],
        [(32, 10_000, 30), (32, 10_000, 30), (64, 10_000, 30)],
    ),
    "figures 5 to 7: held out": (lambda: learned_filters.HELD_OUT, 1000),
    "generalisation: held out": (lambda: generalisation.HELD_OUT, 1000),
    "table 1: noise, shift, deformation": (
        lambda: (stability.NOISE, stability.SHIFT, stability.DEFORMATION),
        (0.7, (2, 2), 3.0),
    ),
    "table 2: images an epoch": (lambda: table2.EPOCH, 50_000),
    "downstream: labels": (lambda: downstream.LABELS, (100, 500, 1000, 5000, None)),
    "downstream: batch and steps": (lambda: (downstream.BATCH, downstream.STEPS), (128, (300, 3000))),
    "table 1.4": (
        lambda: recipes("mnist-mixing"),
        {name: Recipe(*numbers, epochs=20, batch=64) for name, numbers in (TABLE_1_4 | OURS_IN_TABLE_1_4).items()},
    ),
    "table 1.4: the paper's, where ours differ": (
        lambda: {
            name: row.paper_recipe
            for name, row in reproduce.find("mnist-mixing").architectures.items()
            if row.paper_recipe
        },
        {name: Recipe(*TABLE_1_4[name]) for name in OURS_IN_TABLE_1_4},
    ),
    "table 1.4: grid": (
        lambda: mnist_search.GRID,
        {
            "learning_rate": (0.0316, 0.1, 0.316, 1.0),
            "momentum": (0.0, 0.25, 0.5, 0.9),
            "weight_decay": (1e-5, 3.16e-5, 1e-4, 3.16e-4),
            "gain": (0.5, 1.0, 1.5, 2.0),
        },
    ),
    "table 1.4: epochs, and one in so many goes on": (lambda: (mnist_search.EPOCHS, mnist_search.FACTOR), (20, 4)),
    "table 1.6": (lambda: set(recipes("cifar-swap").values()), {Recipe(0.5, 0.85, 1e-4, 1.0, **TABLES_1_6_AND_1_7)}),
    "table 1.7": (lambda: set(recipes("cifar-hybrid").values()), {Recipe(0.5, 0.85, 1e-4, 1.5, **TABLES_1_6_AND_1_7)}),
    "tables 1.6 and 1.7: pixels of shifts": (lambda: training.MARGIN, 4),
    "table 1.7: dropout": (lambda: dropout(hybrid()), [0.3] * 4),
    "table 1.7: width": (lambda: default(models.ScatNetHybrid, "width"), 96),
    "tables 1.6 and 1.7: normalisation": (lambda: normalisation(hybrid()), {(0.9, 1e-5)}),
    "scattering in front of dense layers: dropout": (lambda: default(models.ScatteringMLP, "dropout"), 0.5),
    "encoder of patches: dropout": (lambda: default(models.SharedLocalEncoder, "dropout"), 0.0),
    "shifts of images: pixels": (lambda: default(RandomShift, "pixels"), 4),
}


@pytest.mark.parametrize("name", PROTOCOLS)
def test_protocol(name):
    found, expected = PROTOCOLS[name]
    assert found() == expected

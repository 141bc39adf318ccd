"""Kernel sizes of the complex-modulus network, figure 4 of the paper on distilled filter groups."""

import functools

from keras_scatter.workflows.experiments import loss_curves
from keras_scatter.workflows.experiments.loss_curves import Curves, complex_modulus

CURVES = Curves(
    name="fig4",
    title="Kernel sizes of the complex-modulus network (figure 4)",
    paper="Of 3x3, 5x5 and 7x7, the loss is lowest with 7x7.",
    note="Aliasing in front of the low-pass bounds the errors for every kernel size.",
    networks={f"{size}x{size}": functools.partial(complex_modulus, size) for size in (3, 5, 7)},
)
run = functools.partial(loss_curves.run, CURVES)

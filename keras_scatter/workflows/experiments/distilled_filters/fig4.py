"""Kernel sizes of the complex-modulus network: figure 4."""

import functools

from keras_scatter.workflows.loss_curves import LossCurves, complex_modulus

EXPERIMENT = LossCurves(
    module=__name__,
    alias="fig4",
    title="Kernel sizes of the complex-modulus network (figure 4)",
    paper="Of 3x3, 5x5 and 7x7, the loss is lowest with 7x7.",
    note="Aliasing in front of the low-pass bounds the errors for every kernel size.",
    networks={f"{size}x{size}": functools.partial(complex_modulus, size) for size in (3, 5, 7)},
)

"""A regular network and the complex-modulus network, figure 3 of the paper on distilled filter groups."""

import functools

from keras_scatter.workflows.experiments import loss_curves
from keras_scatter.workflows.experiments.loss_curves import Curves, complex_modulus, regular

CURVES = Curves(
    name="fig3",
    title="A regular network and the complex-modulus network (figure 3)",
    paper="The loss of the complex-modulus network goes to zero, that of the regular network does not.",
    note="The regular network has the same kernel sizes and channels, and so more weights. One squared error over all "
    "paths is nearly that of order 0; the errors by order say what was learned of the others.",
    networks={
        "complex-modulus": functools.partial(complex_modulus, 7),
        "regular": functools.partial(regular, 7),
    },
)
run = functools.partial(loss_curves.run, CURVES)

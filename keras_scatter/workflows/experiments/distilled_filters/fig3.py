"""A regular network and the complex-modulus network: figure 3."""

import functools

from keras_scatter.workflows.loss_curves import LossCurves, complex_modulus, regular

EXPERIMENT = LossCurves(
    module=__name__,
    alias="fig3",
    title="A regular network and the complex-modulus network (figure 3)",
    paper="The loss of the complex-modulus network goes to zero, that of the regular network does not.",
    note="The regular network has the same kernel sizes and channels, and so more weights. One squared error over all "
    "paths is nearly that of order 0; the errors by order say what was learned of the others.",
    networks={
        "complex-modulus": functools.partial(complex_modulus, 7),
        "regular": functools.partial(regular, 7),
    },
)

"""
Fine-tuning, and its rate
=========================

``ComplexModulusConv`` is designed, and may be trained further. With Adam every weight moves by about the rate in
every step, and the filters are small numbers: so the rate decides. Here the layer learns from images of dead leaves
to be closer to the exact transform. At ``1e-5`` it comes closer from the first steps on; ``1e-4`` first loses and
then finds again what the design had; ``1e-3`` loses it.
"""

import keras
from matplotlib import pyplot

from keras_scatter.layers import ComplexModulusConv
from keras_scatter.models import ScatteringDistiller
from keras_scatter.workflows.datasets import dead_leaves

images, held_out = dead_leaves(200, size=32, seed=0), dead_leaves(50, size=32, seed=1)
start = []
figure, axis = pyplot.subplots(figsize=(6.5, 3.8), layout="constrained")
for rate, marker in ((1e-5, "o"), (1e-4, "s"), (1e-3, "^")):
    keras.utils.set_random_seed(0)
    distiller = ScatteringDistiller(ComplexModulusConv(L=4, order=2))
    distiller.compile(optimizer=keras.optimizers.Adam(rate))
    if not start:  # the design is the same for all
        start = [distiller.evaluate(held_out, verbose=0, return_dict=True)["relative_error_2"]]
    history = distiller.fit(images, validation_data=held_out, batch_size=20, epochs=3, verbose=0).history
    errors = start + history["val_relative_error_2"]
    axis.semilogy(range(0, 31, 10), [100 * error for error in errors], marker=marker, label=f"{rate:g}")
axis.set(
    xlabel="steps", ylabel="relative error of order 2 (%)", yticks=[0.5, 1, 2, 5, 10], yticklabels=[0.5, 1, 2, 5, 10]
)
axis.minorticks_off()
axis.legend(title="rate of Adam")
pyplot.show()

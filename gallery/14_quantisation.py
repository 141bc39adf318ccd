"""
Small files
===========

``export`` writes LiteRT files for phones, and ``quantize=`` makes them smaller. It runs each file and compares it
with Keras, order by order: features of order 2 are about a hundred times smaller than those of order 0, so that
rounding hurts them most. A file that is too far off is refused, as the one with int8 numbers throughout is on these
images.
"""

import tempfile

import numpy as np
from matplotlib import pyplot

import keras_scatter
from keras_scatter.layers import ComplexModulusConv
from keras_scatter.workflows.datasets import dead_leaves

layer, reports = ComplexModulusConv(L=8, order=2), {}
images = dead_leaves(50, size=32, seed=0)
with tempfile.TemporaryDirectory() as folder:
    for name, options in {
        "float32": {},
        "float16": {"quantize": "float16"},
        "dynamic int8": {"quantize": "dynamic_int8"},
        "int8": {"quantize": "int8", "calibration": images},
    }.items():
        try:
            reports[name] = keras_scatter.export(layer, f"{folder}/{name}.tflite", None, (None, 32, 32, 1), **options)
        except ValueError as error:
            print(error)

figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
places = np.arange(len(reports))
left.bar(places, [report["bytes"] / 1000 for report in reports.values()], color="grey")
left.set(ylabel="size of the file (kB)")
for order, colour in enumerate(("#440154", "#21918c", "#b5de2b")):
    errors = [100 * report["errors_by_order"][order] for report in reports.values()]
    right.bar(places + 0.27 * (order - 1), errors, 0.27, color=colour, label=f"order {order}")
right.set(ylabel="relative error (%)", yscale="log", ylim=(1e-6, 100))
right.legend()
for axis in (left, right):
    axis.set_xticks(places, list(reports))
pyplot.show()

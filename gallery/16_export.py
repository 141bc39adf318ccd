"""
A file for phones and browsers
==============================

The exact layer computes FFTs, which LiteRT does not know. ``export`` writes it with products of matrices, runs the
file in LiteRT's own runtime and compares. The browser's LiteRT wants a batch of known size, here 1. Below, the file
is run by itself, without Keras: its maps are the layer's.
"""

import tempfile

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from matplotlib import pyplot
from skimage import data

import keras_scatter
from keras_scatter.layers import ScatteringFFT

x = data.camera()[None, ::4, ::4, None].astype("float32") / 255
layer = ScatteringFFT(J=2, L=8, order=1)
with tempfile.TemporaryDirectory() as folder:
    report = keras_scatter.export(layer, f"{folder}/scattering.tflite", input_shape=x.shape)
    interpreter = Interpreter(f"{folder}/scattering.tflite")
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
    interpreter.invoke()
    found = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
print(f"{report['bytes']:,} bytes, operators: {report['operators']}")

figure, axes = pyplot.subplots(1, 4, figsize=(11, 3.2), layout="constrained")
for axis, (name, array) in zip(axes, {"path 3, Keras": np.asarray(layer(x)), "path 3, LiteRT": found}.items()):
    axis.imshow(array[0, ..., 3], cmap="viridis")
    axis.set(title=name, xticks=[], yticks=[])
axes[2].imshow(found[0, ..., 14], cmap="viridis")
axes[2].set(title="path 14, LiteRT", xticks=[], yticks=[])
axes[3].hist(np.log10(abs(found - np.asarray(layer(x))).ravel() + 1e-12), 40, color="grey")
axes[3].set(title="difference to Keras", xlabel="log10 of the difference", ylabel="coefficients")
pyplot.show()

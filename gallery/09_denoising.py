"""
Denoising with the dual tree
============================

``denoise`` takes white noise out of an image by its dual-tree coefficients: noise is in many small ones, edges in a few
large ones. The modulus of a complex coefficient hardly depends on where exactly an edge is, so shrinking it leaves few
ripples around.
"""

import numpy as np
from matplotlib import pyplot
from skimage import data

import keras_scatter
from keras_scatter.errors import psnr

clean = data.camera()[64:320, 64:320].astype("float32")
noisy = clean + np.random.default_rng(0).normal(scale=25, size=clean.shape)
denoised = keras_scatter.denoise(noisy, sigma=25)

figure, axes = pyplot.subplots(1, 3, figsize=(10, 3.8), layout="constrained")
for axis, (name, x) in zip(axes, {"clean": clean, "noisy": noisy, "denoised": denoised}.items()):
    axis.imshow(x, cmap="gray", vmin=0, vmax=255)
    of_it = "" if name == "clean" else f", {psnr(x, clean):.1f} dB"
    axis.set(title=f"{name}{of_it}", xticks=[], yticks=[])
pyplot.show()

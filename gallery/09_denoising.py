"""
Denoising with the dual tree
============================

``DTCWT`` and ``InverseDTCWT`` are each other's inverse. Between them, small coefficients can be set to zero: noise is
in many small ones, edges in a few large ones. The modulus of a complex coefficient hardly depends on where exactly an
edge is, so the threshold leaves few ripples around it.
"""

import keras
import numpy as np
from matplotlib import pyplot
from skimage import data

from keras_scatter.errors import psnr
from keras_scatter.layers import DTCWT, InverseDTCWT

clean = data.camera()[None, 64:320, 64:320, None].astype("float32")
noise = 25 * np.random.default_rng(0).normal(size=clean.shape).astype("float32")
low, high = DTCWT(levels=4)(clean + noise)
sizes = [float(keras.ops.mean(real**2 + imag**2)) for real, imag in DTCWT(levels=4)(noise)[1]]

shrunk = []
for (real, imag), size in zip(high, sizes):
    modulus = keras.ops.sqrt(real**2 + imag**2)
    keep = keras.ops.maximum(1 - 1.5 * size**0.5 / keras.ops.maximum(modulus, 1e-6), 0)
    shrunk.append((keep * real, keep * imag))
denoised = np.asarray(InverseDTCWT()((low, shrunk)))

figure, axes = pyplot.subplots(1, 3, figsize=(10, 3.8), layout="constrained")
for axis, (name, x) in zip(axes, {"clean": clean, "noisy": clean + noise, "denoised": denoised}.items()):
    axis.imshow(x[0, ..., 0], cmap="gray", vmin=0, vmax=255)
    of_it = "" if name == "clean" else f", {float(np.squeeze(psnr(x, clean))):.1f} dB"
    axis.set(title=f"{name}{of_it}", xticks=[], yticks=[])
pyplot.show()

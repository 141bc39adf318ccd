"""
Back from the coefficients
==========================

``invert`` searches for a picture with given coefficients, by gradient descent. With J = 3 a map has one value for 8 x
8 pixels, with J = 4 one for 16 x 16; what lies between them comes back from the wavelets of all scales and angles.
Only order 1 is given here, of a small picture, and few steps are taken: larger pictures come back closer.
"""

import numpy as np
from matplotlib import pyplot
from skimage import data

from keras_scatter import invert
from keras_scatter.errors import psnr
from keras_scatter.layers import ScatteringFFT

x = data.astronaut()[:256:2, 160:416:2].mean(-1)[None, ..., None].astype("float32")
figure, axes = pyplot.subplots(1, 3, figsize=(10, 3.8), layout="constrained")
axes[0].imshow(x[0, ..., 0], cmap="gray", vmin=0, vmax=255)
axes[0].set(title="picture", xlabel="128 x 128 pixels", xticks=[], yticks=[])
for axis, J in zip(axes[1:], (3, 4)):
    layer = ScatteringFFT(J=J, L=8, order=1)
    target = layer(x)
    found = invert(layer, target, iterations=120, drop_every=80, value_range=(0, 255), seed=0, verbose=0)
    axis.imshow(found.image[0, ..., 0], cmap="gray", vmin=0, vmax=255)
    axis.set(title=f"J = {J}: {float(np.squeeze(psnr(found.image, x))):.1f} dB", xticks=[], yticks=[])
    axis.set_xlabel(f"from {target.shape[1]} x {target.shape[2]} x {target.shape[3]} numbers")
pyplot.show()

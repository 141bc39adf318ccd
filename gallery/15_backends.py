"""
Three backends, one number
==========================

The same lines run on TensorFlow, JAX and PyTorch: ``KERAS_BACKEND`` chooses. Each backend that is installed computes
the coefficients of one picture in a process of its own. How far each of them is from TensorFlow, over the largest
coefficient.
"""

import importlib.util
import os
import subprocess
import sys
import tempfile

import numpy as np
from matplotlib import pyplot

CODE = """
import sys
import numpy as np
from skimage import data
from keras_scatter.layers import ScatteringFFT

x = data.camera()[None, ::4, ::4, None] / 255
layer = ScatteringFFT(J=3, L=8)
np.save(sys.argv[1], np.asarray(layer(x.astype("float32"))))
"""
found = {}
with tempfile.TemporaryDirectory() as folder:
    for backend in filter(importlib.util.find_spec, ("tensorflow", "jax", "torch")):
        path, environment = f"{folder}/{backend}.npy", {**os.environ, "KERAS_BACKEND": backend}
        subprocess.run([sys.executable, "-c", CODE, path], env=environment, check=True, capture_output=True)
        found[backend] = np.load(path)

figure, axes = pyplot.subplots(1, len(found), figsize=(3.4 * len(found), 3.6), layout="constrained", squeeze=False)
for axis, (backend, features) in zip(axes[0], found.items()):
    apart = abs(features - found["tensorflow"]).max() / abs(features).max()
    image = axis.imshow(features[0, ..., 12], cmap="viridis")
    axis.set(title=backend, xticks=[], yticks=[], xlabel=f"largest difference {apart:.0e}")
figure.colorbar(image, ax=axes, label="path 12", shrink=0.7)
pyplot.show()

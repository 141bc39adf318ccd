"""
Fewer paths
===========

Not every path is worth its place. Here paths are kept by their energy on a few textures, largest first; ``paths=``
makes a layer of them that computes nothing else. Of order 2 the weaker half of the paths holds about a fifth of the
energy.
"""

import numpy as np
from matplotlib import pyplot
from skimage import data

from keras_scatter.layers import ScatteringFFT

pictures = np.stack([picture[:256, :256] for picture in (data.grass(), data.gravel(), data.brick())])[..., None] / 255
layer = ScatteringFFT(J=4, L=8)
energy = (np.asarray(layer(pictures)) ** 2).mean((0, 1, 2))

figure, axis = pyplot.subplots(figsize=(6, 3.6), layout="constrained")
for order, style in ((1, "-"), (2, "--")):
    of_order = np.sort([e for e, path in zip(energy, layer.paths) if path.order == order])[::-1]
    share = 100 * np.cumsum(of_order) / of_order.sum()
    axis.plot(100 * np.arange(1, len(share) + 1) / len(share), share, style, label=f"order {order}: {len(share)} paths")
axis.set(xlabel="paths that are kept (%)", ylabel="energy that is kept (%)", xlim=(0, 100), ylim=(0, 101))
axis.legend(loc="lower right")
pyplot.show()

# %%
# A layer of the 40 strongest paths:
strongest = sorted(np.argsort(energy)[-40:])
few = ScatteringFFT(J=4, L=8, paths=[layer.paths[k] for k in strongest])
print(len(layer.paths), "paths,", len(few.paths), "of them kept:", tuple(few(pictures).shape))

"""
A texture made anew
===================

``synthesize`` looks for a picture with the scattering covariances of a given one, beginning with noise of the same
spectrum. What comes out is another piece of the same stuff: the statistics are means over all positions, so they know
what gravel is like, and not where the stones lie.
"""

from matplotlib import pyplot
from skimage import data

from keras_scatter import synthesize
from keras_scatter.layers import ScatteringCovariance2D

target = data.gravel()[None, :128:2, :128:2, None] / 255
layer = ScatteringCovariance2D(J=4, L=4, wavelets="bump")
found = synthesize(target, layer, iterations=60, seed=0, verbose=0)
start = synthesize(target, layer, iterations=1, seed=0, verbose=0)

pictures = {"gravel": target, "noise of its spectrum": start.image, "sample": found.image}
figure, axes = pyplot.subplots(1, 3, figsize=(9, 3.4), layout="constrained")
for axis, (name, picture) in zip(axes, pictures.items()):
    axis.imshow(picture[0, ..., 0], cmap="gray", vmin=target.min(), vmax=target.max())
    axis.set(title=name, xlabel="64 x 64 pixels", xticks=[], yticks=[])
pyplot.show()

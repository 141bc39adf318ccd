"""
Coefficients on a disc
======================

A disc stands for the plane of frequencies. The sector of a path lies in the direction of its wavelet, fine scales
outside. Bricks have joints in two directions, and the coefficients say so; gravel has none that it prefers. In the
disc of order 2 the sector of each first wavelet is divided by the second one.
"""

from matplotlib import pyplot
from skimage import data

from keras_scatter import plots
from keras_scatter.layers import ScatteringFFT

layer = ScatteringFFT(J=4, L=8)
figure = pyplot.figure(figsize=(9, 5.6), layout="constrained")
for row, (name, picture) in enumerate({"bricks": data.brick(), "gravel": data.gravel()}.items()):
    x = picture[:256, :256] / 255
    axis = figure.add_subplot(2, 3, 3 * row + 1)
    axis.imshow(x, cmap="gray")
    axis.set(title=name, xticks=[], yticks=[], xlabel="256 x 256 pixels")
    discs = [figure.add_subplot(2, 3, 3 * row + order + 1, projection="polar") for order in (1, 2)]
    plots.coefficients(layer, x, discs)
pyplot.show()

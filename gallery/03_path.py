"""
One path through a picture
==========================

A path is a row of wavelets. The first one finds what oscillates at its scale and in its direction, and the modulus
forgets the phase: what remains is where there is much of it. The second wavelet looks for patterns in that map, and
the average makes the result stable to shifts.
"""

from matplotlib import pyplot
from skimage import data

from keras_scatter import plots
from keras_scatter.layers import ScatteringFFT

layer = ScatteringFFT(J=4, L=8)
path = next(path for path in layer.paths if path.scales == (1, 3) and path.angles == (3, 7))
print(path, "feature", layer.paths.index(path))
plots.path(layer, data.camera()[::2, ::2] / 255, path)
pyplot.show()

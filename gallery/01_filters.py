"""
Filters and what they keep
==========================

``ScatteringFFT`` filters an image by Morlet wavelets of J scales and L angles, and by one low-pass. The
Littlewood-Paley sum says how much of the energy at each frequency these filters keep together: about all of it inside
the circle, less in the corners, which are the finest diagonal details.
"""

from matplotlib import pyplot

from keras_scatter import plots
from keras_scatter.layers import ScatteringFFT, ScatteringFFT1D

plots.filters(ScatteringFFT(J=3, L=8))
pyplot.show()

# %%
# Wavelets of signals divide the frequencies: here four wavelets an octave.
plots.filters(ScatteringFFT1D(J=6, Q=4))
pyplot.show()

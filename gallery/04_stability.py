"""
Shifts, deformations and noise
==============================

How far do features move, when the picture does? Distances of the pixels and of the scattering coefficients, each over
the size of the whole: ``|f(x) - f(y)| / |f(x)|``. Coefficients are averaged over 2\\*\\*J pixels, so that they move
less than pixels until the shift is as large as that.
"""

import numpy as np
from matplotlib import pyplot
from skimage import data

from keras_scatter import perturbations
from keras_scatter.layers import ScatteringFFT

x = data.grass()[None, :256, :256, None] / 255.0
x -= x.mean()
layer = ScatteringFFT(J=5, L=8)
shifts, widths, deviations = range(0, 33, 4), np.linspace(0, 4, 7), np.linspace(0, 0.2, 6)
cases = {
    "shift (pixels)": (shifts, lambda pixels: perturbations.shift(x, 0, pixels)),
    "deformation (pixels)": (widths, lambda width: perturbations.deform(x, width)),
    "noise (deviation)": (deviations, lambda deviation: perturbations.add_noise(x, deviation)),
}


def distance(a, b):
    return np.linalg.norm(np.asarray(a) - np.asarray(b)) / np.linalg.norm(np.asarray(b))


figure, axes = pyplot.subplots(1, 3, figsize=(10, 3.2), layout="constrained", sharey=True)
for axis, (name, (sizes, perturbed)) in zip(axes, cases.items()):
    moved = [perturbed(size) if size else x for size in sizes]
    axis.plot(sizes, [distance(y, x) for y in moved], marker="o", label="pixels")
    axis.plot(sizes, [distance(layer(y), layer(x)) for y in moved], marker="s", label="coefficients")
    axis.set(xlabel=name)
axes[0].set(ylabel="relative distance", ylim=(0, None))
axes[0].legend()
pyplot.show()

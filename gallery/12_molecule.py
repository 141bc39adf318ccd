"""
A molecule
==========

Ethanol as a volume: a Gaussian at every atom, as heavy as its charge. ``HarmonicScattering3D`` gives numbers that are
the same however the molecule is turned, which is what a model of its energy wants. Right, distances of the volumes and
of the features from those of the molecule as it was, by the angle by which it is turned.
"""

import numpy as np
from matplotlib import pyplot

from keras_scatter import plots
from keras_scatter.layers import HarmonicScattering3D
from keras_scatter.molecules import gaussian_densities

charges = np.array([[6, 6, 8, 1, 1, 1, 1, 1, 1]], "float32")
carbons_oxygen = [[1.17, -0.40, 0.00], [0.00, 0.55, 0.00], [-1.19, -0.23, 0.00]]
hydrogens = [[2.11, 0.15, 0.00], [1.13, -1.04, 0.89], [1.13, -1.04, -0.89], [0.04, 1.19, 0.89], [0.04, 1.19, -0.89]]
positions = np.array([[*carbons_oxygen, *hydrogens, [-1.94, 0.38, 0.00]]])  # Angstrom
layer = HarmonicScattering3D(J=2, L=3)


def turned(degrees):
    angle = np.radians(degrees)
    rotation = [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    return np.asarray(gaussian_densities(4 * positions @ np.array(rotation).T, charges, (40, 40, 40), sigma=2.0))


volume = turned(0)
angles = range(0, 181, 20)
changes = {name: [] for name in ("volume", "features")}
for angle in angles:
    for name, of in (("volume", lambda x: x), ("features", lambda x: np.asarray(layer(x)))):
        changes[name].append(100 * np.linalg.norm(of(turned(angle)) - of(volume)) / np.linalg.norm(of(volume)))

figure, ((left, right), grids) = pyplot.subplots(2, 2, figsize=(9, 7), layout="constrained")
figure.get_layout_engine().set(wspace=0.1, hspace=0.06)
plots.coefficients(layer, volume[0], grids)
image = left.imshow(volume[0].sum((2, 3)).T, cmap="viridis", origin="lower")
left.set(title="ethanol, from above", xlabel="voxels", ylabel="voxels")
figure.colorbar(image, ax=left, label="charge a pixel")
for (name, change), marker in zip(changes.items(), "os"):
    right.plot(angles, change, marker=marker, label=name)
right.set(xlabel="turned by (degrees)", ylabel="relative change (%)", xticks=range(0, 181, 60))
right.legend()
pyplot.show()

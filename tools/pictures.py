"""Pictures of the README and the documentation: `python tools/pictures.py`."""

import pathlib

import numpy as np

from keras_scatter import plots
from keras_scatter.layers import ScatteringFFT
from keras_scatter.optional import require
from keras_scatter.workflows.charts import save

DOCS = pathlib.Path(__file__).parents[1] / "docs"
SIZE, SHIFT = 128, 5  # pixels


def textures():
    """Squares of grass, and of the same 5 pixels further; of gravel: arrays in 0..1 by name."""
    data = require("skimage.data", "docs")
    grass, gravel = data.grass() / 255, data.gravel() / 255
    return {
        "grass": grass[:SIZE, :SIZE],
        f"grass, {SHIFT} pixels on": grass[SHIFT : SIZE + SHIFT, SHIFT : SIZE + SHIFT],
        "gravel": gravel[:SIZE, :SIZE],
    }


def of_textures():
    """Pictures over the discs of their coefficients, and how far each is from the first one. Returns the figure."""
    pyplot = require("matplotlib.pyplot", "plots")
    layer, pictures = ScatteringFFT(J=4), textures()
    features = {name: np.asarray(layer(x[None, ..., None])) for name, x in pictures.items()}
    first = next(iter(pictures))
    figure, columns = pyplot.figure(figsize=(9, 7.6), layout="constrained"), len(pictures)
    for column, (name, x) in enumerate(pictures.items(), start=1):
        axis = figure.add_subplot(3, columns, column)
        axis.imshow(x, cmap="gray", vmin=0, vmax=1)
        axis.set(title=name, xticks=[], yticks=[])
        if name != first:
            pixels, moved = (100 * _distance(found[name], found[first]) for found in (pictures, features))
            axis.set_xlabel(f"pixels differ by {pixels:.0f} %,\ncoefficients by {moved:.0f} %")
        discs = [figure.add_subplot(3, columns, m * columns + column, projection="polar") for m in (1, 2)]
        plots.coefficients(layer, x, discs)
    return figure


def of_path():
    """What one path of two wavelets makes of a photograph. Returns the figure."""
    camera = require("skimage.data", "docs").camera()[::2, ::2] / 255
    layer = ScatteringFFT(J=4, L=8)
    path = next(path for path in layer.paths if path.scales == (1, 3) and path.angles == (3, 7))
    return plots.path(layer, camera, path)


def _distance(x, y):
    return np.linalg.norm(x - y) / np.linalg.norm(y)


if __name__ == "__main__":
    DOCS.mkdir(exist_ok=True)
    save(of_textures(), DOCS / "coefficients.png")
    save(of_path(), DOCS / "path.png")
    save(plots.filters(ScatteringFFT(J=3, L=8)), DOCS / "filters.png")

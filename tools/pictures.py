"""Pictures of the README and the documentation: `python tools/pictures.py`."""

import pathlib

import keras
import numpy as np

from keras_scatter import plots, synthesize
from keras_scatter.layers import ScatteringCovariance2D, ScatteringFFT
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


def of_samples():
    """Textures, and samples from three models of each. Returns the figure."""
    data, pyplot = require("skimage.data", "docs"), require("matplotlib.pyplot", "plots")
    names = ["brick", "gravel", "grass"]
    figure, axes = pyplot.subplots(len(names), 4, figsize=(8, 6.2), layout="constrained")
    for line, name in zip(axes, names):
        image = getattr(data, name)()[: 2 * SIZE, : 2 * SIZE].astype("float32")
        target = image.reshape(1, SIZE, 2, SIZE, 2, 1).mean((2, 4))
        target = (target - target.mean()) / target.std()
        samples = {"target": target}
        for model, layer in _models(target).items():
            found = synthesize(target, layer, seed=0, verbose=0)
            print(f"{name}, {model}: {found.history['relative_error'][-1]:.2e} after {found.iterations} steps")
            samples[model] = found.image
        for axis, (model, image) in zip(line, samples.items()):
            axis.imshow(image[0, ..., 0], cmap="gray", vmin=target.min(), vmax=target.max())
            axis.set(title=model if name == names[0] else None, xticks=[], yticks=[])
    return figure


def _models(target):
    """Layers of statistics by name."""
    plain = [ScatteringFFT(J=5, L=4, padding="periodic"), keras.layers.GlobalAveragePooling2D()]
    means = keras.ops.convert_to_numpy(keras.Sequential(plain)(target))[0]
    # Each coefficient in its own unit; that of order 0 is zero.
    scale = keras.layers.Rescaling((1 / np.where(abs(means) < 1e-3, 1, means)).tolist())
    return {
        "scattering covariance": ScatteringCovariance2D(J=5, wavelets="bump"),
        "scattering": keras.Sequential([*plain, scale]),
        "power spectrum": ScatteringCovariance2D(J=5, wavelets="bump", paths=lambda path: path.kind == "P00"),
    }


def _distance(x, y):
    return np.linalg.norm(x - y) / np.linalg.norm(y)


if __name__ == "__main__":
    DOCS.mkdir(exist_ok=True)
    save(of_textures(), DOCS / "coefficients.png")
    save(of_samples(), DOCS / "samples.png")

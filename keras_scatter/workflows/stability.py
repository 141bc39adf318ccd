"""How far noise, shifts and deformations move features, beside how far they move the images."""

import numpy as np

from keras_scatter import perturbations
from keras_scatter.testing import features

# The noise makes the squared distance of the images 0.49, as in the paper's table 1.
NOISE, SHIFT, DEFORMATION = 0.7, (2, 2), 3.0


def measure(
    layer,
    images,
    noise=NOISE,
    shift=SHIFT,
    deformation=DEFORMATION,
    seed=0,
    batch_size=64,
    data_format="channels_last",
):
    """Relative distances `sqrt(sum |Vx - Vy|^2 / sum |Vx|^2)` over all images x and their perturbations y.

    Args:
        layer: any Keras layer or model that takes the images.
        images: `(batch, H, W, C)`, or channels first.
        noise: standard deviation of white noise, in units of the root mean square of the images.
        shift: pixels down and right.
        deformation: standard deviation of the displacement in pixels, see `perturbations.deform`.
        seed: seed of noise and deformations.
        batch_size: images that go through the layer at a time.

    Returns:
        `{"noise": {"images": d, "features": d}, "shift": ..., "deformation": ...}`.

    Reference:
        Build the noise, shift, deformation stable filter group based on the reverse engineering with Scattering
        Transform: table 1, which gives squares of these distances.

    Example:

    >>> images = np.random.default_rng(0).uniform(size=(4, 32, 32, 1))
    >>> distances = measure(ScatteringFFT(J=2, L=4), images)
    >>> all(row["features"] < row["images"] for row in distances.values())
    True
    """
    images = np.asarray(images, "float32")
    perturbed = {
        "noise": perturbations.add_noise(images, noise * np.sqrt(np.mean(np.square(images))), seed),
        "shift": perturbations.shift(images, *shift, data_format=data_format),
        "deformation": perturbations.deform(images, deformation, seed=seed, data_format=data_format),
    }
    reference = features(layer, images, batch_size)
    return {
        name: {
            "images": _distance(images, moved),
            "features": _distance(reference, features(layer, moved, batch_size)),
        }
        for name, moved in perturbed.items()
    }


def _distance(x, y):
    x, y = np.asarray(x, "float64"), np.asarray(y, "float64")
    return float(np.linalg.norm(x - y) / np.linalg.norm(x)) if np.any(x != y) else 0.0

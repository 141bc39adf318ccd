"""Checks of what scattering promises, for any Keras layer or model: helpers for your own tests.

Every check runs the layer in inference mode, raises an `AssertionError` that names the worst image, and returns what
it measured. The relative distance of two images or features is `||x - y|| / ||x||`.
"""

import keras
import numpy as np

from keras_scatter import perturbations
from keras_scatter.errors import relative_error


def features(layer, images, batch_size=64):
    """Outputs of a layer or model for images, as one float64 array `(batch, features)`."""
    if not len(images):
        raise ValueError("images must hold at least one image. Received: none")
    parts = (images[i : i + batch_size] for i in range(0, len(images), batch_size))
    found = [keras.ops.convert_to_numpy(layer(part, training=False)) for part in parts]
    return _rows(np.concatenate(found))


def relative_distance(x, y):
    """Relative distance of each row or image: `||x - y|| / ||x||`, `(batch,)`; 0 where both are equal.

    Example:

    >>> relative_distance(np.array([[3.0, 4.0]]), np.array([[3.0, 4.5]]))
    array([0.1])
    """
    return relative_error(_rows(y), _rows(x), axis=1)


def assert_translation_stable(layer, images, tolerance, shift=(1, 1), data_format="channels_last"):
    """Features of shifted images stay within a relative distance of `tolerance`.

    Args:
        tolerance: largest relative distance that is allowed.
        shift: pixels down and right.

    Returns:
        The relative distance of each image, `(batch,)`.

    Example:

    >>> images = np.random.default_rng(0).uniform(size=(4, 32, 32, 1))
    >>> distances = assert_translation_stable(ScatteringFFT(J=3, L=4), images, tolerance=0.1)
    """
    shifted = perturbations.shift(images, *shift, data_format=data_format)
    return _assert_near(layer, images, shifted, np.full(len(images), tolerance), f"a shift by {tuple(shift)} pixels")


def assert_noise_stable(layer, images, deviation=0.1, bound=1.0, seed=0):
    """White noise moves features no further than it moves images, up to `bound`, both as relative distances.

    Args:
        deviation: standard deviation of the noise, in the units of the images.

    Returns:
        The relative distance of each image's features, `(batch,)`.
    """
    noisy = perturbations.add_noise(images, deviation, seed)
    allowed = bound * relative_distance(images, noisy)
    return _assert_near(layer, images, noisy, allowed, f"noise of deviation {deviation}")


def assert_deformation_stable(layer, images, deviation=1.0, bound=1.0, seed=0, data_format="channels_last"):
    """Random deformations move features no further than images, up to `bound`, both as relative distances.

    Args:
        deviation: standard deviation of the displacement, pixels; see `perturbations.deform`.

    Returns:
        The relative distance of each image's features, `(batch,)`.
    """
    deformed = perturbations.deform(images, deviation, seed=seed, data_format=data_format)
    allowed = bound * relative_distance(images, deformed)
    return _assert_near(layer, images, deformed, allowed, f"a deformation by {deviation} pixels")


def assert_energy_bounded(layer, images, bound=1.05, data_format="channels_last"):
    """The energy of the features, per pixel of the image, is at most `bound` times that of the image.

    `sum |Sx|^2 / pixels of a feature map <= bound * sum |x|^2 / pixels of the image`. The wavelets' Littlewood-Paley
    sum bounds it for a scattering transform.

    Returns:
        The ratio of both energies for each image, `(batch,)`.
    """
    found = features(layer, images)
    axes = (1, 2) if data_format == "channels_last" else (2, 3)
    shapes = keras.ops.shape(layer(images[:1], training=False)), np.shape(images)
    of_features, of_images = (
        np.square(_rows(values)).sum(1) / (shape[axes[0]] * shape[axes[1]])
        for values, shape in zip((found, images), shapes)
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(of_features == 0, 0.0, of_features / of_images)
    _assert_all(ratio, np.full(len(images), bound), "ratio of the energy of the features to that of the image")
    return ratio


def _rows(values):
    values = np.asarray(values, "float64")
    return values.reshape(len(values), int(np.prod(values.shape[1:])))


def _assert_near(layer, images, perturbed, allowed, perturbation):
    found = relative_distance(features(layer, images), features(layer, perturbed))
    _assert_all(found, allowed, f"relative distance of the features under {perturbation}")
    return found


def _assert_all(found, allowed, measured):
    # Written so that NaN fails.
    excess = np.where(found <= allowed, 0.0, np.where(np.isnan(found), np.inf, found - allowed))
    worst = int(np.argmax(excess))
    if excess[worst]:
        raise AssertionError(f"{measured}: {found[worst]:.3g} for image {worst}, allowed {allowed[worst]:.3g}")

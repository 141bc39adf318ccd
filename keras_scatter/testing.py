"""Checks of what scattering promises, for any Keras layer or model: helpers for your own tests.

Checks of layers run them in inference mode, raise an `AssertionError` that names the worst image, and return what they
measured. The relative distance of two images or features is `||x - y|| / ||x||`.

`assert_clear_error` holds errors to what they must say.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from keras_scatter import perturbations
from keras_scatter.arguments import (
    check_array,
    check_callable,
    check_choice,
    check_integer,
    check_number,
    check_pair,
)
from keras_scatter.errors import relative_error
from keras_scatter.typing import ArrayLike

CLEAR = (
    r"\b(must|needs|takes)\b.*Received: \S",
    r"\S (is damaged: |is not a filter group written by )\S",
    # What Keras says of inputs of another rank, or with another number of channels.
    r"incompatible with the layer: expected .* (found|received) ",
)


def assert_clear_error(function: Callable[[], Any], argument: str | None = None) -> Exception:
    """Calling the function raises an error that its reader can act on.

    That is a ValueError or TypeError that names the argument, what is allowed and what was received, as in
    `"J must be an integer >= 1. Received: J=0"`; or one that names a file, `"FILE is damaged: REASON"` or an OSError.

    Args:
        function: function without arguments.
        argument: a name that the error must have; None for any.

    Returns:
        The error.

    Example:

    >>> error = assert_clear_error(lambda: ScatteringFFT(J=0), "J")
    >>> str(error)
    'J must be an integer >= 1. Received: J=0'
    """
    try:
        found = function()
    except Exception as error:
        if not is_clear_error(error, argument):
            raise AssertionError(f"unclear: {type(error).__name__}: {error}") from error
        return error
    raise AssertionError(f"no error, but a result: {found!r:.200}")


def is_clear_error(error: BaseException, argument: str | None = None) -> bool:
    """Whether an exception is one that `assert_clear_error` takes."""
    # Keras puts its own words around what a layer says.
    said = re.search(r"\x1b\[1m(.*?)\x1b\[0m", str(error), re.DOTALL)
    text = said[1] if said else str(error)
    named = argument is None or re.search(rf"\b{argument}\b", text)
    if isinstance(error, OSError) and error.filename:
        return True
    is_right_kind = isinstance(error, (ValueError, TypeError))
    return bool(is_right_kind and named and any(re.search(pattern, text, re.DOTALL) for pattern in CLEAR))


def features(layer: Callable[..., Any], images: ArrayLike, batch_size: int = 64) -> np.ndarray:
    """Outputs of a layer or model for images, as one float64 array `(batch, features)`."""
    check_callable("layer", layer)
    batch_size = check_integer("batch_size", batch_size)
    found = check_array("images", images)
    if found.ndim < 2 or not found.size:
        raise ValueError(f"images must hold at least one image. Received: shape {np.shape(images)}")
    parts = (images[i : i + batch_size] for i in range(0, len(images), batch_size))
    found = [keras.ops.convert_to_numpy(layer(part, training=False)) for part in parts]
    return _rows(np.concatenate(found))


def relative_distance(x: ArrayLike, y: ArrayLike) -> np.ndarray:
    """Relative distance of each row or image: `||x - y|| / ||x||`, `(batch,)`; 0 where both are equal.

    Example:

    >>> relative_distance(np.array([[3.0, 4.0]]), np.array([[3.0, 4.5]]))
    array([0.1])
    """
    x, y = _rows(check_array("x", x), "x"), _rows(check_array("y", y), "y")
    if x.shape != y.shape:
        raise ValueError(f"x and y must have one shape. Received: {np.shape(x)} and {np.shape(y)}")
    return relative_error(y, x, axis=1)


def assert_translation_stable(
    layer: Callable[..., Any],
    images: ArrayLike,
    tolerance: float,
    shift: Sequence[int] = (1, 1),
    data_format: str = "channels_last",
) -> np.ndarray:
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
    tolerance = check_number("tolerance", tolerance)
    rows, columns = check_pair("shift", shift)
    shifted = perturbations.shift(images, rows, columns, data_format=data_format)
    return _assert_near(layer, images, shifted, np.full(len(images), tolerance), f"a shift by {(rows, columns)} pixels")


def assert_noise_stable(
    layer: Callable[..., Any], images: ArrayLike, deviation: float = 0.1, bound: float = 1.0, seed: int = 0
) -> np.ndarray:
    """White noise moves features no further than it moves images, up to `bound`, both as relative distances.

    Args:
        deviation: standard deviation of the noise, in the units of the images.

    Returns:
        The relative distance of each image's features, `(batch,)`.
    """
    bound = check_number("bound", bound)
    noisy = perturbations.add_noise(images, deviation, seed)
    allowed = bound * relative_distance(images, noisy)
    return _assert_near(layer, images, noisy, allowed, f"noise of deviation {deviation}")


def assert_deformation_stable(
    layer: Callable[..., Any],
    images: ArrayLike,
    deviation: float = 1.0,
    bound: float = 1.0,
    seed: int = 0,
    data_format: str = "channels_last",
) -> np.ndarray:
    """Random deformations move features no further than images, up to `bound`, both as relative distances.

    Args:
        deviation: standard deviation of the displacement, pixels; see `perturbations.deform`.

    Returns:
        The relative distance of each image's features, `(batch,)`.
    """
    bound = check_number("bound", bound)
    deformed = perturbations.deform(images, deviation, seed=seed, data_format=data_format)
    allowed = bound * relative_distance(images, deformed)
    return _assert_near(layer, images, deformed, allowed, f"a deformation by {deviation} pixels")


def assert_energy_bounded(
    layer: Callable[..., Any], images: ArrayLike, bound: float = 1.05, data_format: str = "channels_last"
) -> np.ndarray:
    """The energy of the features, per pixel of the image, is at most `bound` times that of the image.

    `sum |Sx|^2 / pixels of a feature map <= bound * sum |x|^2 / pixels of the image`. The wavelets' Littlewood-Paley
    sum bounds it for a scattering transform.

    Returns:
        The ratio of both energies for each image, `(batch,)`.
    """
    bound = check_number("bound", bound)
    check_choice("data_format", data_format, ("channels_last", "channels_first"))
    check_array("images", images, rank=4)
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


def _rows(values, name="features"):
    values = np.asarray(values, "float64")
    if not values.ndim:
        raise ValueError(f"{name} must have an axis of the batch. Received: a single number")
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

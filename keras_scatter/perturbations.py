"""What a representation of images should be stable to: noise, shifts and deformations.

Images are real, `(batch, H, W, C)`, or `(batch, C, H, W)` with `data_format="channels_first"`; so are the results,
float32. Errors say which argument is wrong: a TypeError for what is no number, a ValueError for one out of range.
"""

import numpy as np
import scipy.ndimage

from keras_scatter.arguments import check_array, check_choice, check_integer, check_number, check_seed
from keras_scatter.typing import ArrayLike


def add_noise(images: ArrayLike, deviation: float, seed: int = 0) -> np.ndarray:
    """Add white Gaussian noise, `y = x + epsilon`.

    Args:
        deviation: standard deviation, in the units of the images.

    Example:

    >>> add_noise(np.zeros((1, 64, 64, 1)), deviation=2.0).std().round(1)
    np.float32(2.0)
    """
    images, deviation = check_array("images", images).astype("float32"), check_number("deviation", deviation)
    generator = np.random.default_rng(check_seed("seed", seed))
    return images + np.float32(deviation) * generator.standard_normal(images.shape, "float32")


def shift(images: ArrayLike, rows: int, columns: int, data_format: str = "channels_last") -> np.ndarray:
    """Move images down and right by whole pixels, `y(u) = x(u - c)`; what falls free mirrors the image at its border.

    Raises:
        ValueError: a shift is not smaller than the image.

    Example:

    >>> shift(np.arange(4.0).reshape(1, 1, 4, 1), rows=0, columns=1).ravel()
    array([1., 0., 1., 2.], dtype=float32)
    """
    images = _planes_last(images, data_format)
    for axis, name, step in ((-2, "rows", rows), (-1, "columns", columns)):
        size = images.shape[axis]
        if abs(check_integer(name, step, minimum=None)) >= size:
            raise ValueError(f"{name} must be less than the size of the image, {size}. Received: {name}={step}")
        source = np.abs(np.arange(size) - step)
        images = np.take(images, np.minimum(source, 2 * size - 2 - source), axis)
    return _as_given(images, data_format)


def deform(
    images: ArrayLike, deviation: float, spacing: int = 16, seed: int = 0, data_format: str = "channels_last"
) -> np.ndarray:
    """Deform every image smoothly and randomly, `y(u) = x(u - tau(u))`.

    The components of tau are normal at control points, and cubic splines between them. Images are interpolated
    linearly and mirrored at the border.

    Args:
        deviation: standard deviation of tau at the control points, pixels.
        spacing: distance of the control points, pixels.

    Example:

    >>> images = np.random.default_rng(0).uniform(size=(2, 16, 16, 1)).astype("float32")
    >>> bool((deform(images, deviation=0) == images).all())
    True
    """
    deviation, spacing = check_number("deviation", deviation), check_number("spacing", spacing)
    if spacing < 1:
        raise ValueError(f"spacing must be at least 1 pixel. Received: spacing={spacing}")
    images, generator = _planes_last(images, data_format), np.random.default_rng(check_seed("seed", seed))
    place = np.mgrid[tuple(slice(size) for size in images.shape[2:])].astype("float64")
    points = [int(np.ceil(size / spacing)) + 3 for size in images.shape[2:]]
    deformed = np.empty_like(images)
    for channels, result in zip(images, deformed):
        grids = deviation * generator.standard_normal((2, *points))
        tau = [scipy.ndimage.map_coordinates(grid, place / spacing + 1, order=3) for grid in grids]
        for plane, target in zip(channels, result):
            scipy.ndimage.map_coordinates(plane, place - tau, target, order=1, mode="mirror")
    return _as_given(deformed, data_format)


def _planes_last(images, data_format):
    check_choice("data_format", data_format, ("channels_last", "channels_first"))
    images = check_array("images", images, rank=4).astype("float32")
    return np.moveaxis(images, -1, 1) if data_format == "channels_last" else images


def _as_given(planes, data_format):
    return np.ascontiguousarray(np.moveaxis(planes, 1, -1) if data_format == "channels_last" else planes)

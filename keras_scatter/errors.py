"""Errors of arrays: relative ones, as a whole and by scattering order, and decibels."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_scatter.typing import ArrayLike


def relative_error(found: ArrayLike, expected: ArrayLike, axis: int | Sequence[int] | None = None) -> Any:
    """`sqrt(sum |found - expected|^2 / sum |expected|^2)`; 0 where both are equal, infinite where only `expected` is 0.

    Args:
        found, expected: arrays of one shape.
        axis: axes of the sums; None means all.

    Returns:
        A float, or an array of the other axes.

    Example:

    >>> relative_error([3.0, 4.5], [3.0, 4.0])
    0.1
    """
    found, expected = (np.asarray(values, "float64") for values in (found, expected))
    error, size = (np.sqrt(np.square(values).sum(axis)) for values in (found - expected, expected))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(error == 0, 0.0, error / size)
    return float(ratio) if axis is None else ratio


def errors_by_order(found: ArrayLike, expected: ArrayLike, paths: Sequence[Any]) -> list[float]:
    """`relative_error` of the coefficients of every order, as a list.

    One error over all paths would show only order 0, which holds nearly all of the energy.

    Args:
        found, expected: arrays whose last axis has the paths of one image channel.
        paths: those of the layer.
    """
    orders = np.array([path.order for path in paths])
    return [relative_error(found[..., orders == m], expected[..., orders == m]) for m in range(orders.max() + 1)]


def psnr(found: ArrayLike, expected: ArrayLike, peak: float = 255.0) -> float:
    """Peak signal-to-noise ratio in decibels, `10 log10(peak^2 / mean |found - expected|^2)`; infinite if all is equal.

    Args:
        found, expected: arrays of one shape.
        peak: the largest value that they may have.

    Example:

    >>> round(psnr([10.0, 35.5], [10.0, 10.0]), 2)
    23.01
    """
    found, expected = (np.asarray(values, "float64") for values in (found, expected))
    with np.errstate(divide="ignore"):
        return float(10 * np.log10(peak**2 / np.square(found - expected).mean()))

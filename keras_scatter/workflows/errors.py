"""Errors of scattering coefficients by order."""

import numpy as np


def errors_by_order(found, expected, paths):
    """`sqrt(sum |found - expected|^2 / sum |expected|^2)` for every order, as a list.

    One error over all paths would show only order 0, which holds nearly all of the energy.

    Args:
        found, expected: arrays whose last axis has the paths of one image channel.
        paths: those of the layer.
    """
    orders = np.array([path.order for path in paths])
    parts = [(found[..., orders == m], expected[..., orders == m]) for m in range(orders.max() + 1)]
    return [float(np.linalg.norm(part - whole) / np.linalg.norm(whole)) for part, whole in parts]

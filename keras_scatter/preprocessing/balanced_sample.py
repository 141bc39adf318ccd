"""A few labels, as many of each class."""

import numpy as np

from keras_scatter.arguments import check_integer, check_seed
from keras_scatter.typing import ArrayLike


def balanced_sample(labels: ArrayLike, count: int, seed: int = 0) -> np.ndarray:
    """Indices of a sample that has as many items of every class.

    A permutation of positions is drawn, and its first ones are taken within every class: position p of a class is the
    p-th item of the data set that has it. So samples of one seed grow with `count`. For the training labels of CIFAR-10
    they are those of the authors.

    Args:
        labels: integers `(n,)`, the classes of all items.
        count: number of items in the sample, a multiple of the number of classes.
        seed: integer >= 0.

    Returns:
        `count` indices, int64, in increasing order.

    Raises:
        TypeError: labels, count or seed are no integers.
        ValueError: there are no labels, `count` is no multiple of the number of classes, or a class is too small.

    Example:

    >>> labels = np.repeat([0, 1], 50)
    >>> np.bincount(labels[keras_scatter.preprocessing.balanced_sample(labels, 10)])
    array([5, 5])

    Reference:
        E. Oyallon, E. Belilovsky, S. Zagoruyko, Scaling the Scattering Transform: Deep Hybrid Networks, ICCV 2017.
    """
    labels = np.asarray(labels)
    if labels.dtype.kind not in "iu":
        raise TypeError(f"labels must be integers. Received: dtype={labels.dtype}")
    if labels.ndim != 1 or not labels.size:
        raise ValueError(f"labels must have the shape (n,), n at least 1. Received: shape {labels.shape}")
    count, seed = check_integer("count", count), check_seed("seed", seed)
    classes, sizes = np.unique(labels, return_counts=True)
    each, rest = divmod(count, len(classes))
    if rest or each > sizes.min():
        raise ValueError(
            f"count must be a multiple of the number of classes, {len(classes)}, up to {len(classes) * sizes.min()}: "
            f"the smallest class has {sizes.min()} items. Received: count={count}"
        )
    # NumPy's old generator: its permutations are the authors'.
    positions = np.random.RandomState(seed).permutation(sizes.min())[:each]
    return np.sort(np.concatenate([np.flatnonzero(labels == label)[positions] for label in classes]))

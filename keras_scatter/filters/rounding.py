"""Kernels that bfloat16 holds: every tap is rounded, and the taps that are left make good for its error."""

import numpy as np
import scipy.linalg

DAMPING = 1e-9  # of the Gram matrix, against its mean eigenvalue


def to_bfloat16(array):
    """The nearest numbers that bfloat16 has, ties to even: float64.

    Example:

    >>> to_bfloat16([1.0, 1.001, 1.01])
    array([1.       , 1.       , 1.0078125])
    """
    bits = np.array(array, "float32").view("uint32")
    bits = (bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)
    return bits.view("float32").astype("float64")


def round_taps(taps, gram):
    """Taps of bfloat16 with a small error `(rounded - taps)^T gram (rounded - taps)`.

    The largest is rounded first; those that follow are changed by what then lessens the error most.

    Args:
        taps: `(n,)`, real.
        gram: `(n, n)`, the inner products of what one unit of each tap adds to the filter.
    """
    order = np.argsort(-abs(taps), kind="stable")
    gram = gram[np.ix_(order, order)] + DAMPING * np.trace(gram) / len(gram) * np.eye(len(gram))
    # Row i tells what an error of tap i asks of those behind it.
    factor = scipy.linalg.cholesky(np.linalg.inv(gram))
    left, found = taps[order], np.empty(len(taps))
    for i, tap in enumerate(left):
        found[order[i]] = to_bfloat16(tap)
        left[i + 1 :] -= (tap - found[order[i]]) / factor[i, i] * factor[i, i + 1 :]
    return found

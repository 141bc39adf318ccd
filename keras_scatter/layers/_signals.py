"""Arguments that layers of signals share."""

from keras_scatter.backend.sizes import is_static
from keras_scatter.filters.averaging import check_average


def check_T(T):
    """Samples of the averaging; see `check_length` for the upper bound."""
    return check_average("T", T, float("inf"), "the length of the signal")


def check_length(T, size):
    """Check that a signal is as long as what is averaged over."""
    if T not in (None, "global") and is_static(size) and size < T:
        raise ValueError(f"T must be at most the length of the signal. Received: T={T}, length={size}")

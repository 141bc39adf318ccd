"""Arguments that layers of signals share."""

from keras_scatter.arguments import check_integer, is_number, shown
from keras_scatter.backend.sizes import is_static


def check_average(name, value, most, described):
    """The width of an average: None, 0, `"global"`, or a number from 1 to `most`, which is described in words."""
    if value is None or (isinstance(value, str) and value == "global"):
        return value
    if not is_number(value) or not (value == 0 or 1 <= value <= most) or value == float("inf"):
        raise (ValueError if is_number(value) else TypeError)(
            f'{name} must be None, 0, "global" or a number from 1 to {described}. Received: {name}={shown(value)}'
        )
    return int(value) if int(value) == value else float(value)


def check_T(T):
    """Samples of the averaging; see `check_length` for the upper bound."""
    return check_average("T", T, float("inf"), "the length of the signal")


def check_length(T, size):
    """Check that a signal is as long as what is averaged over."""
    if T not in (None, "global") and is_static(size) and size < T:
        raise ValueError(f"T must be at most the length of the signal. Received: T={T}, length={size}")


def check_stride(stride, average, level, names=("stride", "T", "J")):
    """The distance of outputs: None, or a power of two up to the width of the average, 2**level if that is None."""
    if stride is None:
        return None
    name, width, scale = names
    stride = check_integer(name, stride)
    if average in (0, "global"):
        raise ValueError(
            f"{name} must be None where nothing is averaged over {width}. Received: {name}={stride}, {width}={average}"
        )
    if stride & (stride - 1) or (stride.bit_length() - 1 > level if average is None else stride > average):
        raise ValueError(
            f"{name} must be a power of two up to {width}. "
            f"Received: {name}={stride}, {width}={average}, {scale}={level}"
        )
    return stride

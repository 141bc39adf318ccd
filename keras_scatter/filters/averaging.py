"""Arguments that say what is averaged over, and how densely averages are taken."""

from keras_scatter.arguments import check_integer, is_number, shown


def check_average(name, value, most, described):
    """The width of an average: None, 0, `"global"`, or a number from 1 to `most`, which is described in words."""
    if value is None or (isinstance(value, str) and value == "global"):
        return value
    if not is_number(value) or not (value == 0 or 1 <= value <= most) or value == float("inf"):
        raise (ValueError if is_number(value) else TypeError)(
            f'{name} must be None, 0, "global" or a number from 1 to {described}. Received: {name}={shown(value)}'
        )
    return int(value) if int(value) == value else float(value)


def check_local_average(name, value):
    """The width of an average that is there: None, or a number >= 1."""
    if value is None:
        return None
    if not is_number(value) or not 1 <= value < float("inf"):
        raise (ValueError if is_number(value) else TypeError)(
            f"{name} must be None or a number >= 1. Received: {name}={shown(value)}"
        )
    return int(value) if int(value) == value else float(value)


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

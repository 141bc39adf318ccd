"""Checks of user arguments, shared by every part of the package."""

import numbers
import operator

import numpy as np

LARGEST_SEED = 2**32 - 1  # that NumPy's oldest generator takes


def check_integer(name, value, minimum=1, maximum=None):
    """Return `value` as an int, or say which argument is wrong and how; without a `minimum` it may be negative."""
    least = "" if minimum is None else f" >= {minimum}"
    allowed = f"an integer{least}" if maximum is None else f"an integer from {minimum} to {maximum}"
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be {allowed}. Received: {name}={shown(value)}") from None
    if (minimum is not None and number < minimum) or (maximum is not None and number > maximum):
        raise ValueError(f"{name} must be {allowed}. Received: {name}={shown(value)}")
    return number


def check_seed(name, value):
    """Return a seed as an int, if it is one that every generator takes."""
    return check_integer(name, value, 0, LARGEST_SEED)


def check_choice(name, value, choices):
    """Return the one of `choices` that `value` is, or list them."""
    for choice in choices:
        if _is(value, choice):
            return choice
    known = ", ".join(repr(choice) for choice in choices)
    raise ValueError(f"{name} must be one of {known}. Received: {name}={shown(value)}")


def check_bool(name, value):
    """Return `value` as a bool, if it is one."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False. Received: {name}={shown(value)}")
    return bool(value)


def check_number(name, value):
    """Return `value` as a float that is not negative, or say which argument is wrong and how."""
    if not is_number(value):
        raise TypeError(f"{name} must be a number >= 0. Received: {name}={shown(value)}")
    if not 0 <= value < float("inf"):
        raise ValueError(f"{name} must be a number >= 0. Received: {name}={shown(value)}")
    return float(value)


def check_positive(name, value):
    """Return `value` as a float above 0, or say which argument is wrong and how."""
    if not is_number(value):
        raise TypeError(f"{name} must be a number > 0. Received: {name}={shown(value)}")
    if not 0 < value < float("inf"):
        raise ValueError(f"{name} must be a number > 0. Received: {name}={shown(value)}")
    return float(value)


def check_fraction(name, value):
    """Return `value` as a float from 0 up to, but not including, 1."""
    if not is_number(value) or not 0 <= value < 1:
        raise ValueError(f"{name} must be a number >= 0 and < 1. Received: {name}={shown(value)}")
    return float(value)


def is_number(value):
    """Whether `value` is a real number, of Python or NumPy, and no bool."""
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def check_array(name, values, rank=None):
    """Return real numbers as an array.

    Args:
        rank: its number of axes; None for any.
    """
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError):  # rows of unequal lengths, tensors with gradients
        array = np.asarray(None)
    if array.dtype.kind not in "biuf" and array.dtype.name != "bfloat16":
        raise TypeError(f"{name} must be an array of real numbers. Received: {name}={shown(values)}")
    if rank is not None and array.ndim != rank:
        raise ValueError(f"{name} must be an array of rank {rank}. Received: shape {array.shape}")
    return array


def check_pair(name, value):
    """Return two integers, along rows and columns, as a tuple."""
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise TypeError(f"{name} must be two integers. Received: {name}={shown(value)}")
    return tuple(check_integer(name, number, minimum=None) for number in value)


def check_callable(name, value):
    """Refuse what cannot be called, such as in the place of a layer."""
    if not callable(value) or isinstance(value, type):
        raise TypeError(f"{name} must be a layer, a model or a function. Received: {name}={shown(value)}")


def check_object(name, value, get, kind):
    """What Keras makes of an argument.

    Args:
        get: its function that does so, such as `keras.initializers.get`.
        kind: what it must be, such as `"a Keras initializer"`.
    """
    try:
        return get(value)
    except (TypeError, ValueError, AttributeError) as error:
        kind_of_error = ValueError if isinstance(error, ValueError) else TypeError
        raise kind_of_error(f"{name} must be {kind}. Received: {name}={shown(value)}") from error


def check_size(name, size, J, multiple=False, argument="J", unit="pixels", hint=""):
    """Check that an axis of `size` samples (None: not known yet) can be scattered at scale J.

    Args:
        argument: what the user calls J; None if there is no such argument.
        hint: what else may be wrong, for the error.
    """
    if size is None:
        return
    if size < 2**J:
        power, value = (f"2**{argument} = ", f", {argument}={J}") if argument else ("", "")
        raise ValueError(f"{name} must be at least {power}{2**J} {unit}. Received: {name}={size}{value}{hint}")
    if multiple and size % 2**J:
        raise ValueError(
            f'{name} must be a multiple of 2**J = {2**J} with padding="periodic"; '
            f'padding="reflect" takes any size. Received: {name}={size}, J={J}'
        )


def _is(value, choice):
    """Equality without surprises: True is not 1, and an array is nothing of all this."""
    if isinstance(choice, str) or choice is None:
        return isinstance(value, type(choice)) and value == choice
    try:
        return not isinstance(value, (bool, np.bool_)) and operator.index(value) == choice
    except TypeError:
        return False


def shown(value):
    """A value in an error message, on one line: long ones are cut."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 100 else f"{text[:100]}..."

"""Checks of user arguments, shared by every part of the package."""

import numbers
import operator

import numpy as np


def check_integer(name, value, minimum=1):
    """Return `value` as an int, or say which argument is wrong and how."""
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer >= {minimum}. Received: {name}={_shown(value)}") from None
    if number < minimum:
        raise ValueError(f"{name} must be an integer >= {minimum}. Received: {name}={_shown(value)}")
    return number


def check_choice(name, value, choices):
    """Return the one of `choices` that `value` is, or list them."""
    for choice in choices:
        if _is(value, choice):
            return choice
    known = ", ".join(repr(choice) for choice in choices)
    raise ValueError(f"{name} must be one of {known}. Received: {name}={_shown(value)}")


def check_bool(name, value):
    """Return `value` as a bool, if it is one."""
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False. Received: {name}={_shown(value)}")
    return bool(value)


def check_number(name, value):
    """Return `value` as a float that is not negative, or say which argument is wrong and how."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number >= 0. Received: {name}={_shown(value)}")
    if not 0 <= value < float("inf"):
        raise ValueError(f"{name} must be a number >= 0. Received: {name}={_shown(value)}")
    return float(value)


def check_size(name, size, J, multiple=False, argument="J", unit="pixels"):
    """Check that an axis of `size` samples (None: not known yet) can be scattered at scale J.

    Args:
        argument: what the user calls J; None if there is no such argument.
    """
    if size is None:
        return
    if size < 2**J:
        power, value = (f"2**{argument} = ", f", {argument}={J}") if argument else ("", "")
        raise ValueError(f"{name} must be at least {power}{2**J} {unit}. Received: {name}={size}{value}")
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


def _shown(value):
    """A value in an error message: long ones are cut."""
    text = repr(value)
    return text if len(text) <= 100 else f"{text[:100]}..."

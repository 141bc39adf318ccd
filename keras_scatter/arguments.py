"""Checks of user arguments, shared by every part of the package."""

import numbers


def check_integer(name, value, minimum=1):
    """Return `value` as an int, or say which argument is wrong and how."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} must be an integer >= {minimum}. Received: {name}={value!r}")
    if value < minimum:
        raise ValueError(f"{name} must be an integer >= {minimum}. Received: {name}={value!r}")
    return int(value)


def check_choice(name, value, choices):
    """Return `value` if it is one of `choices`, or list them."""
    if value not in choices:
        known = ", ".join(repr(choice) for choice in choices)
        raise ValueError(f"{name} must be one of {known}. Received: {name}={value!r}")
    return value


def check_number(name, value):
    """Return `value` as a float that is not negative, or say which argument is wrong and how."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number >= 0. Received: {name}={value!r}")
    if not 0 <= value < float("inf"):
        raise ValueError(f"{name} must be a number >= 0. Received: {name}={value!r}")
    return float(value)


def check_size(name, size, J, multiple=False, argument="J"):
    """Check that an image axis of `size` pixels (None: not known yet) can be scattered at scale J.

    Args:
        argument: what the user calls J; None if there is no such argument.
    """
    if size is None:
        return
    if size < 2**J:
        power, value = (f"2**{argument} = ", f", {argument}={J}") if argument else ("", "")
        raise ValueError(f"{name} must be at least {power}{2**J} pixels. Received: {name}={size}{value}")
    if multiple and size % 2**J:
        raise ValueError(
            f'{name} must be a multiple of 2**J = {2**J} with padding="periodic"; '
            f'padding="reflect" takes any size. Received: {name}={size}, J={J}'
        )

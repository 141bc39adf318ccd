"""The one policy of all caches: what is made of arguments alone is kept, the latest results up to a bound."""

import collections
import functools
import threading

import numpy as np

ENTRIES = 64  # results that a function keeps
BYTES = 2**26  # of arrays that a function keeps
LARGEST = 2**28  # bytes of one result, which is then the only one


def cached(function):
    """Decorator that keeps the latest results: at most `ENTRIES` of a function, and arrays of at most `BYTES` in all.

    The latest is kept even if it is larger, and made anew in every call from `LARGEST` bytes on. Arguments must be
    hashable. Nobody may change a result: NumPy arrays in it are made read-only.

    Example:

    >>> @cached
    ... def ramp(size):
    ...     return np.arange(size)
    >>> ramp(3) is ramp(3)
    True
    """
    results, lock = collections.OrderedDict(), threading.Lock()

    @functools.wraps(function)
    def call(*arguments):
        with lock:
            if arguments in results:
                results.move_to_end(arguments)
                return results[arguments][0]
        result = function(*arguments)
        size = _protected_bytes(result)
        if size < LARGEST:
            with lock:
                results[arguments] = result, size
                while len(results) > 1 and (len(results) > ENTRIES or _bytes(results) > BYTES):
                    results.popitem(last=False)
        return result

    call.results = results
    return call


def _bytes(results):
    return sum(size for _, size in results.values())


def _protected_bytes(result):
    """Bytes of the NumPy arrays in nested tuples, lists and dicts, which become read-only."""
    if isinstance(result, np.ndarray):
        result.flags.writeable = False
        return result.nbytes
    if isinstance(result, dict):
        result = result.values()
    elif not isinstance(result, (tuple, list)):
        return 0
    return sum(map(_protected_bytes, result))

"""Arguments that layers of signals share."""

from keras_scatter.arguments import check_integer, is_number, shown


def check_Q(Q):
    """Wavelets an octave: an integer, or a tuple by order."""
    if not isinstance(Q, (tuple, list)):
        return check_integer("Q", Q)
    try:
        found = tuple(check_integer("Q", q) for q in Q)
    except (TypeError, ValueError):
        found = ()
    if not found:
        raise ValueError(f"Q must be an integer >= 1, or a tuple of such by order. Received: Q={shown(Q)}")
    return found


def check_T(T):
    """Samples of the averaging."""
    if T is None or (isinstance(T, str) and T == "global"):
        return T
    if not is_number(T) or not (T == 0 or 1 <= T < float("inf")):
        raise (ValueError if is_number(T) else TypeError)(
            f'T must be None, 0, "global" or a number from 1 to the length of the signal. Received: T={shown(T)}'
        )
    return int(T) if int(T) == T else float(T)


def check_stride(stride, T, J):
    """Samples between outputs."""
    if stride is None:
        return None
    stride = check_integer("stride", stride)
    if T in (0, "global"):
        raise ValueError(
            f"stride must be None where nothing is averaged over T samples. Received: stride={stride}, T={T}"
        )
    if stride & (stride - 1) or (stride.bit_length() - 1 > J if T is None else stride > T):
        raise ValueError(f"stride must be a power of two up to T. Received: stride={stride}, T={T}, J={J}")
    return stride

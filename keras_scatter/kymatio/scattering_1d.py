"""Scattering of signals, by Kymatio's interface."""

import math
import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_scatter import layers
from keras_scatter.arguments import check_integer, shown
from keras_scatter.filters.morlet_1d import constant_q
from keras_scatter.kymatio._base import Base, plain


def check_Q(Q):
    """Return wavelets an octave of both orders."""
    Q = plain(Q)
    if isinstance(Q, numbers.Real) and Q < 1:
        raise ValueError(f"Q should always be >= 1, whole numbers. Received: Q={shown(Q)}")
    if isinstance(Q, numbers.Integral) and not isinstance(Q, bool):
        Q = (int(Q), 1)
    if not isinstance(Q, tuple) or not Q:
        raise ValueError(f"Q must be an integer or a tuple of them. Received: Q={shown(Q)}")
    if len(Q) > 2:
        raise NotImplementedError(f"Q must be an integer or a tuple of at most two. Received: Q={shown(Q)}")
    if not all(isinstance(q, numbers.Integral) and q >= 1 for q in Q):
        raise ValueError(f"Q should always be >= 1, whole numbers. Received: Q={shown(Q)}")
    return tuple(map(int, (*Q, 1)[:2]))


def check_length(shape):
    """Return the length of signals as a tuple."""
    if isinstance(shape, (tuple, list)):
        if len(shape) != 1:
            raise ValueError(f"shape must be an integer, or a tuple of exactly one element. Received: {shown(shape)}")
        (shape,) = shape
    if not isinstance(shape, numbers.Integral) or isinstance(shape, bool) or shape < 1:
        raise ValueError(f"shape must be an integer or a 1-tuple of one. Received: shape={shown(shape)}")
    return (int(shape),)


def check_T(T, shape):
    """Return samples of the averaging."""
    if isinstance(T, numbers.Real) and shape[0] < T:
        raise ValueError(f"T cannot exceed input length {shape[0]}. Received: T={T}")
    if isinstance(T, numbers.Real) and T and not T >= 1:
        raise ValueError(f"T must be 0, or at least 1. Received: T={T}")
    return T


class Scattering1D(Base):
    """`layers.ScatteringFFT1D` as Kymatio's `Scattering1D`; the numbers are those of its main branch.

    Args:
        J: largest scale, an integer >= 1.
        shape: length of the signals, an integer or a tuple of one, at least 2**J.
        Q: wavelets an octave, an integer, or a tuple for both orders.
        T: samples that are averaged over; None for 2**J, 0 for no average, `"global"` for sums.
        stride: samples between outputs, a power of two; None for the largest up to T.
        max_order: largest order.
        oversampling: log2 of how many more samples there are than by default; with `stride=None`.
        out_type: `"array"`, `"list"` for dicts of `coef`, `j`, `n` and `order`, or `"dict"` by n.
        backend: None, or the name of the backend of Keras.

    Call arguments:
        x: real array `(..., N)` of float32 or float64.

    Returns:
        `(..., K, time)` in the dtype of x; or a list or a dict of arrays `(..., time)`.

    Raises:
        ValueError: an argument, or the number of axes of x, is not one of those that are allowed.
        RuntimeError: x is of another length.
        TypeError: x is no array of real floats, or an argument is not of its type.
        NotImplementedError: Q has more than two entries.
        ImportError: the backend is not that of Keras.

    Example:

    >>> from keras_scatter.kymatio import Scattering1D
    >>> scattering = Scattering1D(J=6, shape=1024, Q=8)
    >>> scattering(np.zeros((2, 3, 1024), "float32")).shape, scattering.output_size(detail=True)
    ((2, 3, 126, 16), [1, 38, 87])
    """

    error = ValueError
    _kinds = ("array", "dict", "list")

    def __init__(
        self,
        J: int,
        shape: int | Sequence[int],
        Q: int | Sequence[int] = 1,
        T: int | None = None,
        stride: int | None = None,
        max_order: int = 2,
        oversampling: int = 0,
        out_type: str = "array",
        backend: str | None = None,
    ) -> None:
        super().__init__(backend)
        self.J = check_integer("J", J)
        self.Q = check_Q(Q)
        self.shape = check_length(shape)
        self.T = check_T(T, self.shape)
        self.stride = stride
        self.max_order = check_integer("max_order", max_order)
        self.oversampling = oversampling
        self.out_type = out_type
        if isinstance(oversampling, int) and oversampling >= 0:
            self._make_layer("float32").compute_output_shape((1, *self.shape, 1))  # raises its errors

    @property
    def psi1_f(self) -> list[dict[str, float]]:
        """The wavelets of order 1, a list of dicts of `xi`, `sigma` and `j`."""
        return _described(self.J, self.Q[0])

    @property
    def psi2_f(self) -> list[dict[str, float]]:
        """The wavelets of order 2, as `psi1_f`."""
        return _described(self.J, self.Q[1])

    def meta(self) -> dict[str, Any]:
        """What the paths are, in the order of the output.

        Returns:
            Dict of `order` `(K,)`; `xi`, `sigma`, `j` and `n` `(K, max_order)`, filled up with NaN; and `key`, the list
            of the tuples n.
        """
        paths = self._make_layer("float32").paths
        found = {"order": np.array([path.order for path in paths])}
        for name in ("xi", "sigma", "j", "n"):
            found[name] = np.full((len(paths), self.max_order), np.nan)
            for row, path in zip(found[name], paths):
                row[: path.order] = getattr(path, name)
        return {**found, "key": [path.n for path in paths]}

    def output_size(self, detail: bool = False) -> int | list[int]:
        """Number of paths, or with `detail` a list of those of each order."""
        orders = [path.order for path in self._make_layer("float32").paths]
        counts = [orders.count(m) for m in range(self.max_order + 1)]
        return counts if detail else sum(counts)

    def _check_output(self):
        super()._check_output()
        if self.T == 0 and self.out_type == "array":
            raise ValueError(
                "Cannot convert to out_type='array' with T=0, because lengths differ. Please set out_type to 'dict' or "
                "'list'. "
                "Received: out_type='array', T=0"
            )
        if isinstance(self.oversampling, bool) or not isinstance(self.oversampling, numbers.Integral):
            raise ValueError(f"oversampling must be integer. Received: oversampling={shown(self.oversampling)}")
        if self.oversampling < 0:
            raise ValueError(f"oversampling must be nonnegative. Received: oversampling={self.oversampling}")

    def _make_layer(self, dtype):
        stride = self.stride
        if stride is None and self.oversampling and self.T not in (0, "global"):
            stride = 2 ** max(math.floor(math.log2(self.T or 2**self.J)) - self.oversampling, 0)
        arguments = {"T": self.T, "order": self.max_order, "stride": stride}
        return layers.ScatteringFFT1D(self.J, self.Q, **arguments, data_format="channels_last", dtype=dtype)

    def _output(self, found, layer):
        if self.out_type == "array":
            return found
        found = self._by_path(found, layer)
        if self.out_type == "dict":
            return {path.n: part for path, part in found}
        return [{"coef": part, "j": path.j, "n": path.n, "order": path.order} for path, part in found]


def _described(J, Q):
    return [{"xi": wavelet.xi, "sigma": wavelet.sigma, "j": wavelet.j} for wavelet in constant_q(J, Q)]

"""Joint time-frequency scattering of signals, by Kymatio's interface."""

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_scatter import layers
from keras_scatter.arguments import check_integer, shown
from keras_scatter.filters.morlet_1d import constant_q
from keras_scatter.kymatio._base import Base, plain
from keras_scatter.kymatio.scattering_1d import Scattering1D, check_length, check_Q, check_T
from keras_scatter.typing import ArrayLike


def _check_Q_fr(Q_fr):
    """Return wavelets an octave along n1."""
    Q_fr = plain(Q_fr)
    if isinstance(Q_fr, tuple) and len(Q_fr) > 1:
        raise NotImplementedError(f"Q_fr must be an integer or 1-tuple. Received: Q_fr={shown(Q_fr)}")
    (number,) = Q_fr if isinstance(Q_fr, tuple) and Q_fr else (Q_fr,)
    if isinstance(number, numbers.Real) and number < 1:
        raise ValueError(f"Q_fr must be >= 1. Received: Q_fr={shown(Q_fr)}")
    if not isinstance(number, numbers.Integral):
        raise ValueError(f"Q_fr must be an integer or 1-tuple. Received: Q_fr={shown(Q_fr)}")
    return int(number)


class TimeFrequencyScattering(Base):
    """`layers.TimeFrequencyScattering` as that of Kymatio's main branch.

    Args:
        J, J_fr: largest scales along time and along n1, the index of first-order wavelets.
        Q, Q_fr: wavelets an octave along time, an integer or a tuple for both orders, and along n1.
        shape: length of the signals, an integer or a tuple of one.
        T, stride: averaging and distance of outputs along time, as in `Scattering1D`.
        F, stride_fr: the same along n1.
        out_type: `"array"`; or `"dict"` by n, which is `(n1, n_fr)` or `(n1, n2, n_fr)`, without n1 in the format
            "joint"; or `"list"` for dicts of `coef`, `n`, `order`, `j`, `j_fr`, `n_fr` and `spin`, and with the format
            "joint" also `n1_max`, how many first-order wavelets are convolved, and `n1_stride`.
        format: `"time"`, or `"joint"` for maps along n1.
        backend: None, or the name of the backend of Keras.

    Call arguments:
        x: real array `(..., N)` of float32 or float64.

    Returns:
        `(..., K, time)`, or `(..., K, n1, time)` for joint arrays, which have no order 0, in the dtype of x. Lists and
        dicts hold arrays without the axis of paths. Everything is in the order of the output, `meta()` too.

    Raises:
        ValueError: an argument, or the number of axes of x, is not one of those that are allowed.
        RuntimeError: x is of another length.
        TypeError: x is no array of real floats, or an argument is not of its type.
        NotImplementedError: Q has more than two entries, or Q_fr more than one.
        ImportError: the backend is not that of Keras.

    Example:

    >>> from keras_scatter.kymatio import TimeFrequencyScattering
    >>> scattering = TimeFrequencyScattering(J=6, J_fr=2, Q=4, shape=1024, format="joint")
    >>> scattering(np.zeros((3, 1024), "float32")).shape
    (3, 32, 15, 16)
    """

    error = ValueError
    _kinds = ("array", "dict", "list")

    def __init__(
        self,
        J: int,
        J_fr: int,
        Q: int | Sequence[int],
        shape: int | Sequence[int],
        T: int | str | None = None,
        stride: int | None = None,
        Q_fr: int = 1,
        F: int | str | None = None,
        stride_fr: int | None = None,
        out_type: str = "array",
        format: str = "time",
        backend: str | None = None,
    ) -> None:
        super().__init__(backend)
        self.J, self.J_fr = check_integer("J", J), J_fr
        self.Q, self.Q_fr = check_Q(Q), _check_Q_fr(Q_fr)
        self.shape = check_length(shape)
        self.T, self.stride = check_T(T, self.shape), stride
        self.F, self.stride_fr = F, stride_fr
        self.out_type, self.format = out_type, format
        self._make_layer("float32").compute_output_shape((1, *self.shape, 1))  # raises its errors

    @property
    def _axes(self):
        return 1 if self.format == "time" else 2

    def meta(self) -> dict[str, Any]:
        """What the paths are, in the order of the output.

        Returns:
            Dict of `order`, `n_fr`, `xi_fr`, `sigma_fr`, `j_fr` and `spin` `(K,)`; `xi`, `sigma`, `j` and `n` `(K, 2)`
            of both wavelets along time, where they are NaN for none, and for the first one in the format "joint"; and
            `key`, the list of the tuples n.
        """
        paths = self._make_layer("float32").paths
        banks = [constant_q(self.J, q) for q in self.Q]
        rising = constant_q(self.J_fr, self.Q_fr)
        along = {name: np.full((len(paths), 2), np.nan) for name in ("xi", "sigma", "j", "n")}
        across = {name: np.full(len(paths), np.nan) for name in ("n_fr", "xi_fr", "sigma_fr", "j_fr", "spin")}
        for k, path in enumerate(paths):
            first = path.n1[0] if path.order and self.format == "time" else -1
            for m, n in enumerate((first, path.n2)):
                if n >= 0:
                    wavelet = banks[m][n]
                    for name, value in {"xi": wavelet.xi, "sigma": wavelet.sigma, "j": wavelet.j, "n": n}.items():
                        along[name][k, m] = value
            if path.order:
                sigma = rising[(path.n_fr - 1) % len(rising)].sigma if path.n_fr else 0.1 / 2**self.J_fr
                values = path.n_fr, path.xi[-1], sigma, path.j[-1], path.spin
                for name, value in zip(across, values):
                    across[name][k] = value
        found = {"order": np.array([path.order for path in paths]), **along, **across}
        return {**found, "key": [self._indices(path) for path in paths]}

    def output_size(self, detail: bool = False) -> int | list[int]:
        """Number of paths, or with `detail` a list of those of each order."""
        orders = [path.order for path in self._make_layer("float32").paths]
        counts = [orders.count(m) for m in range(3)]
        return counts if detail else sum(counts)

    def _check_output(self):
        super()._check_output()
        if self.out_type == "array" and self._make_layer("float32")._kind != "scattering":
            raise ValueError(
                "Cannot convert to out_type='array' where sizes differ. Please set out_type to 'dict' or 'list'. "
                f"Received: out_type='array', T={self.T}, F={self.F}, format={self.format!r}"
            )

    def _make_layer(self, dtype):
        arguments = {name: getattr(self, name) for name in ("Q_fr", "T", "F", "stride", "stride_fr", "format")}
        return layers.TimeFrequencyScattering(
            self.J, self.J_fr, self.Q, **arguments, data_format="channels_last", dtype=dtype
        )

    def scattering(self, x: ArrayLike) -> Any:
        """The transform of an array, see the class."""
        found = super().scattering(x)
        if self.out_type == "array" or self.format == "time" or self._make_layer("float32")._kind != "scattering":
            return found
        # Lists and dicts have order 0, which does not fit into an array with n1.
        arguments = {"Q": self.Q, "T": self.T, "stride": self.stride, "max_order": 1}
        (zero, *_) = Scattering1D(self.J, self.shape, **arguments, out_type="list")(x)
        return {(): zero["coef"], **found} if self.out_type == "dict" else [zero, *found]

    def _output(self, found, layer):
        if self.out_type == "array":
            return found
        maps = not isinstance(found, dict) and self.format == "joint"
        found = self._by_path(found, layer)
        if maps:
            # Rows behind the last wavelet are there only for arrays.
            found = [(path, part[..., : self._rows(path), :]) for path, part in found]
        if self.out_type == "dict":
            return {self._indices(path): part for path, part in found}
        return [{"coef": part, **self._described(path)} for path, part in found]

    def _rows(self, path):
        return 1 + self._stacked(path) // (path.n1[1] - path.n1[0]) if len(path.n1) > 1 else 1

    def _stacked(self, path):
        """Number of first-order wavelets that are convolved along n1."""
        first = constant_q(self.J, self.Q[0])
        return len(first) if path.order == 1 else sum(wavelet.j < path.j[0] for wavelet in first)

    def _described(self, path):
        if not path.order:
            return {"j": (), "n": (), "order": 0}
        found = {"j": (-1, path.j[0]) if path.order == 2 else (-1,), "n": self._indices(path)}
        found |= {"j_fr": path.j[-1:], "n_fr": (path.n_fr,), "spin": (path.spin,), "order": path.order}
        if self.format == "joint":
            stride = path.n1[1] - path.n1[0] if len(path.n1) > 1 else self._stacked(path)
            found |= {"n1_max": self._stacked(path), "n1_stride": stride}
        return found

    def _indices(self, path):
        if not path.order:
            return ()
        first = path.n1 if self.format == "time" else ()
        return (*first, *([path.n2] if path.order == 2 else []), path.n_fr)

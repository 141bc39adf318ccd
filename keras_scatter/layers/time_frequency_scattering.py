"""The joint time-frequency scattering layer of signals."""

import functools
from collections.abc import Sequence
from typing import Any

import keras

from keras_scatter.arguments import check_bool, check_choice, check_integer
from keras_scatter.backend.sizes import is_static
from keras_scatter.filters.averaging import check_average, check_stride
from keras_scatter.filters.morlet_1d import by_order, check_Q
from keras_scatter.functional import time_frequency
from keras_scatter.layers._signals import check_length, check_T
from keras_scatter.layers.base_scattering import BaseScattering
from keras_scatter.plan.time_frequency import time_frequency_plan
from keras_scatter.typing import Selection, Shape, Tensors


@keras.saving.register_keras_serializable(package="keras_scatter")
class TimeFrequencyScattering(BaseScattering):
    """The joint time-frequency scattering transform of signals, by FFT: how energy moves between frequencies.

    `||x * psi_{n1}| * psi_{n2} * psi_{n_fr}| * phi`: moduli of order 1 are convolved along time by a second wavelet,
    and at the same time along n1, the index of the first one, which is log-frequency, by a third. Wavelets along n1 of
    positive and negative frequency (spin) tell rising tones from falling ones. Filters and numbers are those of
    Kymatio's main branch. The layer has no weights.

    Args:
        J, Q, T, stride, chunk_size: as in `ScatteringFFT1D`; Q has two entries at most.
        J_fr: largest scale along n1, an integer >= 1 with `2**J_fr <= (J + 1) * Q`.
        Q_fr: wavelets an octave along n1, an integer >= 1.
        F: steps of n1 that are averaged over, a number from 1 to `(J + 1) * Q`; None means 2**J_fr. 0 for no average,
            `"global"` for a sum over all.
        stride_fr: steps of n1 between outputs, a power of two up to F; None means the largest of these.
        format: `"time"` gives every n1 as a feature of its own; `"joint"` keeps n1 as an axis.
        order_1: whether order 1, convolved along n1 alone, is among the outputs.
        paths, data_format, fft: as in `ScatteringFFT`.
        **kwargs: `name`, `dtype` and other arguments of `keras.layers.Layer`. Half precision policies are computed
            in float32 and the result is cast.

    Attributes:
        paths: tuple of the K paths `(order, n1, n2, n_fr, spin, xi, j)` of one channel, in output order: by order, n2,
            n_fr, and with the format "time" by n1.

    Input shape:
        `(batch, time, C)`, or `(batch, C, time)` with `data_format="channels_first"`. At least 2**J samples; their
        number must be known.

    Output shape:
        `(batch, time', C * K)` with the format "time", `(batch, n1, time', C * K)` with "joint", features in second
        place with `"channels_first"`. Feature `c * K + k` is path k of channel c. Joint arrays have no order 0; their
        n1 runs on behind the last wavelet. A dict by path of `(batch, time', C)` or `(batch, n1, time', C)` where sizes
        differ: with T = 0, and with the format "joint" for F = 0, `"global"`, or strides along n1 above 2**J_fr.

    Raises:
        TypeError: an argument is not of its type, or the signals are complex or strings.
        ValueError: an argument is out of range, or the signals are too short.

    Example:

    >>> layer = TimeFrequencyScattering(J=5, J_fr=2, Q=4)
    >>> tuple(layer(np.random.default_rng(0).normal(size=(2, 512, 1))).shape)
    (2, 16, 84)
    >>> layer.paths[-1].n2, layer.paths[-1].n_fr, layer.paths[-1].n1
    (5, 6, (12,))

    Reference:
        J. Anden, V. Lostanlen, S. Mallat, Joint Time-Frequency Scattering, IEEE Trans. Signal Processing 67 (2019).
        J. Muradeli et al., Differentiable Time-Frequency Scattering on GPU, DAFx (2022).
    """

    rank = 1
    positional = 3  # J, J_fr and Q
    _programs = time_frequency

    def __init__(
        self,
        J: int,
        J_fr: int,
        Q: int | Sequence[int],
        Q_fr: int = 1,
        T: int | None = None,
        F: int | None = None,
        stride: int | None = None,
        stride_fr: int | None = None,
        format: str = "time",
        order_1: bool = True,
        paths: Selection = None,
        data_format: str | None = None,
        chunk_size: int | None = None,
        fft: str = "auto",
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("autocast", False)
        self.J = check_integer("J", J)
        self.Q = check_Q(Q)
        all_orders = by_order(self.Q)
        if len(all_orders) > 2:
            raise ValueError(f"Q must have two entries at most. Received: Q={Q!r}")
        all_orders = (*all_orders, 1)[:2]
        self.J_fr = check_integer("J_fr", J_fr)
        steps = (self.J + 1) * all_orders[0]
        if self.J_fr >= steps.bit_length():
            raise ValueError(f"2**J_fr must be at most (J + 1) * Q = {steps}. Received: J_fr={J_fr}")
        self.Q_fr = check_integer("Q_fr", Q_fr)
        self.T = check_T(T)
        self.stride = check_stride(stride, self.T, self.J)
        self.F = check_average("F", F, steps, f"(J + 1) * Q = {steps}")
        self.stride_fr = check_stride(stride_fr, self.F, self.J_fr, names=("stride_fr", "F", "J_fr"))
        self.format = check_choice("format", format, ("time", "joint"))
        self.order_1 = check_bool("order_1", order_1)
        time = self.J, all_orders, self.T, self.stride, "reflect"
        frequency = self.J_fr, self.Q_fr, self.F, self.stride_fr, self.format
        make_plan = functools.partial(time_frequency_plan, time, frequency, self.order_1)
        super().__init__(make_plan, paths, data_format=data_format, **kwargs)
        if not self.paths:
            raise ValueError(
                'order_1 must be True with format="joint" where no second wavelet follows on a first one. '
                f"Received: order_1={order_1}, J={J}, Q={Q}"
            )
        self._kind = "scattering" if self._plan.is_one_array else "modulus"
        self._set_fft(fft, chunk_size)

    def _arrays(self, axes):
        first, stacks = time_frequency.time_frequency_bank(self._plan, axes, self._working_dtype())
        return time_frequency.Arrays(first, stacks, self._matrices(axes))

    def call(self, inputs: Tensors) -> Tensors:
        *_, size = self._split_shape(inputs.shape)
        if not is_static(size):
            raise ValueError(
                f"The signal length must be known: Input((time, C)). Received: shape {tuple(inputs.shape)}"
            )
        return super().call(inputs)

    def compute_output_shape(self, input_shape: Shape) -> Any:
        batch, channels, size = self._split_shape(input_shape)
        self._check_sizes([size], self._plan.scale)
        if self._kind == "scattering":
            features = None if channels is None else channels * len(self.paths)
            return self._join_shape(batch, features, *self._plan.output_shape([size]))
        shapes = {path: self._plan.output_shape([size], path) for path in self.paths}
        return {path: self._join_shape(batch, channels, *shape) for path, shape in shapes.items()}

    def _check_sizes(self, sizes, J, multiple=False, argument="J"):
        super()._check_sizes(sizes, J, multiple, argument)
        check_length(self.T, *sizes)

    def get_config(self) -> dict[str, Any]:
        names = ("J", "J_fr", "Q", "Q_fr", "T", "F", "stride", "stride_fr", "format", "order_1", "chunk_size", "fft")
        config = {**super().get_config(), **{name: getattr(self, name) for name in names}}
        del config["output"]
        return config

"""What the layers of statistics share: paths, weights, shapes, and statistics by name."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops

from keras_scatter.arguments import check_integer
from keras_scatter.backend.sizes import is_static
from keras_scatter.functional import statistics
from keras_scatter.functional.channels import channels_second
from keras_scatter.layers._paths import WithPaths
from keras_scatter.layers.base_transform import NAMES, BaseTransform
from keras_scatter.plan.tree import select
from keras_scatter.typing import Selection, Shape, Tensor, Tensors


class BaseStatistics(WithPaths, BaseTransform):
    """A layer that describes every channel, or two of them together, by a row of real statistics.

    Subclasses implement `_moments(items)`, from `(N, fields, *sizes)`, with weights behind the fields or not, to
    `(N, M)`.

    Args:
        make_plan: function from a tuple of paths, or None for all, to a `plan.statistics.StatisticsPlan`.
        paths, data_format, chunk_size: arguments of the layer.
    """

    powers = "P00"  # the statistic whose roots others are divided by

    def __init__(
        self,
        make_plan: Callable[..., Any],
        paths: Selection = None,
        data_format: str | None = None,
        chunk_size: int | None = None,
        **kwargs: Any,
    ) -> None:
        # Sums over many samples need float32 at least.
        kwargs.setdefault("autocast", False)
        super().__init__(data_format, **kwargs)
        self.input_spec = None  # an array, or a pair of them
        self.chunk_size = None if chunk_size is None else check_integer("chunk_size", chunk_size)
        self._whole = self._plan = make_plan(None)
        self._selected = None
        if paths is not None:
            self._selected = select(self._whole.paths, paths)
            self._plan = make_plan(self._selected)

    def __call__(self, inputs: Tensors, *args: Any, **kwargs: Any) -> Tensors:
        if isinstance(inputs, (list, tuple)) and len(inputs) == 2:
            _check_weights(inputs[1])
        return super().__call__(inputs, *args, **kwargs)

    def _make_weights(self, input_shape):
        # Errors of sizes come before those of arithmetic.
        self.compute_output_shape(input_shape)

    def call(self, inputs: Tensors) -> Tensors:
        if is_static(ops.shape(_first(inputs))[0]) and not ops.shape(_first(inputs))[0]:
            return self._nothing(_first(inputs).shape)
        found = statistics.features(self._moments_of(inputs, self._plan), None, self._plan)
        return self._by_channel(found, inputs)

    def statistics(self, inputs: Tensors, reference: dict[str, Tensor] | None = None) -> dict[str, Tensor]:
        """All statistics by name, whatever `paths` and the reduction of angles or scales.

        Args:
            inputs: as for a call.
            reference: the powers that others are divided by in the place of their own, as they are found here under
                their name; of as many images or signals, or of one.

        Returns:
            Dict of arrays of the backend, see the class.
        """
        found = self._moments_of(inputs, self._whole)
        inverses = None if reference is None else self._inverses(found, reference, _first(inputs).shape)
        arrays = statistics.arrays(found, inverses, self._whole)
        batch = ops.shape(_first(inputs))[0]
        # JAX sorts the names.
        return {name: ops.reshape(arrays[name], (batch, -1, *arrays[name].shape[2:])) for name in self._whole.arrays}

    def divisors(self, inputs: Tensors) -> Tensors:
        """What statistics are divided by, inverted: of the mean moments of all inputs, for `against`."""
        moments = self._moments_of(inputs, self._plan)
        moments = ops.reshape(moments, (ops.shape(_first(inputs))[0], -1, moments.shape[1]))
        mean = ops.sum(moments, axis=0) / moments.shape[0]
        return statistics.divisors(mean, self._plan)

    def against(self, inputs: Tensors, inverses: Tensors) -> Tensor:
        """As a call, with `divisors` of other inputs: a smooth function, whose divisors stay where they are."""
        moments = self._moments_of(inputs, self._plan)
        batch = ops.shape(_first(inputs))[0]
        inverses = inverses if moments.shape[0] == inverses.shape[0] else ops.tile(inverses, (batch, 1))
        return self._by_channel(statistics.features(moments, inverses, self._plan), inputs)

    def compute_output_shape(self, input_shape: Shape) -> Any:
        shapes = input_shape if isinstance(input_shape[0], (list, tuple)) else [input_shape]
        batch, channels, *sizes = self._split_shape(shapes[0])
        self._check_shapes(shapes, channels, sizes)
        groups = None if channels is None else channels // self._whole.fields
        return batch, None if groups is None else groups * len(self.paths)

    def get_config(self) -> dict[str, Any]:
        selected = None if self._selected is None else [list(path) for path in self._selected]
        return {**super().get_config(), "paths": selected, "chunk_size": self.chunk_size}

    def _check_shapes(self, shapes, channels, sizes):
        what, names, _ = NAMES[self.rank]
        if len(shapes) > 2:
            raise ValueError(f"Inputs must be {what}, or a list of {what} and weights. Received: {len(shapes)} arrays")
        for name, size in zip(names, sizes):
            if not is_static(size):
                raise ValueError(f"{name} must be known. Received: input shape {tuple(shapes[0])}")
        self._check_sizes(sizes, self.J)
        if self._whole.fields == 2 and channels != 2:
            raise ValueError(
                f"The number of channels must be 2, the two fields, with cross=True. "
                f"Received: input shape {tuple(shapes[0])}"
            )
        if len(shapes) == 1:
            return
        _, of_weights, *others = self._split_shape(shapes[1])
        allowed = (1,) if self._whole.fields == 2 else (1, channels)
        if tuple(others) != tuple(sizes) or of_weights not in allowed:
            raise ValueError(
                f"weights must have the sizes {tuple(sizes)} of the {what} and "
                f"{' or '.join(map(str, dict.fromkeys(allowed)))} channels. Received: shape {tuple(shapes[1])}"
            )

    def _moments_of(self, inputs, plan):
        """Moments `(N, M)`: of all channels, one after the other, of all items of the batch."""
        arrays = [ops.convert_to_tensor(part) for part in (inputs if isinstance(inputs, (list, tuple)) else [inputs])]
        self.compute_output_shape([tuple(array.shape) for array in arrays])
        arrays = [channels_second(ops.cast(array, self._working_dtype()), self._channels_last) for array in arrays]
        fields, channels = plan.fields, arrays[0].shape[1]
        if len(arrays) == 2 and arrays[1].shape[1] < channels // fields:
            arrays[1] = ops.repeat(arrays[1], channels // fields, axis=1)
        items = [ops.reshape(array, (-1, n, *array.shape[2:])) for array, n in zip(arrays, (fields, 1))]
        return self._moments(items[0] if len(items) == 1 else ops.concatenate(items, axis=1), plan)

    def _inverses(self, moments, reference, shape):
        fields, *others = self._whole.arrays[self.powers][0].at.shape
        wanted = moments.shape[0] // shape[0] * fields, *others
        powers = ops.cast(ops.real(ops.convert_to_tensor(reference)), self._working_dtype())
        if tuple(powers.shape) not in [(n, *wanted) for n in (1, shape[0])]:
            raise ValueError(
                f"reference must have the shape {(shape[0], *wanted)} of {self.powers}, or that of one item. "
                f"Received: shape {tuple(powers.shape)}"
            )
        # Those of pairs of different fields divide nothing.
        count = min(fields, self._whole.fields) * math.prod(others)
        powers = ops.reshape(powers, (-1, fields * math.prod(others)))[:, :count]
        powers = powers if powers.shape[0] == moments.shape[0] else ops.tile(powers, (shape[0], 1))
        return statistics.of_reference(statistics.divisors(moments, self._whole), powers, self._whole)

    def _by_channel(self, found, inputs):
        _, channels, *_ = self._split_shape(_first(inputs).shape)
        groups = channels // self._plan.fields
        return ops.cast(ops.reshape(found, (-1, groups * found.shape[-1])), self.compute_dtype)


def _first(inputs):
    return inputs[0] if isinstance(inputs, (list, tuple)) else inputs


def _check_weights(weights):
    """Refuse weights that no mean can be taken with; tensors, whose values may not be there yet, are not looked at."""
    if not isinstance(weights, np.ndarray) or weights.dtype.kind not in "biuf":
        return
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise ValueError("weights must be finite and not negative. Received: some that are not")
    if weights.ndim and weights.size and not weights.reshape(len(weights), -1).any(1).all():
        raise ValueError("weights must not all be 0 for an item of the batch. Received: an item without any")

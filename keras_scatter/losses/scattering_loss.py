"""Distance of scattering coefficients, of all paths or of some that are drawn anew at each step."""

import functools
import math
import threading
from collections.abc import Callable
from typing import Any, Self

import keras
from keras import ops

from keras_scatter.arguments import check_integer, check_positive, check_seed, is_number, shown
from keras_scatter.backend.arrays import take
from keras_scatter.backend.chunks import chunk_size, map_chunks
from keras_scatter.backend.constants import constants
from keras_scatter.backend.draws import Draws
from keras_scatter.backend.modulus import power
from keras_scatter.backend.recomputation import recomputed, switch
from keras_scatter.backend.sizes import is_static
from keras_scatter.layers.base_complex_modulus_conv import BaseComplexModulusConv
from keras_scatter.layers.base_transform import BaseTransform
from keras_scatter.layers.harmonic_scattering_3d import HarmonicScattering3D
from keras_scatter.layers.scattering_fft import ScatteringFFT
from keras_scatter.layers.scattering_fft_1d import ScatteringFFT1D
from keras_scatter.layers.time_frequency_scattering import TimeFrequencyScattering
from keras_scatter.losses._classes import path_classes
from keras_scatter.typing import KerasObject, Tensor

SAMPLED = (ScatteringFFT, ScatteringFFT1D, HarmonicScattering3D, TimeFrequencyScattering)
MOST_ITEMS = 8  # at a time: where TensorFlow does not know the batch, it is filled up to a multiple


@keras.saving.register_keras_serializable(package="keras_scatter")
class ScatteringLoss(keras.losses.Loss):
    """Distance of the coefficients of two signals, images or volumes.

    `sum_p mean(|S[p] y_true - S[p] y_pred|^ord)` over all paths p of a layer, the mean over positions and channels;
    one number an item, which Keras reduces as those of all losses. With `floor=f` it compares
    `sign(S) log(1 + |S| / f)` in the place of S.

    With `sample=n`, n paths are drawn at each step with equal probability, and only these and what leads to them are
    computed; their sum is multiplied by K / n, K the number of paths, so that its mean over many steps is the whole.
    Inside a compiled `fit` they are drawn anew at every step. Paths whose transforms differ in the values of their
    filters alone share one program.

    For gradients, coefficients are computed again a few items at a time, so that the memory does not grow with the
    batch beyond the arrays themselves.

    Args:
        layer: a layer of this package with `paths`; it is called on `y_true` and `y_pred`. It has no part in the
            training.
        ord: exponent, a number >= 1.
        sample: number of paths at each step, an integer >= 1; None for all. For `ScatteringFFT`, `ScatteringFFT1D`,
            `HarmonicScattering3D` and `TimeFrequencyScattering`, on arrays whose sizes are known.
        floor: coefficient from which on logarithms are compared, a number > 0; None for no logarithms.
        seed: of the draws, an integer >= 0, or None.
        reduction, name: as in `keras.losses.Loss`.

    Call arguments:
        y_true, y_pred: arrays `(batch, ...)` of one shape, as the layer takes them. Nothing is differentiated with
            respect to `y_true`.

    Output shape:
        `()`, or `(batch,)` with `reduction=None`.

    Raises:
        TypeError: layer is none of this package with paths, or an argument is not of its type.
        ValueError: an argument is out of range, paths of the layer cannot be sampled, or the sizes are not known.

    Example:

    >>> generator = np.random.default_rng(0)
    >>> found, wanted = (generator.normal(size=(2, 256, 1)).astype("float32") for _ in range(2))
    >>> layer = ScatteringFFT1D(J=4)
    >>> whole = float(ScatteringLoss(layer)(wanted, found))
    >>> difference = keras.ops.square(layer(wanted) - layer(found))
    >>> abs(whole / float(keras.ops.mean(difference) * len(layer.paths)) - 1) < 1e-5
    True
    >>> sampled = ScatteringLoss(layer, sample=1, seed=0)
    >>> draws = [float(sampled(wanted, found)) for _ in range(30)]  # whose mean comes close, the more there are
    >>> min(draws) < whole < max(draws)
    True

    Reference:
        C. Vahidi et al., Mesostructures: Beyond Spectrogram Loss in Differentiable Time-Frequency Analysis, JAES 71
        (2023), for losses on joint time-frequency scattering. Single paths at a time: SCRAPL, ICLR 2026.
    """

    def __init__(
        self,
        layer: Callable[..., Any],
        ord: int = 2,
        sample: int | None = None,
        floor: float | None = None,
        seed: int | None = None,
        reduction: str = "sum_over_batch_size",
        name: str = "scattering_loss",
        dtype: KerasObject = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.layer = _check_layer(layer)
        if not is_number(ord) or not 1 <= ord < float("inf"):
            raise (ValueError if is_number(ord) else TypeError)(
                f"ord must be a number >= 1. Received: ord={shown(ord)}"
            )
        self.ord = ord
        self.sample = None if sample is None else check_integer("sample", sample)
        if sample is not None and not isinstance(layer, SAMPLED):
            known = ", ".join(kind.__name__ for kind in SAMPLED)
            raise ValueError(f"sample must be None for layers other than {known}. Received: a {type(layer).__name__}")
        self.floor = None if floor is None else check_positive("floor", floor)
        self.seed = None if seed is None else check_seed("seed", seed)
        self._draws = None if sample is None else Draws(self.seed)
        self._classes: dict[tuple, Any] = {}
        self._lock = threading.Lock()

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        shape = tuple(y_pred.shape)
        if not self.layer.built:
            self.layer.build(shape)
        distance = self._of_all
        if self.sample is not None:
            sizes = self.layer._split_shape(shape)[2:]
            if not is_static(*sizes):
                raise ValueError(f"Sizes must be known where paths are sampled. Received: shape {shape}")
            distance = self._of_drawn(*self._classes_of(sizes))
        # Nothing is kept of one part of the batch while another is computed.
        pairs = ops.stack([ops.stop_gradient(y_true), y_pred], axis=1)
        return map_chunks(lambda pairs: distance(pairs[:, 0], pairs[:, 1]), pairs, self._items_at_a_time(shape[1:]))

    def get_config(self) -> dict[str, Any]:
        names = ("ord", "sample", "floor", "seed", "dtype")
        layer = keras.saving.serialize_keras_object(self.layer)
        return {**super().get_config(), **{name: getattr(self, name) for name in names}, "layer": layer}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        return cls(**{**config, "layer": keras.saving.deserialize_keras_object(config["layer"])})

    def _of_all(self, y_true, y_pred):
        """The sum over all paths, `(batch,)`."""
        return self._distance(self.layer, y_true, y_pred, len(self.layer.paths))

    def _of_drawn(self, classes, of_path, of_member):
        """A function that is `_of_all` on average: the paths are drawn now."""
        drawn = self._draws.integers(self.sample, len(of_path))
        chosen = [take(table, drawn, axis=0) for table in constants((of_path, of_member))]

        def of_class(transform, y_pred, y_true, member):
            return self._distance(functools.partial(transform, member), y_true, y_pred, 1)

        branches = [functools.partial(of_class, transform) for transform in classes]

        def distance(y_true, y_pred):
            total = 0.0
            for i in range(self.sample):
                which, member = (part[i] for part in chosen)
                total = total + switch(which, branches, y_pred, y_true, member)
            return total * (len(of_path) / self.sample)

        return distance

    def _distance(self, transform, y_true, y_pred, count):
        """Mean distance of an array of `count` paths that a transform gives, times count, or of its arrays by path."""
        given = transform(y_true)
        expected = [ops.stop_gradient(maps) for maps in keras.tree.flatten(given)]
        count = 1 if isinstance(given, dict) else count

        def distance(y_pred, *expected):
            return sum(map(self._mean, expected, keras.tree.flatten(transform(y_pred))))

        return recomputed(distance, isinstance(self.layer, SAMPLED))(y_pred, *expected) * count

    def _mean(self, expected, found):
        expected, found = ops.cast(expected, self.dtype), ops.cast(found, self.dtype)
        if self.floor is not None:
            expected, found = (ops.sign(part) * ops.log1p(ops.abs(part) / self.floor) for part in (expected, found))
        difference = found - expected if self.ord == 2 else ops.abs(found - expected)
        flat = ops.reshape(power(difference, self.ord), (ops.shape(difference)[0], -1))
        # The mean of Keras is float32 for float64 under JAX.
        return ops.sum(flat, axis=1) / ops.cast(ops.shape(flat)[1], self.dtype)

    def _items_at_a_time(self, shape):
        if not is_static(*shape):
            return None
        # About what the coefficients of a pair take in front of their average.
        size = chunk_size(2 * math.prod(shape) * (len(self.layer.paths) if self.sample is None else 4))
        return min(MOST_ITEMS, size)

    def _classes_of(self, sizes):
        with self._lock:
            if sizes not in self._classes:
                self._classes = {sizes: path_classes(self.layer, sizes)}
            return self._classes[sizes]


def _check_layer(layer):
    if not isinstance(layer, BaseTransform) or not hasattr(layer, "paths"):
        raise TypeError(f"layer must be a layer of keras_scatter with paths. Received: layer={shown(layer)}")
    if getattr(layer, "_output", "scattering") == "wavelet":
        raise ValueError('layer must give coefficients or moduli. Received: a layer with output="wavelet"')
    if isinstance(layer, BaseComplexModulusConv) and not layer.built:
        raise ValueError(
            "layer must be built where its filters are weights: layer.build(shape). "
            f"Received: a {type(layer).__name__} without weights"
        )
    return layer

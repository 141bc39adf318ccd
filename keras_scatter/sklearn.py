"""Scattering features in scikit-learn: `pip install 'keras_scatter[sklearn]'`."""

import math
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from keras import ops

from keras_scatter import layers
from keras_scatter.arguments import check_bool, check_choice, check_integer, shown
from keras_scatter.optional import require
from keras_scatter.typing import ArrayLike

_base = require("sklearn.base", "sklearn")
_validation = require("sklearn.utils.validation", "sklearn")

# The arguments of each layer that a transformer hands to it.
LAYERS = {
    "ScatteringFFT": ("J", "L", "order"),
    "ComplexModulusConv": ("J", "L", "order"),
    "ScatteringFFT1D": ("J", "Q", "order"),
    "HarmonicScattering3D": ("J", "L", "order"),
}
SMALLEST = 1e-6  # added to features before the logarithm


class ScatteringTransformer(_base.TransformerMixin, _base.BaseEstimator):  # type: ignore[name-defined]
    """Scattering features of images, signals or volumes as an estimator of scikit-learn.

    Fitting learns nothing but the shape of the samples: filters are fixed. The layer computes in float32.

    Args:
        J, L, order: as in the layer; L is the number of angles, or the largest degree of `"HarmonicScattering3D"`.
        layer: `"ScatteringFFT"` or `"ComplexModulusConv"` for images, `"ScatteringFFT1D"` for signals,
            `"HarmonicScattering3D"` for volumes.
        Q: wavelets an octave, for signals.
        shape: of a sample, such as `(28, 28)` or `(28, 28, 3)` with channels at the end, for samples that are rows.
            None takes the shape of the array, and rows as one channel: a signal, or the pixels of the smallest square
            or cube that holds them, row by row, with zeros at the end. What is smaller than 2**J is filled with zeros.
        pooling: `"mean"` averages each path over all positions; None keeps them.
        log: whether features f become `log(|f| + 1e-6)`, after pooling.
        batch_size: samples at a time.

    Attributes:
        shape_: sizes and channels of a sample as the layer takes it, after `fit`.
        n_features_in_: second axis of the array that was fitted.

    Input shape:
        `(n, features)`, `(n, *sizes)` or `(n, *sizes, channels)`; finite real numbers.

    Output shape:
        `(n, features)` of the floating dtype of the input: position by position, in each by channel, then by path.

    Raises:
        TypeError, ValueError: in `fit`, an argument or the array is not one of those that are allowed; NaN included.
        ImportError: scikit-learn is not installed.

    Example:

    >>> from keras_scatter.sklearn import ScatteringTransformer
    >>> from sklearn.datasets import load_digits
    >>> X, y = load_digits(return_X_y=True)
    >>> transformer = ScatteringTransformer(J=1, L=4, order=1, shape=(8, 8), pooling="mean")
    >>> transformer.fit_transform(X[:10]).shape
    (10, 5)
    >>> transformer.get_feature_names_out().tolist()
    ['order_0', 'j0_t0', 'j0_t1', 'j0_t2', 'j0_t3']
    """

    def __init__(
        self,
        J: int = 2,
        L: int = 8,
        order: int = 2,
        *,
        layer: str = "ScatteringFFT",
        Q: int | Sequence[int] = 1,
        shape: Sequence[int] | None = None,
        pooling: str | None = None,
        log: bool = False,
        batch_size: int = 32,
    ) -> None:
        self.J = J
        self.L = L
        self.order = order
        self.layer = layer
        self.Q = Q
        self.shape = shape
        self.pooling = pooling
        self.log = log
        self.batch_size = batch_size

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Learn the shape of the samples; `y` is ignored."""
        layer = self._make_layer()
        check_choice("pooling", self.pooling, (None, "mean"))
        check_bool("log", self.log)
        check_integer("batch_size", self.batch_size)
        X = self._checked(X, reset=True)
        self._given = X.shape[1:]
        self.shape_ = self._sample_shape(layer, X.shape[1:])
        layer.compute_output_shape((1, *self.shape_))  # raises its errors of sizes
        self._layer = layer
        return self

    def transform(self, X: ArrayLike) -> np.ndarray:
        """The features of samples, `(n, features)`."""
        _validation.check_is_fitted(self)
        X = self._checked(X, reset=False)
        if X.shape[1:] != self._given:
            raise ValueError(f"X must have samples of shape {self._given}, as in fit. Received: {X.shape[1:]}")
        samples = self._as_samples(X)
        starts = range(0, len(samples), self.batch_size)
        parts = [self._features(samples[start : start + self.batch_size]) for start in starts]
        return np.concatenate(parts).astype(X.dtype)

    def get_feature_names_out(self, input_features: Any = None) -> np.ndarray:
        """Names of the features: that of the path, with channel and position in front where there are several."""
        _validation.check_is_fitted(self)
        channels = self.shape_[-1]
        names = [path.name for path in self._layer.paths]
        if channels > 1:
            names = [f"c{c}_{name}" for c in range(channels) for name in names]
        sizes = () if self.pooling else self._layer.compute_output_shape((1, *self.shape_))[1:-1]
        if sizes:
            names = [f"at_{'_'.join(map(str, at))}_{name}" for at in np.ndindex(*sizes) for name in names]
        return np.array(names, dtype=object)

    def __getstate__(self):
        # The layer is made again: filters follow from its arguments.
        return {name: value for name, value in super().__getstate__().items() if name != "_layer"}

    def __setstate__(self, state):
        super().__setstate__(state)
        if hasattr(self, "shape_"):
            self._layer = self._make_layer()

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    def _make_layer(self):
        name = check_choice("layer", self.layer, tuple(LAYERS))
        arguments = {argument: getattr(self, argument) for argument in LAYERS[name]}
        return getattr(layers, name)(**arguments, data_format="channels_last", dtype="float32")

    def _checked(self, X, reset):
        return _validation.validate_data(self, X, reset=reset, dtype=[np.float64, np.float32], allow_nd=True)

    def _sample_shape(self, layer, given):
        """Sizes and channels of a sample of a given shape."""
        rank = layer.rank
        if self.shape is not None:
            shape = self._check_shape(rank)
            if len(given) != 1 or given[0] != math.prod(shape):
                raise ValueError(
                    f"X must have rows of {math.prod(shape)} features for shape={self.shape}. "
                    f"Received: samples of shape {given}"
                )
        elif len(given) == 1 and rank > 1:
            side = next(side for side in range(1, given[0] + 1) if side**rank >= given[0])
            shape = (side,) * rank
        elif len(given) in (rank, rank + 1):
            shape = given
        else:
            raise ValueError(
                f"X must have samples of {rank} sizes, with channels behind them or not, or rows. "
                f"Received: samples of shape {given}"
            )
        sizes, channels = shape[:rank], shape[rank] if len(shape) > rank else 1
        return (*(max(size, 2**layer.J) for size in sizes), channels)

    def _check_shape(self, rank):
        shape = self.shape
        if not isinstance(shape, (tuple, list)) or len(shape) not in (rank, rank + 1):
            raise ValueError(
                f"shape must be None or a tuple of {rank} sizes, with channels behind them or not. "
                f"Received: shape={shown(shape)}"
            )
        return tuple(check_integer("shape", size) for size in shape)

    def _as_samples(self, X):
        """The array `(n, *sizes, channels)`, filled with zeros at the end of each axis."""
        rank = len(self.shape_) - 1
        if self.shape is not None:
            X = X.reshape(len(X), *self._check_shape(rank))
        elif X.ndim == 2 and rank > 1:
            side = next(side for side in range(1, X.shape[1] + 1) if side**rank >= X.shape[1])
            X = np.pad(X, [(0, 0), (0, side**rank - X.shape[1])]).reshape(len(X), *(side,) * rank)
        if X.ndim == rank + 1:
            X = X[..., None]
        missing = [(0, size - there) for size, there in zip(self.shape_, X.shape[1:])]
        return np.pad(X, [(0, 0), *missing]).astype("float32")

    def _features(self, samples):
        found = ops.convert_to_numpy(self._layer(samples))
        if self.pooling == "mean":
            found = found.reshape(len(found), -1, found.shape[-1]).mean(axis=1)
        found = found.reshape(len(found), -1)
        return np.log(np.abs(found) + SMALLEST) if self.log else found

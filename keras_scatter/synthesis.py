"""New images or signals with the statistics of given ones."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_scatter.arguments import check_integer, check_seed, shown
from keras_scatter.layers.base_statistics import BaseStatistics
from keras_scatter.layers.scattering_covariance_2d import ScatteringCovariance2D
from keras_scatter.optimisation import OptimisationResult, Search, frozen, minimise
from keras_scatter.typing import ArrayLike, KerasObject


@dataclasses.dataclass(frozen=True)
class SynthesisResult(OptimisationResult):
    """What `synthesize` found: an `OptimisationResult`, and how far it is off.

    Attributes:
        errors: dict by kind of statistic, the root of the mean square difference to the target.
    """

    errors: dict


def synthesize(
    target: ArrayLike,
    layer: Callable[..., Any] | None = None,
    count: int = 1,
    init: str | ArrayLike = "spectrum",
    optimizer: KerasObject = "lbfgs",
    learning_rate: float = 0.1,
    iterations: int = 100,
    tolerance: float | None = 1e-3,
    seed: int | None = None,
    callbacks: Sequence[keras.callbacks.Callback] | None = None,
    verbose: int | str = "auto",
) -> SynthesisResult:
    """Make images, fields or signals that have the statistics of a target, and are random otherwise.

    `argmin_y ||S y - S x||^2` from noise: samples of a microcanonical model, of nearly maximal entropy. With a layer of
    statistics `S y` is divided by the powers of x, so that the loss is smooth, and has the logarithm of the variance
    too.

    Args:
        target: one image or signal, or several, as an array `(batch, ...)` that the layer takes. Of several ones the
            means of statistics are those of the samples together.
        layer: a layer or model that gives one array, such as `ScatteringCovariance2D`, `ScatteringSpectra1D`, or
            scattering behind which all positions are averaged. None takes
            `ScatteringCovariance2D(J, L=4, wavelets="bump")` with 2**J an eighth to a quarter of the shorter side.
        count: number of samples, an integer >= 1.
        init: where to begin: `"spectrum"`, the spectrum of the target with random phases; `"noise"`, white noise with
            its mean and deviation; or an array of the samples' shape.
        optimizer, learning_rate, callbacks: as in `invert`; L-BFGS has no learning rate. That of others is in units of
            the deviation of the target.
        iterations: largest number of steps, an integer >= 1.
        tolerance: the search ends where the relative error `||S y - S x|| / ||S x||` of every sample is not larger;
            None for never.
        seed: integer >= 0; None for other samples every time.
        verbose: 0, 1 for a progress bar, or `"auto"`: 1 in a terminal or a notebook.

    Returns:
        A `keras_scatter.synthesis.SynthesisResult` with `image`, a NumPy array `(count, ...)`, `errors` by kind of
        statistic, `history`, `iterations` and `reason`, see `keras_scatter.optimisation.OptimisationResult`.

    Raises:
        TypeError: an argument is of another type.
        ValueError: an argument is out of range, the target is not finite, is constant or does not fit the layer, or the
            layer has no gradient.

    Example:

    >>> x = np.random.default_rng(0).normal(size=(1, 16, 16, 1)) ** 2
    >>> layer = ScatteringCovariance2D(J=2, L=2)
    >>> found = keras_scatter.synthesize(x, layer, count=2, iterations=30, tolerance=0.05, seed=0, verbose=0)
    >>> found.image.shape, found.reason, sorted(found.errors)
    ((2, 16, 16, 1), 'tolerance', ['C01', 'C11', 'P00', 'S1', 'mean', 'variance'])

    Reference:
        S. Cheng, R. Morel, E. Allys, B. Menard, S. Mallat, Scattering spectra models for physics, PNAS Nexus 3 (2024).
        J. Bruna, S. Mallat, Multiscale sparse microcanonical models, Mathematical Statistics and Learning 1 (2018).
    """
    search = Search(optimizer, learning_rate, iterations, None, 1.0, tolerance)
    count = check_integer("count", count)
    generator = np.random.default_rng(None if seed is None else check_seed("seed", seed))
    target = _check_target(target)
    layer = _default_layer(target) if layer is None else layer
    if not isinstance(layer, keras.Layer):
        raise TypeError(f"layer must be a Keras layer or model. Received: {type(layer).__name__}")
    dtype = "float64" if layer.compute_dtype == "float64" else "float32"
    unit = _unit(target, layer)
    x = (target / unit).astype(dtype)
    axes = _axes(target, layer)
    start = (_start(target, init, count, axes, generator) / unit).astype(dtype)
    with frozen(layer):
        statistics = _statistics(layer, x)
        wanted = _wanted(statistics, x)
        found = minimise(_distance(statistics, wanted, len(x) > 1), start, search, callbacks, verbose)
        stuck = found.reason == "no progress" and not found.iterations
        # A start with the statistics of the target to rounding has nowhere to go either.
        if stuck and found.history["relative_error"][0] > np.finfo(dtype).eps ** 0.5:
            raise ValueError(f"layer must have a gradient that leads nearer to the target. Received: {layer.name!r}")
        reached = _mean(statistics(ops.convert_to_tensor(found.image)), len(x) > 1)
    errors = _errors(layer, *map(ops.convert_to_numpy, (reached, wanted)))
    values = {field.name: getattr(found, field.name) for field in dataclasses.fields(found)}
    return SynthesisResult(**{**values, "image": (found.image * unit).astype(dtype)}, errors=errors)


def _check_target(target):
    try:
        array = np.asarray(ops.convert_to_numpy(target))
    except (TypeError, ValueError):
        array = np.asarray(None)
    if array.dtype.kind not in "biuf" or array.ndim < 3:
        raise ValueError(
            "target must be real images or signals of one shape, with axes of batch and channels. "
            f"Received: target={shown(target)}"
        )
    if not array.size or not np.isfinite(array).all():
        raise ValueError(f"target must be finite, and not empty. Received: an array of shape {array.shape} that is not")
    array = array.astype("float64")
    if np.ptp(array) == 0:
        raise ValueError(f"target must not be constant. Received: all values {array.flat[0]:g}")
    return array


def _default_layer(target):
    if target.ndim != 4:
        raise ValueError(f"layer must be given unless target holds images. Received: target of shape {target.shape}")
    first = keras.config.image_data_format() == "channels_first"
    smaller = min(target.shape[2:] if first else target.shape[1:3])
    if smaller < 8:
        raise ValueError(f"target must have at least 8 x 8 pixels. Received: target of shape {target.shape}")
    return ScatteringCovariance2D(int(math.log2(smaller)) - 2, wavelets="bump")


def _axes(target, layer):
    """The axes of positions."""
    first = getattr(layer, "data_format", None) == "channels_first"
    return tuple(range(2, target.ndim)) if first else tuple(range(1, target.ndim - 1))


def _unit(target, layer):
    """What the target is measured in, by channel: only layers of statistics know of no unit."""
    if not isinstance(layer, BaseStatistics):
        return 1.0
    deviation = target.std((0, *_axes(target, layer)), keepdims=True)
    return np.where(deviation > 0, deviation, 1.0)


def _start(target, init, count, axes, generator):
    shape = count, *target.shape[1:]
    if isinstance(init, str) and init == "noise":
        mean, deviation = (f((0, *axes), keepdims=True) for f in (target.mean, target.std))
        return mean + deviation * generator.normal(size=shape)
    if isinstance(init, str) and init == "spectrum":
        return _random_phases(target, shape, axes, generator)
    try:
        array = np.asarray(ops.convert_to_numpy(init), "float64")
    except (TypeError, ValueError):
        raise ValueError(f'init must be "spectrum", "noise" or an array. Received: init={shown(init)}') from None
    if array.shape not in (shape, shape[1:]) or not np.isfinite(array).all():
        raise ValueError(f"init must be finite and have the shape {shape}. Received: an array of shape {array.shape}")
    return np.broadcast_to(array, shape)


def _random_phases(target, shape, axes, generator):
    """The spectrum of each target in turn, its phases shifted by those of noise, which all channels share."""
    noise = generator.normal(size=[size if i in (0, *axes) else 1 for i, size in enumerate(shape)])
    turns = np.fft.fftn(noise, axes=axes)
    turns /= abs(turns)
    # Means stay.
    turns[tuple(0 if i in axes else slice(None) for i in range(target.ndim))] = 1
    spectra = np.fft.fftn(target, axes=axes)[np.arange(shape[0]) % len(target)]
    return np.fft.ifftn(spectra * turns, axes=axes).real


def _statistics(layer, x):
    """The function of a tensor whose values are matched: `(batch, K)`."""
    if not isinstance(layer, BaseStatistics):
        return lambda y: ops.reshape(layer(y, training=False), (y.shape[0], -1))
    inverses = layer.divisors(ops.convert_to_tensor(x))
    axes = _axes(x, layer)
    count = math.prod(x.shape[axis] for axis in axes)

    def statistics(y):
        mean = ops.sum(y, axis=axes, keepdims=True) / count
        variance = ops.sum(ops.square(y - mean), axis=axes) / count
        smallest = float(np.finfo(x.dtype).tiny)
        return ops.concatenate([layer.against(y, inverses), ops.log(variance + smallest)], axis=-1)

    return statistics


def _wanted(statistics, x):
    """The statistics of the target, `(1, K)`: means over several ones."""
    return _mean(ops.cast(statistics(ops.convert_to_tensor(x)), x.dtype), len(x) > 1)


def _mean(found, is_ensemble):
    return ops.sum(found, axis=0, keepdims=True) / found.shape[0] if is_ensemble else found


def _distance(statistics, wanted, is_ensemble):
    """The function of samples that gives their loss and their relative error."""

    def distance(samples):
        found = _mean(ops.cast(statistics(samples), wanted.dtype), is_ensemble)
        squares = ops.sum(ops.square(found - wanted), axis=1)
        # Where a layer has no gradient, there is one of zeros, so that the search ends.
        return ops.sum(squares) + 0 * ops.sum(samples), ops.sqrt(ops.max(squares) / ops.sum(ops.square(wanted)))

    return distance


def _errors(layer, found, wanted):
    """Root mean square differences by kind of statistic."""
    size = found.shape[1]
    names = np.array(["all"] * size)
    if isinstance(layer, BaseStatistics):
        kinds = [path.kind for path in layer.paths]
        # The logarithm of the variance, of every channel, comes last.
        names = np.array([*kinds * (size // len(kinds)), *["variance"] * size][:size])
    squares = np.square(found - wanted)
    return {str(name): float(np.sqrt(squares[:, names == name].mean())) for name in dict.fromkeys(names)}

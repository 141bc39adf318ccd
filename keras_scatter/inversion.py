"""Images, signals or volumes from their coefficients."""

import numbers
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import scipy.ndimage
from keras import ops

from keras_scatter.arguments import check_bool, check_seed
from keras_scatter.backend.modulus import smooth_root
from keras_scatter.optimisation import OptimisationResult, Search, frozen, minimise
from keras_scatter.typing import ArrayLike, KerasObject, Tensors

STARTS = ("mean", "lowpass", "noise")


def invert(
    layer: Callable[..., Any],
    target: Tensors,
    initial: str | ArrayLike = "mean",
    loss: str | Callable[..., Any] = "norm",
    optimizer: KerasObject = None,
    learning_rate: float = 10,
    shape: Sequence[int] | None = None,
    iterations: int = 400,
    drop_every: int | None = 200,
    drop: float = 0.1,
    tolerance: float | None = 2e-3,
    value_range: Sequence[float] | None = None,
    clip: bool = True,
    keep: str = "best",
    callbacks: Sequence[keras.callbacks.Callback] | None = None,
    seed: int | None = None,
    verbose: int | str = "auto",
) -> OptimisationResult:
    """Recover images, signals or volumes from what a layer gave of them.

    `argmin_y ||S y - S x||` by gradient descent from `initial`. The coefficients do not determine x: what is recovered
    depends on where the descent begins, and on pictures of 512 pixels it is much closer than on small ones.

    Args:
        layer: a layer or model; it is called with `training=False`, and left as it is.
        target: what it gave, `S x`: an array with a batch axis, or a structure of them.
        initial: where to begin: `"mean"`, the mean of each channel; `"lowpass"`, its average map, magnified; both need
            the path of order 0. `"noise"`: normal noise, of deviation 1, or with a `value_range` around its middle
            with 0.08 of its length. Or an array of the shape of x.
        loss: `"norm"`, `||S y - S x||` summed over the batch; `"mse"`, the mean square; or a function of target and
            coefficients, such as a loss of Keras, whose mean is taken.
        optimizer: None for Adam with `beta_2=0.99`; an optimizer of Keras (a copy is used, at its own learning rate) or
            the name of one; `"lbfgs"` for that of SciPy, which has no learning rate.
        learning_rate: step size, in the unit of the images: 10 is for values of 0 to 255, 0.04 for 0 to 1.
        shape: shape of one image, with its channels, without the batch. None takes the one that the layer was built
            for, or sizes that are 2**J times those of the target.
        iterations: largest number of steps, an integer >= 1.
        drop_every: the learning rate is multiplied by `drop` after so many steps; None keeps it, as does an optimizer
            with a schedule.
        drop: factor > 0.
        tolerance: the search ends where the relative error `||S y - S x|| / ||S x||` of every image in the batch is not
            larger (the absolute error if S x is 0); None for never.
        value_range: smallest and largest value of the images, or None.
        clip: clip the result to the `value_range`.
        keep: `"best"` returns the image of the smallest loss, `"last"` the last one.
        callbacks: Keras callbacks, for which every step is an epoch with `loss`, `relative_error` and `learning_rate`;
            `self.model.image` is the image, and `self.model.stop_training = True` ends the search.
        seed: integer >= 0 for the noise; None for other noise every time.
        verbose: 0, 1 for a progress bar, or `"auto"`: 1 in a terminal or a notebook.

    Returns:
        A `keras_scatter.optimisation.OptimisationResult` with `image`, a NumPy array `(batch, *shape)`, `history`,
        `iterations` and `reason`. Where the loss becomes infinite or NaN, the search ends with that step and the reason
        `"not finite"`.

    Raises:
        TypeError: an argument is of another type.
        ValueError: an argument is out of range, or the target is not finite or does not fit the layer.

    Example:

    >>> layer = ScatteringFFT(J=1, L=4, order=1)
    >>> x = np.random.default_rng(0).uniform(size=(1, 8, 8, 1))
    >>> found = keras_scatter.invert(layer, layer(x), learning_rate=0.04, tolerance=0.05, verbose=0)
    >>> found.reason, found.image.shape
    ('tolerance', (1, 8, 8, 1))

    Reference:
        Compressing the Input for CNNs with the First-Order Scattering Transform: section 3.2, figure 1.
    """
    search = Search(optimizer, learning_rate, iterations, drop_every, drop, tolerance, keep)
    check_bool("clip", clip)
    if not isinstance(layer, keras.Layer):
        raise TypeError(f"layer must be a Keras layer or model. Received: {type(layer).__name__}")
    if loss not in ("norm", "mse") and not callable(loss):
        raise ValueError(f'loss must be "norm", "mse" or a function of two arguments. Received: loss={loss!r}')
    low, high = _check_range(value_range)
    seed = None if seed is None else check_seed("seed", seed)
    target = keras.tree.map_structure(_check_finite, target)
    shape = _image_shape(layer, target, shape)
    dtype = "float64" if layer.compute_dtype == "float64" else "float32"
    start = _start(layer, target, shape, initial, (low, high), seed).astype(dtype)
    with frozen(layer):
        found = minimise(_distance(layer, target, loss, dtype), start, search, callbacks, verbose)
    if clip and value_range is not None:
        np.clip(found.image, low, high, out=found.image)
    return found


def _distance(layer, target, loss, dtype):
    """The function of an image that gives its loss and its relative error."""
    expected = keras.tree.map_structure(lambda array: ops.convert_to_tensor(array.astype(dtype)), target)
    sizes = np.sqrt(sum(np.square(part).sum(1) for part in map(_rows, keras.tree.flatten(target))))
    # A modulus of nothing is the root of the smallest number.
    sizes = ops.convert_to_tensor(np.where(sizes < 1e-12, 1, sizes).astype(dtype))

    def distance(image):
        found = layer(image, training=False)
        pairs = zip(keras.tree.flatten(expected), keras.tree.flatten(found))
        differences = [ops.reshape(ops.cast(b, dtype) - a, (sizes.shape[0], -1)) for a, b in pairs]
        squares = sum(ops.sum(ops.square(part), axis=1) for part in differences)
        norms = smooth_root(squares)
        if callable(loss):
            value = ops.mean(loss(expected, found))
        elif loss == "norm":
            value = ops.sum(norms)
        else:
            value = ops.sum(squares) / sum(int(np.prod(part.shape)) for part in keras.tree.flatten(expected))
        return value, ops.max(norms / sizes)

    return distance


def _rows(array):
    return np.reshape(array, (len(array), -1))


def _start(layer, target, shape, initial, value_range, seed):
    if isinstance(initial, str) and initial == "noise":
        low, high = value_range
        noise = np.random.default_rng(seed).normal(size=shape)
        return noise if low is None else (low + high) / 2 + 0.08 * (high - low) * noise
    if isinstance(initial, str) and initial in STARTS:
        return _average(layer, target, shape, flat=initial == "mean")
    try:
        array = np.asarray(ops.convert_to_numpy(initial), "float64")
    except (TypeError, ValueError):
        raise ValueError(
            f'initial must be "mean", "lowpass", "noise" or an array. Received: initial={initial!r}'
        ) from None
    if array.shape not in (shape, shape[1:]):
        raise ValueError(
            f"initial must have the shape {shape} of the images. Received: an array of shape {array.shape}"
        )
    if not np.isfinite(array).all():
        raise ValueError("initial must be finite. Received: an array with NaN or infinity")
    return np.array(np.broadcast_to(array, shape))


def _average(layer, target, shape, flat):
    """Images that have the average map of the target, or its mean, in every channel."""
    ones = ops.convert_to_numpy
    found = keras.tree.map_structure(ones, layer(np.ones((1, *shape[1:]), "float32"), training=False))
    first = getattr(layer, "data_format", None) == "channels_first"
    channels = shape[1 if first else -1]
    maps, gain = (_order_0(layer, values, channels) for values in (target, found))
    # Channels last, and an average of ones is one.
    sizes = shape[2:] if first else shape[1:-1]
    axes = tuple(range(1, maps.ndim - 1))
    if flat:
        image = np.broadcast_to(np.expand_dims(maps.mean(axes) / gain.mean(axes), axes), (len(maps), *sizes, channels))
    else:
        maps = maps / gain
        factors = [size / small for size, small in zip(sizes, maps.shape[1:-1])]
        image = np.empty((len(maps), *sizes, channels))
        for index in np.ndindex(len(maps), channels):
            place = (index[0], ..., index[1])
            scipy.ndimage.affine_transform(
                maps[place], 1 / np.array(factors), output=image[place], output_shape=sizes, mode="nearest"
            )
    return np.array(np.moveaxis(image, -1, 1) if first else image)


def _order_0(layer, features, channels):
    """The maps of order 0 among features, channels last."""
    orders = [getattr(path, "order", None) for path in getattr(layer, "paths", ())]
    if 0 not in orders:
        raise ValueError(
            'initial="mean" and "lowpass" need the path of order 0, which the layer does not give: take "noise" or an '
            f"array. Received: the layer {layer.name!r}"
        )
    if isinstance(features, dict):
        path = layer.paths[orders.index(0)]
        return _channels_last(layer, features[path])
    features = _channels_last(layer, features)
    number, index = len(orders), orders.index(0)
    if layer.feature_order == "path":
        return features[..., index * channels : (index + 1) * channels]
    return features[..., index::number]


def _channels_last(layer, array):
    return np.moveaxis(array, 1, -1) if layer.data_format == "channels_first" else array


def _image_shape(layer, target, shape):
    """The shape of the images with their batch: the first of those in question of which the layer makes the target."""
    batch = len(keras.tree.flatten(target)[0])
    candidates = [shape] if shape is not None else [_built_shape(layer), _larger_shape(layer, target)]
    candidates = [(batch, *candidate) for candidate in candidates if candidate is not None]
    wanted = [array.shape for array in keras.tree.flatten(target)]
    seen = []
    for candidate in candidates:
        given = _output_shapes(layer, candidate)
        if given == wanted:
            return candidate
        seen.append(f"{given} of images {candidate}")
    if not seen:
        raise ValueError("shape must be given: the layer is not built, or for any size. Received: shape=None")
    raise ValueError(
        f"target must be what the layer gives, {', or '.join(seen)}; give another shape if the images had one. "
        f"Received: arrays of shape {wanted}"
    )


def _output_shapes(layer, shape):
    found = []
    try:
        shapes = layer.compute_output_shape(shape)
    except ValueError as error:
        raise ValueError(
            f"shape must be that of an image for the layer: {error} Received: shape={shape[1:]}"
        ) from error
    keras.tree.map_shape_structure(lambda part: found.append(tuple(part)), shapes)
    return found


def _built_shape(layer):
    config = layer.get_build_config() or {}
    shape = layer.input_shape if isinstance(layer, keras.Model) else config.get("input_shape")
    known = shape and all(isinstance(size, int) for size in shape[1:])
    return tuple(shape[1:]) if known else None


def _larger_shape(layer, target):
    """The shape of images that are 2**J times as large as the features of all paths."""
    paths, J = getattr(layer, "paths", None), getattr(layer, "J", None)
    if not paths or J is None or not hasattr(target, "shape") or target.ndim < 3:
        return None
    first = layer.data_format == "channels_first"
    _, *others = target.shape
    *sizes, features = [*others[1:], others[0]] if first else others
    sizes = [size * 2**J for size in sizes]
    channels = max(1, features // len(paths))
    return (channels, *sizes) if first else (*sizes, channels)


def _check_finite(array):
    array = np.asarray(ops.convert_to_numpy(array))
    if array.dtype.kind not in "fiu" or array.ndim < 2:
        raise ValueError(
            "target must be arrays of real numbers with a batch axis. "
            f"Received: shape {array.shape}, dtype {array.dtype}"
        )
    if not np.isfinite(array).all():
        raise ValueError("target must be finite. Received: an array with NaN or infinity")
    return array.astype("float64")


def _check_range(value_range):
    if value_range is None:
        return None, None
    try:
        low, high = value_range
        right = all(isinstance(value, numbers.Real) for value in (low, high)) and -np.inf < low < high < np.inf
    except (TypeError, ValueError):
        right = False
    if not right:
        raise ValueError(
            "value_range must be None or two numbers, the smaller one first, such as (0, 255). "
            f"Received: value_range={value_range!r}"
        )
    return low, high

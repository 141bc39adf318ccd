"""Features of data, to memory or to a folder."""

import pathlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from keras_scatter.arguments import check_bool, check_integer
from keras_scatter.features import computing, shards
from keras_scatter.features.loading import Features, load
from keras_scatter.features.sources import Stream, source_of
from keras_scatter.typing import Data, PathLike


def extract(
    layer: Callable[..., Any],
    data: Data | PathLike,
    out: PathLike | None = None,
    batch_size: int = 32,
    *,
    shard_size: int = 1024,
    image_size: Sequence[int] | None = None,
    color_mode: str = "rgb",
    scale: float = 1 / 255,
    on_error: str = "fail",
    verbose: bool = True,
) -> np.ndarray | tuple[np.ndarray, np.ndarray] | Features:
    """Compute what a layer makes of data that need not fit into memory: once, and kept on the disk if `out` is given.

    Args:
        layer: a Keras layer or model, such as `ScatteringFFT(J=2)`, that gives one array.
        data: inputs, an array `(n, ...)`; or a pair of them and labels `(n,)`; or a `tf.data.Dataset` of batches of
            either; or a folder of images, whose first folders below give the labels. Integers become float32.
        out: None, or a folder. Features that are there already are not computed again: a call that was interrupted
            goes on when it is repeated. The folder has the form of that of `keras-scatter features`.
        batch_size: how many items are computed at a time.
        shard_size: how many items a file in `out` holds.
        image_size: height and width that images of a folder are scaled to; None takes those of the first one, and
            others must have the same.
        color_mode: `"rgb"` or `"grayscale"`, for images of a folder.
        scale: of the pixels of a folder's images, which are 0 to 255.
        on_error: `"fail"`, or `"skip"`: leave out images of a folder that cannot be read.
        verbose: show a progress bar.

    Returns:
        Without `out`, features `(n, ...)`, an array of NumPy, or a pair of them and labels `(n,)` if the data have
        labels. With `out`, what `keras_scatter.features.load(out)` gives.

    Raises:
        TypeError: `layer` is no layer, or `data` are no numbers.
        ValueError: the data are empty or cannot be read, or `out` holds other features or something else.

    Example:

    >>> layer = ScatteringFFT(J=2, L=4, order=1)
    >>> keras_scatter.extract(layer, np.zeros((10, 16, 16, 1)), verbose=False).shape
    (10, 4, 4, 9)
    """
    computing.check_layer(layer)
    batch_size, shard_size = check_integer("batch_size", batch_size), check_integer("shard_size", shard_size)
    verbose = check_bool("verbose", verbose)
    options = {"image_size": image_size, "color_mode": color_mode, "scale": scale, "on_error": on_error}
    source = source_of(data, **options)
    model = computing.as_model(layer, source.shape)
    if out is None:
        return _in_memory(model, source, min(batch_size, source.count or batch_size), verbose)
    out, batch_size = pathlib.Path(out), min(batch_size, shard_size)
    sizes = {"shard_size": shard_size, "batch_size": batch_size}
    config = {"layer": computing.describe(layer), "input": source.describe(), **sizes}
    with shards.opened(out, config, "out") as manifest:
        if isinstance(source, Stream) or not shards.is_whole(out, manifest):
            lines = [_shard(out, index, read, model, batch_size) for index, read in _parts(source, shard_size, verbose)]
            _check_number(out, lines)
            shards.finish(out, manifest, lines)
    return load(out)


def _in_memory(model, source, batch_size, verbose):
    features, labels = [], []
    for _, read in _parts(source, batch_size, verbose):
        part = read()
        if len(part.inputs):
            features.append(computing.compute(model, part.inputs, batch_size))
            labels.append(part.labels)
    if not features:
        raise ValueError("data must hold items that can be read. Received: none")
    features = np.concatenate(features)
    return features if labels[0] is None else (features, np.concatenate(labels))


def _parts(source, size, verbose):
    """Number and reading function of so many items of a source at a time, with a progress bar."""
    from rich.progress import track  # takes long to import

    if isinstance(source, Stream):
        parts, total = ((lambda part=part: part) for part in source.parts(size)), None
    else:
        starts = range(0, source.count, size)
        parts = ((lambda first=first: source.read(first, min(first + size, source.count))) for first in starts)
        total = len(starts)
    yield from enumerate(track(parts, "features", total, disable=not verbose))


def _shard(out, index, read, model, batch_size):
    """The line of a shard in the manifest; it is computed if it is not there."""
    path = shards.shard_path(out, index)
    there = shards.read_shard(path)[1] if path.exists() else None
    if there and "inputs" not in there:
        return there
    part = read()
    about = part.about()
    if there is None:
        return shards.write_shard(out, index, part.arrays(computing.compute(model, part.inputs, batch_size)), about)
    if there["inputs"] != about["inputs"]:
        raise ValueError(
            f"data must come in the same order each time that they are read. Received: others than {path} was made of"
        )
    return there


def _check_number(out, lines):
    """Refuse a stream that was longer when it was read before."""
    there = len(shards.shard_paths(out))
    if not lines or there > len(lines):
        raise ValueError(f"data must hold what they held before. Received: {len(lines)} shards, but {there} are there")

"""Features that were computed once, read from their folder."""

import hashlib
import pathlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from keras_scatter.arguments import check_integer
from keras_scatter.features import shards
from keras_scatter.files import damaged
from keras_scatter.typing import PathLike


def load(folder: PathLike) -> "Features":
    """The features in a folder that `keras_scatter.extract` or `keras-scatter features` wrote.

    Args:
        folder: its path.

    Returns:
        A `Features`: NumPy arrays, by shard or as a whole, a `tf.data.Dataset`, or a dataset of PyTorch.

    Raises:
        ValueError: there are no features, not all yet, or the manifest is damaged.

    Example:

    >>> import tempfile
    >>> out = tempfile.mkdtemp()
    >>> x = np.zeros((10, 16, 16, 1))
    >>> _ = keras_scatter.extract(ScatteringFFT(J=2, L=4, order=1), x, out, shard_size=4, verbose=False)
    >>> features = keras_scatter.features.load(out)
    >>> len(features), features.shape, [len(part["features"]) for part in features.shards()]
    (10, (4, 4, 9), [4, 4, 2])
    """
    folder = pathlib.Path(folder)
    if not (folder / shards.MANIFEST).is_file():
        raise ValueError(f"folder must be one that extract or keras-scatter features wrote. Received: {str(folder)!r}")
    manifest = shards.read_manifest(folder)
    if manifest["shards"] is None:
        raise ValueError(
            f"folder must hold all features: the call or the command that made it goes on when it is repeated. "
            f"Received: {str(folder)!r} with {len(shards.shard_paths(folder))} shards"
        )
    return Features(folder, manifest)


class Features:
    """Features in a folder; each shard is held to its checksum when it is read first.

    Made by `keras_scatter.features.load`. `len(features)` is the number of items.

    Attributes:
        folder: its path.
        shape, dtype: of the features of an item.
        config: what they were made of and how, a dict.
        versions: the programs that made them, a dict.
        skipped: reasons by the name of the images that could not be read.
        has_labels, has_names: whether there are labels, and names of images.

    Example:

    >>> import tempfile
    >>> x, labels = np.zeros((6, 16, 16, 1)), np.arange(6)
    >>> layer = ScatteringFFT(J=2, L=4, order=1)
    >>> features = keras_scatter.extract(layer, (x, labels), tempfile.mkdtemp(), shard_size=4, verbose=False)
    >>> features.arrays()["labels"]
    array([0, 1, 2, 3, 4, 5])
    """

    def __init__(self, folder: PathLike, manifest: dict[str, Any]) -> None:
        self.folder, self.config, self.versions = pathlib.Path(folder), manifest["config"], manifest["versions"]
        self._lines = [line for line in manifest["shards"] if line["items"]]
        self._checked: set[str] = set()
        self.shape, self.dtype = tuple(manifest["shape"]), manifest["dtype"]
        self.skipped = {name: reason for line in manifest["shards"] for name, reason in line.get("skipped", {}).items()}
        first = self.read(0)
        self.has_labels, self.has_names = "labels" in first, "names" in first
        self._label: Any = first["labels"][0] if self.has_labels else None

    def __len__(self):
        return sum(line["items"] for line in self._lines)

    def __repr__(self):
        return f"Features({str(self.folder)!r}, {len(self)} of shape {self.shape}, {len(self._lines)} shards)"

    def read(self, index: int) -> dict[str, np.ndarray]:
        """The arrays of one shard, a dict of `features` and, where there are some, `labels` and `names`.

        Raises:
            ValueError: the file is damaged, or there is no such shard.
            OSError: it is not there.
        """
        line = self._lines[check_integer("index", index, 0, len(self._lines) - 1)]
        path = self.folder / line["file"]
        content = path.read_bytes()
        if line["file"] not in self._checked:
            if hashlib.sha256(content).hexdigest() != line["sha256"]:
                raise damaged(path, "its sha256 is not that of the manifest")
            self._checked.add(line["file"])
        return {name: array for name, array in shards.parse(path, content).items() if name != shards.ABOUT}

    def shards(self, start: int = 0, step: int = 1) -> Iterator[dict[str, np.ndarray]]:
        """The arrays of all shards, one after the other, see `read`; or of each `step`-th one from `start` on."""
        for index in range(start, len(self._lines), step):
            yield self.read(index)

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays of all shards, joined in memory."""
        parts = list(self.shards())
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def to_tf(self) -> Any:
        """A `tf.data.Dataset` of features, or of pairs of features and label; one item each, in order.

        >>> features.to_tf().shuffle(1000).batch(32)  # doctest: +SKIP
        """
        import tensorflow as tf

        def parts():
            return (self._item(part) for part in self.shards())

        signature = tf.TensorSpec((None, *self.shape), self.dtype)
        if self.has_labels:
            signature = signature, tf.TensorSpec((None, *self._label.shape), self._label.dtype)
        found = tf.data.Dataset.from_generator(parts, output_signature=signature).unbatch()
        return found.apply(tf.data.experimental.assert_cardinality(len(self)))

    def to_torch(self) -> Any:
        """A `torch.utils.data.IterableDataset` of features, or of pairs of features and label, as NumPy arrays.

        The workers of a `DataLoader` share the shards.

        >>> torch.utils.data.DataLoader(features.to_torch(), batch_size=32)  # doctest: +SKIP
        """
        return _torch_dataset(self)

    def _item(self, arrays):
        return (arrays["features"], arrays["labels"]) if self.has_labels else arrays["features"]


def _torch_dataset(features):
    import torch

    class Items(torch.utils.data.IterableDataset):
        def __len__(self):
            return len(features)

        def __iter__(self):
            worker = torch.utils.data.get_worker_info()
            for part in features.shards(*(worker.id, worker.num_workers) if worker else (0, 1)):
                yield from zip(part["features"], part["labels"]) if features.has_labels else part["features"]

        def __reduce__(self):  # a class within a function is not pickled
            return _torch_dataset, (features,)

    return Items()

"""Data that features are computed of: arrays, folders of images, and batches of a `tf.data.Dataset`."""

import dataclasses
import hashlib
import os
import pathlib

import numpy as np

from keras_scatter.arguments import check_array, check_choice, check_integer, check_pair, check_positive, shown
from keras_scatter.files import checksum
from keras_scatter.optional import require

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
MODES = {"rgb": "RGB", "grayscale": "L"}
SHOWN = 5  # names in an error


@dataclasses.dataclass(frozen=True)
class Part:
    """Some items of the data.

    Attributes:
        inputs: `(n, ...)`, a float array.
        labels: `(n,)`, or None.
        names: `(n,)` strings, or None.
        skipped: reasons by the name of what could not be read.
        streamed: whether nobody can tell what the items are before they are read.
    """

    inputs: np.ndarray
    labels: np.ndarray | None = None
    names: np.ndarray | None = None
    skipped: dict = dataclasses.field(default_factory=dict)
    streamed: bool = False

    def digest(self):
        """A checksum of the items."""
        arrays = {"inputs": self.inputs, "labels": self.labels}
        return checksum({name: array for name, array in arrays.items() if array is not None})

    def about(self):
        """What else a shard holds, see `shards.write_shard`."""
        skipped = {"skipped": self.skipped} if self.skipped else {}
        return skipped | ({"inputs": self.digest()} if self.streamed else {})

    def arrays(self, features):
        """What a shard holds, see `shards.write_shard`."""
        found = {"features": features, "labels": self.labels, "names": self.names}
        return {name: array for name, array in found.items() if array is not None}


class Arrays:
    """Inputs `(n, ...)` and labels `(n,)`, or None, in memory."""

    def __init__(self, inputs, labels=None):
        self.inputs = check_array("data", inputs)
        self.labels = None if labels is None else check_array("data", labels)
        if not self.inputs.ndim or not len(self.inputs):
            raise ValueError(f"data must hold items. Received: shape {self.inputs.shape}")
        if self.labels is not None and self.labels.shape[:1] != self.inputs.shape[:1]:
            raise ValueError(
                f"data must have a label for each item. Received: shapes {self.inputs.shape} and {self.labels.shape}"
            )

    @property
    def count(self):
        return len(self.inputs)

    @property
    def shape(self):
        return self.inputs.shape[1:]

    def describe(self):
        """What the data are, a dict that JSON can hold."""
        digest = Part(self.inputs, self.labels).digest()
        return {"kind": "arrays", "shape": list(self.inputs.shape), "sha256": digest}

    def read(self, first, last):
        """The items from `first` up to `last`, without it."""
        labels = None if self.labels is None else self.labels[first:last]
        return Part(as_floats(self.inputs[first:last]), labels)


class Folder:
    """The images in a folder and all below, in the order of their names.

    Labels are the numbers of the first folders below, in the order of their names, if all images lie in some.

    Args:
        path: the folder.
        image_size: height and width that images are scaled to, bilinearly; None takes those of the first one, and
            refuses others.
        color_mode: `"rgb"` or `"grayscale"`.
        scale: of the pixels, which are 0 to 255.
        on_error: `"fail"` or `"skip"`, for images that cannot be read.
        argument: what the user calls the folder.
    """

    def __init__(self, path, image_size=None, color_mode="rgb", scale=1 / 255, on_error="fail", argument="data"):
        self.path, self.argument = pathlib.Path(path), argument
        self.color_mode = check_choice("color_mode", color_mode, tuple(MODES))
        self.scale, self.on_error = check_positive("scale", scale), check_choice("on_error", on_error, ("fail", "skip"))
        self.image_size = check_image_size(image_size)
        self.scaled = self.image_size is not None
        require("PIL.Image", "datasets")
        if not self.path.is_dir():
            raise ValueError(f"{argument} must be a folder of images. Received: {str(path)!r}")
        found = (path for path in self.path.rglob("*") if path.suffix.lower() in ENDINGS and path.is_file())
        self.files = sorted(found, key=self._name)
        if not self.files:
            raise ValueError(
                f"{argument} must be a folder with images ({', '.join(ENDINGS)}). Received: {str(path)!r}, without any"
            )
        self.classes = self._classes()
        self.image_size = self.image_size or self._first_size()

    @property
    def count(self):
        return len(self.files)

    @property
    def shape(self):
        return (*self.image_size, 3 if self.color_mode == "rgb" else 1)

    def describe(self):
        """What the data are, a dict that JSON can hold: files are known by name and size."""
        digest = hashlib.sha256()
        for path in self.files:
            digest.update(f"{self._name(path)}\n{path.stat().st_size}\n".encode())
        found = {"kind": "folder", "images": self.count, "sha256": digest.hexdigest(), "classes": self.classes}
        options = {"image_size": list(self.image_size), "color_mode": self.color_mode, "scale": self.scale}
        return found | options | {"on_error": self.on_error}

    def read(self, first, last):
        """The images from `first` up to `last`, without it; see `Part`.

        Raises:
            ValueError: some cannot be read, and are not to be skipped.
        """
        images, names, skipped = [], [], {}
        for path in self.files[first:last]:
            try:
                images.append(self._pixels(path))
                names.append(self._name(path))
            except Exception as error:  # Pillow raises some eight kinds
                skipped[self._name(path)] = reason(error)
        if skipped and self.on_error == "fail":
            raise unreadable(self.argument, skipped)
        inputs = np.stack(images) if images else np.zeros((0, *self.shape), "float32")
        labels = np.array([self.classes.index(name.split("/")[0]) for name in names], "int64") if self.classes else None
        return Part(inputs, labels, np.array(names, "str"), skipped)

    def _name(self, path):
        return path.relative_to(self.path).as_posix()

    def _classes(self):
        parts = [self._name(path).split("/") for path in self.files]
        return sorted({first for first, *_ in parts}) if all(len(names) > 1 for names in parts) else None

    def _first_size(self):
        skipped = {}
        for path in self.files:
            try:
                return self._opened(path).size[::-1]
            except Exception as error:
                skipped[self._name(path)] = reason(error)
                if self.on_error == "fail":
                    break
        raise unreadable(self.argument, skipped)

    def _opened(self, path):
        image = require("PIL.Image", "datasets").open(path)
        image.load()
        if image.mode.startswith(("I", "F")):
            raise ValueError("it has more than 8 bits a pixel")
        return image.convert(MODES[self.color_mode])

    def _pixels(self, path):
        image = self._opened(path)
        if image.size[::-1] != self.image_size:
            if not self.scaled:
                raise ValueError(
                    f"it is {image.height}x{image.width}, not {self.shape[0]}x{self.shape[1]}: give image_size"
                )
            image = image.resize(self.image_size[::-1], require("PIL.Image", "datasets").Resampling.BILINEAR)
        return np.asarray(image, "float32").reshape(self.shape) * np.float32(self.scale)


class Stream:
    """The batches of a `tf.data.Dataset`, of inputs or of inputs and labels."""

    def __init__(self, dataset):
        spec = dataset.element_spec
        specs = spec if isinstance(spec, tuple) else (spec,)
        if len(specs) > 2 or not all(getattr(one, "shape", None) is not None and one.shape.rank for one in specs):
            raise ValueError(
                "data must be a dataset of batches of inputs, or of pairs of inputs and labels. "
                f"Received: elements {shown(spec)}"
            )
        self.dataset, self.specs = dataset, specs

    @property
    def count(self):
        return None

    @property
    def shape(self):
        return tuple(self.specs[0].shape[1:])

    def describe(self):
        """What the data are, as far as that is known before they are read."""
        kinds = [[list(spec.shape[1:]), spec.dtype.name] for spec in self.specs]
        return {"kind": "tf.data", "elements": kinds}

    def parts(self, size):
        """All items, so many at a time: see `Part`."""
        kept = []
        for batch in self.dataset:
            batch = batch if isinstance(batch, tuple) else (batch,)
            kept.append([np.asarray(array) for array in batch])
            while sum(len(arrays[0]) for arrays in kept) >= size:
                whole = [np.concatenate(arrays) for arrays in zip(*kept)]
                kept = [[array[size:] for array in whole]]
                yield self._part([array[:size] for array in whole])
        if sum(len(arrays[0]) for arrays in kept):
            yield self._part([np.concatenate(arrays) for arrays in zip(*kept)])

    def _part(self, arrays):
        inputs, labels = (*arrays, None)[:2]
        return Part(as_floats(inputs), labels, streamed=True)


def source_of(data, **options):
    """The source that an argument `data` stands for: a path, a `tf.data.Dataset`, an array, or a pair of arrays.

    Args:
        options: of `Folder`.
    """
    if isinstance(data, (str, os.PathLike)):
        return Folder(data, **options)
    if hasattr(data, "element_spec"):
        return Stream(data)
    if isinstance(data, tuple):
        if len(data) != 2:
            raise ValueError(f"data must be inputs, or inputs and labels. Received: a tuple of {len(data)}")
        return Arrays(*data)
    return Arrays(data)


def as_floats(array):
    """Integers and bfloat16 as float32."""
    return array if array.dtype.kind == "f" else array.astype("float32")


def check_image_size(size):
    """Height and width as a tuple; None stays."""
    if size is None:
        return None
    size = check_pair("image_size", size)
    return tuple(check_integer("image_size", number) for number in size)


def unreadable(argument, skipped):
    """The error for images that cannot be read.

    Args:
        argument: what the user calls their place.
        skipped: reasons by name.
    """
    said = "; ".join(f"{name}: {why}" for name, why in list(skipped.items())[:SHOWN])
    return ValueError(
        f"{argument} must hold images that can be read; on_error skip leaves others out. Received: "
        f"{len(skipped)} that cannot be read ({said}{'; ...' * (len(skipped) > SHOWN)})"
    )


def reason(error):
    """What an exception says, on one line."""
    return " ".join(str(error).split()) or type(error).__name__

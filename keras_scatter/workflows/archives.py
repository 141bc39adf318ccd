"""CIFAR-100 and Tiny ImageNet as their authors publish them. Nothing is downloaded unless asked for."""

import dataclasses
import os
import pathlib
from collections.abc import Callable

import keras
import numpy as np

from keras_scatter.files import damaged
from keras_scatter.optional import require

VARIABLE = "KERAS_SCATTER_DATA"  # names the folder that holds the data sets


@dataclasses.dataclass(frozen=True)
class Archive:
    """A published data set.

    Attributes:
        folder: what it is unpacked to.
        url, md5: of the file.
        read: function of the folder; gives images and labels to train on, and others.
    """

    folder: str
    url: str
    md5: str
    read: Callable


def load_archive(dataset, download=False):
    """Images and labels of CIFAR-100 or Tiny ImageNet.

    Args:
        dataset: `"cifar100"` or `"tiny_imagenet_200"`.
        download: fetch it if it is not there.

    Returns:
        Two pairs of uint8 images `(n, height, width, 3)` and int64 labels `(n,)`: the training images, and the test
        images of CIFAR-100 or the validation images of Tiny ImageNet.

    Raises:
        ValueError: it is not there, cannot be downloaded, or is damaged.
    """
    return ARCHIVES[dataset].read(locate(dataset, download))


def locate(dataset: str, download: bool = False) -> pathlib.Path:
    """The folder of a data set, see `load_archive`.

    Example:

    >>> locate("cifar100", download=True)  # doctest: +SKIP
    PosixPath('/home/me/.keras/datasets/cifar-100-binary')
    """
    archive = ARCHIVES[dataset]
    home = pathlib.Path(os.environ.get(VARIABLE) or pathlib.Path(keras.config.keras_home()) / "datasets")
    folder = home / archive.folder
    if not folder.is_dir() and download:
        try:
            keras.utils.get_file(
                origin=archive.url, file_hash=archive.md5, extract=True, cache_dir=str(home), cache_subdir=""
            )
        except Exception as error:
            raise ValueError(f"{archive.url} could not be downloaded: {error}") from error
        _unwrap(home, archive)
    if not folder.is_dir():
        raise ValueError(
            f"dataset {dataset!r} must be in the folder {folder}, which is not there; {VARIABLE} may name another "
            f"folder than {home}. It is downloaded by keras_scatter.workflows.archives.locate({dataset!r}, "
            f"download=True), or from {archive.url}"
        )
    return folder


def _unwrap(home, archive):
    """Keras unpacks into a folder of its own; the data set moves beside it."""
    found = next((path for path in home.glob(f"*/{archive.folder}") if path.is_dir()), None)
    if found:
        found.rename(home / archive.folder)


def _cifar100(folder):
    return tuple(_records(folder / f"{part}.bin") for part in ("train", "test"))


def _records(path):
    """Records of a coarse label, a fine label, and 3 x 32 x 32 pixels, a byte each."""
    content = np.frombuffer(_bytes(path), "uint8")
    if not len(content) or len(content) % 3074:
        raise damaged(path, f"it has {len(content)} bytes, no multiple of 3074")
    records = content.reshape(-1, 3074)
    return records[:, 2:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), records[:, 1].astype("int64")


def _tiny_imagenet(folder):
    classes = _bytes(folder / "wnids.txt").decode().split()
    number = {name: label for label, name in enumerate(sorted(classes))}
    train = [(path, number[name]) for name in number for path in sorted((folder / "train" / name).rglob("*.JPEG"))]
    lines = _bytes(folder / "val" / "val_annotations.txt").decode().splitlines()
    validation = [(folder / "val" / "images" / line.split()[0], number[line.split()[1]]) for line in lines]
    return tuple(map(_pictures, (train, validation)))


def _pictures(files):
    image = require("PIL.Image", "datasets")
    images = np.empty((len(files), 64, 64, 3), "uint8")
    for index, (path, _) in enumerate(files):
        try:
            images[index] = image.open(path).convert("RGB")
        except (OSError, ValueError) as error:
            raise damaged(path, error) from error
    return images, np.array([label for _, label in files], "int64")


def _bytes(path):
    if not path.is_file():
        raise damaged(path.parent, f"it lacks {path.name}")
    return path.read_bytes()


ARCHIVES = {
    "cifar100": Archive(
        "cifar-100-binary",
        "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
        "03b5dce01913d631647c71ecec9e9cb8",
        _cifar100,
    ),
    "tiny_imagenet_200": Archive(
        "tiny-imagenet-200",
        "http://cs231n.stanford.edu/tiny-imagenet-200.zip",
        "90528d7ca1a48142e341f4ef8d21d0de",
        _tiny_imagenet,
    ),
}

"""Images to distil on and labelled images: procedural, from TensorFlow Datasets, or from a folder."""

import os
import pathlib

import keras
import numpy as np

from keras_scatter.arguments import check_integer, check_seed, shown
from keras_scatter.optional import require
from keras_scatter.workflows.archives import ARCHIVES, load_archive

LARGEST_SIZE = 2048
MOST_PIXELS = 2**31


def load_images(
    dataset: str, count: int, held_out: int, size: int = 32, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Images for distillation and others to measure it on.

    Args:
        dataset: `"dead_leaves"`, `"random"`, the name of an image data set of TensorFlow Datasets or of one in
            `archives.ARCHIVES` (its training images; those held out are its last), or a folder of images.
        count: number of images to train on.
        held_out: number of other images.
        size: height and width of procedural images, and of the patches that larger images are cropped to.
        seed: seed of procedural images. Those of a data set or a folder come in one order for all seeds, so that what
            is held out for one seed is not trained on with another.

    Returns:
        Two float32 arrays `(count, height, width, 1)` and `(held_out, height, width, 1)` in 0..1: the green channel of
        colour images. A source with fewer images gives fewer.

    Raises:
        ValueError: the data set is unknown, cannot be downloaded, or holds too few images.
    """
    if not isinstance(dataset, (str, os.PathLike)):
        raise TypeError(f"dataset must be a name or a folder. Received: dataset={shown(dataset)}")
    count, held_out = check_integer("count", count), check_integer("held_out", held_out)
    size, seed = check_integer("size", size, 4), check_seed("seed", seed)
    if dataset in PROCEDURAL:
        # Two scenes: windows of one overlap, and would not be held out.
        return tuple(PROCEDURAL[dataset](n, size, [seed, part]) for part, n in enumerate((count, held_out)))
    if pathlib.Path(dataset).is_dir():
        return _from_folder(dataset, count, held_out, size)
    if dataset in ARCHIVES:
        (images, _), _ = load_archive(dataset)
        return _split(dataset, len(images), count, held_out, lambda first, last: green(images[first:last]))
    return _from_tfds(dataset, count, held_out)


def dead_leaves(count: int, size: int = 32, seed: int = 0) -> np.ndarray:
    """Dead-leaves images: opaque discs of random grey, radius density r^-3, which gives the statistics of photographs.

    Each image is a window of one large scene, painted at twice the size and averaged. Windows of many images overlap.

    Returns:
        `(count, size, size, 1)` float32 in 0..1.

    Reference:
        A. Lee, D. Mumford, J. Huang, Occlusion models for natural images, IJCV 41 (2001).

    Example:

    >>> dead_leaves(4, size=16).shape
    (4, 16, 16, 1)
    """
    generator = _generator(count, size, seed)
    side = 2 * max(8 * size, min(2048, int(size * np.sqrt(count))))
    smallest, largest = 2.0, side / 8
    scene = np.full((side, side), 0.5, "float32")
    # Enough discs to cover the scene some ten times over.
    uniform = generator.uniform(
        size=max(1000, int(10 * side**2 / (2 * np.pi * smallest**2 * np.log(largest / smallest))))
    )
    radii = smallest / np.sqrt(1 - uniform * (1 - (smallest / largest) ** 2))
    centres = generator.uniform(0, side, (len(radii), 2))
    greys = generator.uniform(size=len(radii)).astype("float32")
    for (row, column), radius, grey in zip(centres, radii, greys):
        top, left = max(int(row - radius), 0), max(int(column - radius), 0)
        window = scene[top : int(row + radius) + 2, left : int(column + radius) + 2]
        rows, columns = np.ogrid[: window.shape[0], : window.shape[1]]
        window[(rows + top - row) ** 2 + (columns + left - column) ** 2 <= radius**2] = grey
    scene = scene.reshape(side // 2, 2, side // 2, 2).mean((1, 3))
    corners = generator.integers(0, side // 2 - size + 1, (count, 2))
    return np.stack([scene[r : r + size, c : c + size, None] for r, c in corners])


def random_images(count, size=32, seed=0):
    """Uniform noise, `(count, size, size, 1)` float32 in 0..1: the paper's first data set."""
    return _generator(count, size, seed).uniform(size=(count, size, size, 1)).astype("float32")


def load_labelled(dataset, splits, images=None):
    """Images and labels of a data set of TensorFlow Datasets, or of one in `archives.ARCHIVES`.

    Args:
        dataset: its name, such as `"mnist"`, `"cifar100"` or `"tiny_imagenet_200"`.
        splits: the part to train on and the part to measure on, such as `("train[:40000]", "train[40000:]")`. Those in
            `archives.ARCHIVES` have their own parts: train, and test or validation images.
        images: None, or take only so many images of either.

    Returns:
        Two pairs of uint8 `(n, height, width, channels)` and int64 `(n,)`.

    Raises:
        ValueError: the data set is unknown or cannot be downloaded.
    """
    if dataset in ARCHIVES:
        return tuple(tuple(values[:images] for values in part) for part in load_archive(dataset))
    builder = image_builder(dataset)

    def read(split):
        examples = builder.as_dataset(split=split)
        examples = list((examples if images is None else examples.take(images)).as_numpy_iterator())
        return np.stack([example["image"] for example in examples]), np.array([e["label"] for e in examples], "int64")

    return tuple(map(read, splits))


def striped_images(count, shape=(32, 32, 3), classes=10, seed=0):
    """Labelled images without a download: noisy stripes of random phase, whose direction is the class.

    Returns:
        `(count, *shape)` uint8 and int64 labels `(count,)` below `classes`.

    Example:

    >>> images, labels = striped_images(4, shape=(16, 16, 1))
    >>> images.shape, labels.shape
    ((4, 16, 16, 1), (4,))
    """
    classes = check_integer("classes", classes)
    if not isinstance(shape, (tuple, list)) or len(shape) != 3:
        raise TypeError(f"shape must be three integers, height, width and channels. Received: shape={shown(shape)}")
    shape = tuple(check_integer("shape", size) for size in shape)
    generator = _generator(count, max(shape), seed)
    labels = generator.integers(0, classes, count)
    rows, columns = np.meshgrid(*map(np.arange, shape[:2]), indexing="ij")
    angles = (np.pi * labels / classes)[:, None, None]
    phase = 0.8 * (rows * np.sin(angles) + columns * np.cos(angles)) + generator.uniform(0, 2 * np.pi, (count, 1, 1))
    noise = generator.normal(scale=20, size=(count, *shape))
    return np.clip(128 + 80 * np.cos(phase)[..., None] + noise, 0, 255).astype("uint8"), labels


def standardised(train, *others):
    """Images as float32 with mean 0 and deviation 1 by channel over the first array, all shifted and scaled alike."""
    mean, deviation = train.mean((0, 1, 2), dtype="float64"), train.std((0, 1, 2), dtype="float64")
    return tuple(((images - mean) / deviation).astype("float32") for images in (train, *others))


FOLDER_ORDER = 0  # seed
PROCEDURAL = {"dead_leaves": dead_leaves, "random": random_images}


def green(images):
    """The green channel of colour images, or the only one: uint8 `(..., C)` to float32 `(..., 1)` in 0..1."""
    channel = 1 if images.shape[-1] > 1 else 0
    return images[..., channel : channel + 1].astype("float32") / 255


def _generator(count, size, seed):
    """The source of random images; numbers of images and of pixels along an axis that no memory holds are refused."""
    check_integer("size", size, maximum=LARGEST_SIZE)
    check_integer("count", count)
    if count * size**2 > MOST_PIXELS:
        raise ValueError(
            f"count and size must ask for at most {MOST_PIXELS} pixels. Received: count={count}, size={size}"
        )
    seeds = seed if isinstance(seed, (tuple, list)) else [seed]
    return np.random.default_rng([check_seed("seed", part) for part in seeds])


def _from_tfds(dataset, count, held_out):
    builder = image_builder(dataset, f"{', '.join(PROCEDURAL)}, a folder of images, or ")

    def read(first, last):
        examples = builder.as_dataset(split=f"train[{first}:{last}]").as_numpy_iterator()
        return green(np.stack([example["image"] for example in examples]))

    return _split(dataset, builder.info.splits["train"].num_examples, count, held_out, read)


def _split(dataset, total, count, held_out, read):
    """The first images to train on, the last ones held out."""
    if count + held_out > total:
        raise ValueError(
            f"dataset must hold the images to train on and those held out: {dataset} has {total} training images. "
            f"Received: {count} and {held_out}"
        )
    return read(0, count), read(total - held_out, total)


def image_builder(dataset, others="", argument="dataset"):
    """The builder of an image data set of TensorFlow Datasets whose files are there.

    Args:
        dataset: its name.
        others: what else it may be, for errors.
        argument: what the user calls it.
    """
    tfds = require("tensorflow_datasets", "datasets")
    try:
        builder = tfds.builder(dataset)
    except (tfds.core.DatasetNotFoundError, ValueError) as error:
        raise ValueError(
            f"{argument} must be {others}an image data set of TensorFlow Datasets such as cifar10 or mnist. "
            f"Received: {argument}={dataset!r}"
        ) from error
    try:
        builder.download_and_prepare()
    except Exception as error:
        raise ValueError(
            f"The data set {dataset!r} could not be downloaded ({type(error).__name__}: {error}). If you have a copy, "
            "set TFDS_DATA_DIR to the folder that holds it."
        ) from error
    if "image" not in (builder.info.features or {}):
        raise ValueError(f"{argument} must have a feature 'image'. Received: {argument}={dataset!r}")
    return builder


def _from_folder(folder, count, held_out, size):
    try:
        images = keras.utils.image_dataset_from_directory(
            folder, labels=None, image_size=(size, size), crop_to_aspect_ratio=True, seed=FOLDER_ORDER, verbose=False
        )
    except ValueError as error:
        raise ValueError(f"dataset must be a folder with images. Received: dataset={folder!r} ({error})") from error
    found = np.concatenate([np.asarray(batch) for batch in images])
    if len(found) < 2:
        raise ValueError(f"dataset must be a folder with at least 2 images. Received: {len(found)} in {folder!r}")
    held_out = min(held_out, max(1, len(found) // 5))
    return green(found[: min(count, len(found) - held_out)]), green(found[-held_out:])

"""Features of many items, computed once and kept on the disk."""

import io

import keras
import numpy as np
from rich.progress import Progress

from keras_scatter.files import damaged, write_atomically
from keras_scatter.layers import ComplexModulusConv, ScatteringFFT
from keras_scatter.workflows.folders import claimed

BATCH = 128
GROUPS = {"faithful": "morlet_o2_k7", "paper": "cifar10_o2"}  # those that the committed accuracies were measured with
FEATURES = {
    "pixels": None,
    "exact": lambda: ScatteringFFT(J=2, L=8, order=2),
    **{name: lambda name=name: ComplexModulusConv(L=8, order=2, design=name, weights=GROUPS[name]) for name in GROUPS},
}


def cached(features, part, images, folder):
    """Features of uint8 images, computed once and kept in `folder`; float32, read from the disk as needed."""
    path = folder / f"{features}-{part}.npy"
    folder.mkdir(parents=True, exist_ok=True)
    with claimed(path, wait=-1):
        if not path.exists():
            _write_features(FEATURES[features], images.astype("float32") / 255, path)
    return np.load(path, mmap_mode="r")


def cached_in_parts(compute, count, folder, size):
    """Features of `count` items, `(count, ...)`, computed some at a time: a call that was interrupted goes on.

    Several processes may share the work. Files are `PART.npy`, with the features of `size` items each.

    Args:
        compute: function of `first` and `last` that gives an array of the features of items `first` to `last - 1`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts = [(folder / f"{first // size:04d}.npy", first, min(first + size, count)) for first in range(0, count, size)]
    with Progress() as progress:
        task = progress.add_task(f"{folder.name} of {count:,} items", total=len(parts))
        # What another process makes is waited for when nothing else is left to do.
        for wait in (0, -1):
            for path, first, last in parts:
                with claimed(path, wait=wait) as ours:
                    if ours and not path.exists():
                        content = io.BytesIO()
                        np.save(content, compute(first, last))
                        write_atomically(path, content.getvalue())
                progress.update(task, completed=sum(path.exists() for path, *_ in parts))
    return np.concatenate([_read_part(path, last - first) for path, first, last in parts])


def _read_part(path, count):
    try:
        found = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise damaged(path, error) from error
    if len(found) != count:
        raise damaged(path, f"it has features of {len(found)} items and not of {count}")
    return found


def _write_features(make, images, path):
    partial, layer = path.with_suffix(".partial"), make and make()
    shape = layer.compute_output_shape(images.shape) if layer else images.shape
    try:
        found = np.lib.format.open_memmap(partial, mode="w+", dtype="float32", shape=tuple(shape))
        for first in range(0, len(images), BATCH):
            batch = images[first : first + BATCH]
            found[first : first + BATCH] = keras.ops.convert_to_numpy(layer(batch)) if layer else batch
        found.flush()
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)

"""Features of many images, computed once and kept on the disk."""

import keras
import numpy as np

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

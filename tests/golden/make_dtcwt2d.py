"""Compute reference outputs with pytorch_wavelets: `python make_dtcwt2d.py FOLDER`, after `pip install` of 1.3.0."""

import importlib.resources
import pathlib
import sys
import types

import numpy as np

TRANSFORMS = [("near_sym_a", "qshift_a", 1, 32, 32), ("near_sym_b", "qshift_b", 3, 64, 48)]


def importable():
    """Stand-ins for what pytorch_wavelets imports and setuptools and NumPy no longer have."""
    pkg_resources = types.ModuleType("pkg_resources")
    pkg_resources.resource_stream = lambda package, name: (importlib.resources.files(package) / name).open("rb")
    sys.modules.setdefault("pkg_resources", pkg_resources)
    np.asfarray = lambda array: np.asarray(array, float)
    np.issubsctype = np.issubdtype


def main(folder):
    importable()
    import pytorch_wavelets
    import torch

    torch.set_default_dtype(torch.float64)
    generator, folder = np.random.default_rng(0), pathlib.Path(folder)

    def save(name, x, **arrays):
        arrays = {
            key: np.asarray(value, "float32" if hasattr(value, "numpy") else None) for key, value in arrays.items()
        }
        np.savez_compressed(folder / f"{name}.npz", x=x, **arrays)

    for biort, qshift, J, height, width in TRANSFORMS:
        x = generator.normal(size=(2, 3, height, width)).astype("float32")
        low, high = pytorch_wavelets.DTCWTForward(biort, qshift, J)(torch.tensor(x, dtype=torch.float64))
        high = {f"yh{level + 1}": subbands for level, subbands in enumerate(high)}
        save(f"dtcwt2d_J{J}_{biort}_{height}x{width}", x, yl=low, **high, J=J, biort=biort, qshift=qshift)
    for J, layer in ((1, pytorch_wavelets.ScatLayer()), (2, pytorch_wavelets.ScatLayerj2())):
        x = generator.normal(size=(2, 3, 32, 32)).astype("float32")
        save(f"scatlayer_j{J}_near_sym_a_32x32", x, y=layer(torch.tensor(x, dtype=torch.float64)))


if __name__ == "__main__":
    main(sys.argv[1])

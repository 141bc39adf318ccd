"""Compute reference outputs with Kymatio 0.3.0 (`pip install kymatio==0.3.0`): `python make_kymatio3d.py FOLDER`."""

import json
import pathlib
import sys

import numpy as np
import scipy.special

CASES = [("J2_L2_16", {"J": 2, "shape": (16, 16, 16), "L": 2, "sigma_0": 1})]


def main(folder):
    if not hasattr(scipy.special, "sph_harm"):
        scipy.special.sph_harm = lambda m, n, azimuth, polar: scipy.special.sph_harm_y(n, m, polar, azimuth)
    from kymatio.numpy import HarmonicScattering3D

    generator = np.random.default_rng(0)
    for name, arguments in CASES:
        x = generator.uniform(size=(1, *arguments["shape"])).astype("float32")
        y = HarmonicScattering3D(**arguments)(x)
        np.savez_compressed(pathlib.Path(folder) / f"kymatio3d_{name}.npz", x=x, y=y, params=json.dumps(arguments))


if __name__ == "__main__":
    main(sys.argv[1])

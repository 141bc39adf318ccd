"""Compute reference outputs with Kymatio: `python make_kymatio2d.py FOLDER`, after `pip install kymatio==0.3.0`."""

import pathlib
import sys

import numpy as np
import scipy.special

CASES = [  # J, L, order, height, width, images
    (1, 8, 1, 32, 32, 2),
    (2, 8, 2, 32, 32, 3),
    (2, 8, 2, 33, 47, 2),
    (3, 4, 2, 48, 40, 2),
    (3, 8, 1, 64, 64, 3),
]


def main(folder):
    if not hasattr(scipy.special, "sph_harm"):
        scipy.special.sph_harm = lambda m, n, azimuth, polar: scipy.special.sph_harm_y(n, m, polar, azimuth)
    from kymatio.numpy import Scattering2D

    generator = np.random.default_rng(0)
    for J, L, order, height, width, count in CASES:
        x = generator.normal(size=(count, height, width)).astype("float32")
        y = Scattering2D(J, (height, width), L=L, max_order=order)(x.astype("float64")).astype("float32")
        path = pathlib.Path(folder) / f"kymatio2d_J{J}_L{L}_o{order}_{height}x{width}.npz"
        np.savez_compressed(path, x=x, y=y, J=J, L=L, order=order)


if __name__ == "__main__":
    main(sys.argv[1])

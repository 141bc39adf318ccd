"""Compute reference outputs with Kymatio: `python make_kymatio1d.py FOLDER`.

It needs the version after 0.3.0, which was never released; the coarse levels of 0.3.0 carry a wrong factor:

    pip install git+https://github.com/kymatio/kymatio@11552ed5
"""

import json
import pathlib
import sys

import numpy as np
import scipy.special

CASES = [  # file name, arguments
    ("J5_Q1_T1000_o1", {"J": 5, "shape": 1000, "Q": 1, "max_order": 1}),
    ("J6_Q8_T1024", {"J": 6, "shape": 1024, "Q": 8}),
    ("J8_Q12-2_T4096", {"J": 8, "shape": 4096, "Q": (12, 2)}),
]


def main(folder):
    if not hasattr(scipy.special, "sph_harm"):
        scipy.special.sph_harm = lambda m, n, azimuth, polar: scipy.special.sph_harm_y(n, m, polar, azimuth)
    from kymatio.numpy import Scattering1D

    generator = np.random.default_rng(0)
    for name, arguments in CASES:
        x = generator.normal(size=(2, arguments["shape"])).astype("float32")
        transform = Scattering1D(**arguments)
        y = transform(x.astype("float64")).astype("float32")
        meta = {key: transform.meta()[key] for key in ("order", "xi", "sigma", "j")}
        path = pathlib.Path(folder) / f"kymatio1d_{name}.npz"
        np.savez_compressed(path, x=x, y=y, params=json.dumps(arguments), **meta)


if __name__ == "__main__":
    main(sys.argv[1])

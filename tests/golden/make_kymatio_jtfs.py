"""Compute reference outputs with Kymatio: `python make_kymatio_jtfs.py FOLDER`.

`make_kymatio1d.py` says which version it needs.
"""

import json
import pathlib
import sys

import numpy as np
import scipy.special

CASES = [  # file name, arguments
    ("time_J6_Jfr2_Q4_T1024", {"J": 6, "J_fr": 2, "Q": 4, "format": "time", "N": 1024}),
    ("joint_J6_Jfr2_Q4_T1024", {"J": 6, "J_fr": 2, "Q": 4, "format": "joint", "N": 1024}),
    ("joint_J7_Jfr3_Q8-2_T2048_F0", {"J": 7, "J_fr": 3, "Q": (8, 2), "F": 0, "format": "joint", "N": 2048}),
]
NAMES = ("j", "n", "n1_max", "j_fr", "n_fr", "n1_stride", "order")


def main(folder):
    if not hasattr(scipy.special, "sph_harm"):
        scipy.special.sph_harm = lambda m, n, azimuth, polar: scipy.special.sph_harm_y(n, m, polar, azimuth)
    from kymatio.numpy import TimeFrequencyScattering

    generator = np.random.default_rng(0)
    for name, given in CASES:
        arguments = {key: value for key, value in given.items() if key != "N"}
        x = generator.normal(size=(3, given["N"])).astype("float32")
        found = TimeFrequencyScattering(**arguments, shape=given["N"], out_type="list")(x.astype("float64"))
        paths = [{key: path[key] for key in NAMES if key in path} for path in found]
        arrays = {f"y{k}": path["coef"].astype("float32") for k, path in enumerate(found)}
        texts = {"params": json.dumps(given), "paths": json.dumps(paths)}
        np.savez_compressed(pathlib.Path(folder) / f"kymatio_jtfs_{name}.npz", x=x, **texts, **arrays)


if __name__ == "__main__":
    main(sys.argv[1])

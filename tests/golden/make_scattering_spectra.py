"""Compute reference outputs with the program of the authors of scattering spectra (MIT licence).

`git clone https://github.com/RudyMorel/scattering_spectra`, then `git checkout db214776` in it, and
`PYTHONPATH=scattering_spectra python make_scattering_spectra.py FOLDER`.
"""

import pathlib
import sys

import numpy as np

CASES = {"": {}, "_noredund": {"skew_redundance": False}, "_inv": {"model_type": "inv_scat_spectra"}}


def main(folder):
    from scatspectra import analyze

    generator = np.random.default_rng(0)
    x = np.stack([generator.normal(size=1024), generator.normal(size=1024) * np.exp(generator.normal(size=1024))])
    for name, arguments in CASES.items():
        found = analyze(x[:, None], J=6, normalize="each_ps", **arguments)
        columns = {f"meta_{key}": found.df[key].to_numpy() for key in found.df.columns}
        y = np.squeeze(found.y.numpy())
        np.savez_compressed(pathlib.Path(folder) / f"spec1d_BL_J6_N1024{name}.npz", x=x[:, None], y=y, J=6, **columns)


if __name__ == "__main__":
    main(sys.argv[1])

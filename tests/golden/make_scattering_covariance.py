"""Compute reference outputs with the program of the authors of scattering covariances.

It has no licence, so only its numbers are here: `git clone https://github.com/SihaoCheng/scattering_transform`, then
`git checkout 04f36a64` in it, and `PYTHONPATH=scattering_transform python make_scattering_covariance.py FOLDER`.
"""

import pathlib
import sys

import numpy as np


def field(generator, size):
    """The exponential of Gaussian noise with a falling spectrum: skewed, and of mean 0."""
    k = np.hypot(*np.meshgrid(np.fft.fftfreq(size), np.fft.fftfreq(size)))
    noise = np.fft.ifft2(np.fft.fft2(generator.normal(size=(size, size))) / (k + 0.05)).real
    found = np.exp(0.7 * noise / noise.std())
    return found - found.mean()


def main(folder):
    import scattering
    import torch

    torch.set_default_dtype(torch.float64)
    generator, size = np.random.default_rng(0), 64
    for name, wavelets in (("morlet", "morlet"), ("bump", "BS")):
        x = np.stack([field(generator, size), generator.normal(size=(size, size))])
        program = scattering.Scattering2d(size, size, J=4, L=4, device="cpu", wavelets=wavelets, precision="double")
        found = program.scattering_cov(x, if_large_batch=False, normalization="P00")
        arrays = {key: np.asarray(value) for key, value in found.items() if value is not None}
        psi = np.asarray(program.filters_set)
        np.savez_compressed(pathlib.Path(folder) / f"cov2d_{name}_J4_L4_64.npz", x=x, psi=psi, J=4, L=4, **arrays)
    a, b = field(generator, size), field(generator, size)
    program = scattering.Scattering2d(size, size, J=3, L=4, device="cpu", precision="double")
    found = program.scattering_cov_2fields(a[None], b[None], normalization="P00")
    arrays = {key: np.asarray(value) for key, value in found.items() if value is not None}
    psi = np.asarray(program.filters_set)
    np.savez_compressed(
        pathlib.Path(folder) / "cov2d_cross_morlet_J3_L4_64.npz", a=a[None], b=b[None], psi=psi, J=3, L=4, **arrays
    )


if __name__ == "__main__":
    main(sys.argv[1])

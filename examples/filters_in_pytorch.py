"""The distilled scattering transform as a PyTorch module, from an exported filter group.

`DistilledScattering` needs PyTorch and NumPy alone. Its kernels are buffers; make them parameters to train them. The
script compares it with `ComplexModulusConv`, the only thing it needs keras_scatter for.

Run (`pip install 'keras_scatter[torch]'`):

    python examples/filters_in_pytorch.py
    python examples/filters_in_pytorch.py --group morlet_J3_o2 --size 48
"""

import argparse

import numpy as np
import torch
from torch.nn.functional import conv2d, pad


class DistilledScattering(torch.nn.Module):
    """Scattering of images `(batch, C, H, W)`: `(batch, C, K, H // 2**J, W // 2**J)`, paths as in `layer.paths`.

    Args:
        path: a `.npz` file that a faithful `ComplexModulusConv` has saved.
        J, order: those of the layer.
    """

    def __init__(self, path, J, order):
        super().__init__()
        self.J, self.order = J, order
        with np.load(path) as file:
            for name in file.files:
                if name.startswith(("psi_", "lowpass_")):
                    # PyTorch has (outputs, inputs, height, width).
                    self.register_buffer(name, torch.from_numpy(file[name].transpose(3, 2, 0, 1).copy()))

    def forward(self, images):
        batch, channels, *shape = images.shape
        planes = images.reshape(-1, *shape)
        for axis, size in ((1, shape[0]), (2, shape[1])):
            planes = planes.index_select(axis, mirrored(size, self.J, images.device))
        found = {}
        self._visit(planes, 0, (), planes.shape[1:], found)
        maps = torch.stack([found[path] for path in sorted(found)], dim=1)
        return maps.reshape(batch, channels, *maps.shape[1:])

    def _visit(self, moduli, level, path, shape, found):
        found[len(path), *sum(path, ())] = average(moduli, self.J, level, shape)
        planes = moduli[:, None]
        for step, j in enumerate(range(level, self.J if len(path) < self.order else level)):
            if step:
                planes = periodic(planes, getattr(self, f"lowpass_{step}"), stride=2)
            if step or not path:
                real, imag = (periodic(planes, getattr(self, f"psi_{step}_{part}")) for part in ("real", "imag"))
                for t, modulus in enumerate((real**2 + imag**2 + 1e-38).sqrt().unbind(dim=1)):
                    self._visit(modulus, j, (*path, (j, t)), shape, found)


def mirrored(size, J, device):
    """Positions in an axis that is mirrored until its size is a multiple of 2**J."""
    total = ((size + 2**J) // 2**J + 1) * 2**J - size
    position = torch.arange(-(total // 2), size + (total + 1) // 2, device=device) % (2 * size - 2)
    return torch.minimum(position, 2 * size - 2 - position)


def periodic(planes, kernel, stride=1):
    """Convolution of periodic planes, sampled at 0, stride, 2 stride, ..."""
    radius = kernel.shape[-1] // 2
    return conv2d(pad(planes, [radius] * 4, mode="circular"), kernel, stride=stride)


def lowpass(size, J, like):
    """Spectrum of the Gaussian phi_J on a periodic axis; 3.1415 is what Kymatio takes for pi."""
    sigma = 0.8 * 2 ** (J - 1)
    periods = size * torch.arange(-2, 3, dtype=torch.float64)[:, None]
    phi = torch.exp(-((torch.arange(size) + periods) ** 2) / (2 * sigma**2)).sum(dim=0)
    return torch.fft.fft(phi / ((2 * 3.1415) ** 0.5 * sigma)).real.to(like)


def average(planes, J, level, shape):
    """phi_J of planes `(n, h, w)` that are decimated by 2**level, at every 2**J-th pixel, without the margins."""
    spectrum, factor = torch.fft.fft2(planes), 2 ** (J - level)
    for axis, size in ((1, shape[0]), (2, shape[1])):
        half, phi = planes.shape[axis] // 2, lowpass(size, J, planes)
        band = torch.cat([phi[:half], phi[size - half :]])
        spectrum = spectrum * (band[:, None] if axis == 1 else band)
    _, height, width = planes.shape
    spectrum = spectrum.reshape(-1, factor, height // factor, factor, width // factor).mean(dim=(1, 3))
    return torch.fft.ifft2(spectrum).real[:, 1:-1, 1:-1]


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--group", default="morlet_o2", help="a shipped faithful group, or a file of save_filters")
    parser.add_argument("--size", type=int, default=32, help="height and width of the images")
    parser.add_argument("--out", default="filters.npz", help="file for the exported group, replaced if it exists")
    options = parser.parse_args(arguments)

    import keras

    from keras_scatter import saved_filters
    from keras_scatter.layers import ComplexModulusConv

    config, _ = saved_filters.load(options.group)
    layer = ComplexModulusConv(**config, weights=options.group, data_format="channels_first")
    images = np.random.default_rng(0).uniform(size=(4, 3, options.size, options.size)).astype("float32")
    expected = keras.ops.convert_to_numpy(layer(images))
    layer.save_filters(options.out, overwrite=True)

    module = DistilledScattering(options.out, config["J"], config["order"])
    found = module(torch.from_numpy(images)).numpy().reshape(expected.shape)
    error = float(np.max(np.abs(found - expected)) / np.max(np.abs(expected)))
    print(f"{options.group}: largest difference {error:.1e} of the largest coefficient")
    return error


if __name__ == "__main__":
    main()

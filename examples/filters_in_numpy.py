"""The distilled scattering transform in NumPy alone, from an exported filter group.

A group is a handful of small arrays, and `scattering` below is all that is done with them: mirror the image once, then
convolve, decimate, take moduli and average, everything periodic. Port these lines to where no framework runs. The
script compares them with `ComplexModulusConv`, the only thing it needs keras_scatter for.

Run:

    python examples/filters_in_numpy.py
    python examples/filters_in_numpy.py --group morlet_J3_o2 --size 48
"""

import argparse

import numpy as np


def read(path):
    """Kernels `(k, k, inputs, outputs)` of a `.npz` file by name."""
    with np.load(path) as file:
        return {name: file[name] for name in file.files if name.startswith(("psi_", "lowpass_"))}


def convolve(planes, kernel, stride=1):
    """Periodic planes `(n, h, w, p)` with a kernel `(k, k, p, f)`, at every stride-th sample: `(n, ., ., f)`."""
    radius = len(kernel) // 2
    planes = np.pad(planes, [(0, 0), (radius, radius), (radius, radius), (0, 0)], "wrap")
    windows = np.lib.stride_tricks.sliding_window_view(planes, kernel.shape[:2], axis=(1, 2))
    return np.einsum("nhwpab,abpf->nhwf", windows[:, ::stride, ::stride], kernel, optimize=True)


def mirror(images, J):
    """Images `(n, H, W)` with margins, such that the sizes are multiples of 2**J."""
    margins = [(0, 0)]
    for size in images.shape[1:]:
        total = ((size + 2**J) // 2**J + 1) * 2**J - size
        margins.append((total // 2, (total + 1) // 2))
    return np.pad(images, margins, "reflect")


def lowpass(size, J):
    """Spectrum of the Gaussian phi_J on a periodic axis; 3.1415 is what Kymatio takes for pi."""
    sigma = 0.8 * 2 ** (J - 1)
    u = np.arange(size) + size * np.arange(-2, 3)[:, None]
    return np.fft.fft(np.exp(-(u**2) / (2 * sigma**2)).sum(axis=0) / (np.sqrt(2 * 3.1415) * sigma)).real


def average(planes, J, level, shape):
    """phi_J of planes `(n, h, w)` that are decimated by 2**level, at every 2**J-th pixel, without the margins."""
    spectrum, factor = np.fft.fft2(planes), 2 ** (J - level)
    for axis, size in ((1, shape[0]), (2, shape[1])):
        half = planes.shape[axis] // 2
        band = np.concatenate([lowpass(size, J)[:half], lowpass(size, J)[size - half :]])
        spectrum = spectrum * (band[:, None] if axis == 1 else band)
    _, height, width = planes.shape
    spectrum = spectrum.reshape(-1, factor, height // factor, factor, width // factor).mean(axis=(1, 3))
    return np.fft.ifft2(spectrum).real[:, 1:-1, 1:-1]


def scattering(images, kernels, J, order):
    """Scattering coefficients `(n, K, H // 2**J, W // 2**J)` of images `(n, H, W)`, paths as in `layer.paths`."""
    images, found = mirror(images, J), {}

    def visit(moduli, level, path):
        found[len(path), *sum(path, ())] = average(moduli, J, level, images.shape[1:])
        planes = moduli[..., None]
        for step, j in enumerate(range(level, J if len(path) < order else level)):
            if step:
                planes = convolve(planes, kernels[f"lowpass_{step}"], stride=2)
            if step or not path:
                real, imag = (convolve(planes, kernels[f"psi_{step}_{part}"]) for part in ("real", "imag"))
                for t in range(real.shape[-1]):
                    visit(np.hypot(real[..., t], imag[..., t]), j, (*path, (j, t)))

    visit(images, 0, ())
    return np.stack([found[path] for path in sorted(found)], axis=1)


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
    images = np.random.default_rng(0).uniform(size=(4, 1, options.size, options.size)).astype("float32")
    expected = keras.ops.convert_to_numpy(layer(images))
    layer.save_filters(options.out, overwrite=True)

    found = scattering(images[:, 0], read(options.out), config["J"], config["order"])
    error = float(np.max(np.abs(found - expected)) / np.max(np.abs(expected)))
    print(f"{options.group}: {found.shape[1]} paths, largest difference {error:.1e} of the largest coefficient")
    return error


if __name__ == "__main__":
    main()

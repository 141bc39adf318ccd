"""Filter groups: the named kernels of a `ComplexModulusConv`, their shapes and their designed values.

A group is a dict of arrays in the layout of convolution kernels, `(rows, columns, inputs, outputs)`, to be applied as
Keras, TensorFlow and PyTorch do (correlation). `psi_d_real` and `psi_d_imag` are the wavelets that read the d-times
decimated image, and `lowpass_d` is the low-pass: in the paper's design that of block d, in the faithful one the
kernels that lead from decimation d - 1 to d. The faithful wavelets of scale j2 after those of scale j1 are
`psi_{j2 - j1}`.
"""

import numpy as np

from keras_scatter.arguments import check_choice, check_integer
from keras_scatter.filters import design as least_squares
from keras_scatter.filters.morlet import SIGMA, gaussian, morlet, morlet_spectra

DESIGNS = ("faithful", "paper")
LARGEST_KERNEL = 15
LARGEST_FAITHFUL_J = 4


def resolve_config(L, order, J, kernel_size, design, lowpass_filters, share_filters):
    """The complete description of a filter group, checked: every argument valid and every default resolved."""
    check_choice("design", design, DESIGNS)
    order = check_integer("order", order)
    J = order if J is None else check_integer("J", J)
    if design == "paper" and order != J:
        raise ValueError(f'J must equal order, or be None, with design="paper". Received: J={J}, order={order}')
    check_integer("lowpass_filters", lowpass_filters)
    if design == "faithful":
        if J > LARGEST_FAITHFUL_J:
            raise ValueError(f'J must be from 1 to {LARGEST_FAITHFUL_J} with design="faithful". Received: J={J}')
        if lowpass_filters > 4:
            raise ValueError(f"lowpass_filters must be 1, 2, 3 or 4. Received: lowpass_filters={lowpass_filters}")
        if share_filters is not True:
            raise ValueError(
                'share_filters must be True with design="faithful": one set of filters serves all channels and '
                f"scales. Received: share_filters={share_filters!r}"
            )
    return {
        "L": check_integer("L", L),
        "order": order,
        "J": J,
        "kernel_size": _kernel_triple(kernel_size),
        "design": design,
        "lowpass_filters": int(lowpass_filters),
        "share_filters": bool(share_filters),
    }


def _kernel_triple(kernel_size):
    sizes = tuple(kernel_size) if isinstance(kernel_size, (tuple, list)) else (kernel_size,) * 3
    if len(sizes) != 3:
        raise ValueError(
            "kernel_size must be one odd integer, or three: for psi_0, for later wavelets and for the low-pass. "
            f"Received: kernel_size={kernel_size!r}"
        )
    for size in sizes:
        check_integer("kernel_size", size, minimum=3)
        if size % 2 == 0 or size > LARGEST_KERNEL:
            raise ValueError(
                f"kernel_size must be odd and from 3 to {LARGEST_KERNEL}. Received: kernel_size={kernel_size!r}"
            )
    return tuple(int(size) for size in sizes)


def group_shapes(config, channels=1):
    """Name and shape of every array of a group.

    Args:
        config: a result of `resolve_config`.
        channels: image channels; they matter only without `share_filters`.

    Example:

    >>> config = resolve_config(8, 1, None, 7, "paper", 2, True)
    >>> group_shapes(config)["psi_0_real"]
    (7, 7, 1, 8)
    """
    L, (first, later, lowpass) = config["L"], config["kernel_size"]
    shapes = {}
    for d in range(config["J"]):
        size = later if d else first
        if config["design"] == "paper":
            inputs = 1 if config["share_filters"] else channels * (1 + L) ** d
            shapes[f"lowpass_{d}"] = (lowpass, lowpass, inputs, 1)
        else:
            inputs = config["lowpass_filters"] if d else 1
            if d:
                shapes[f"lowpass_{d}"] = (lowpass, lowpass, inputs if d > 1 else 1, inputs)
        shapes[f"psi_{d}_real"] = shapes[f"psi_{d}_imag"] = (size, size, inputs, L)
    return shapes


def designed_group(config, channels=1):
    """The arrays of a group without any training, float64: `kernel_initializer="morlet"`."""
    make = _faithful_kernels if config["design"] == "faithful" else _sampled_kernels
    shapes = group_shapes(config, channels)
    return {name: np.broadcast_to(kernel, shapes[name]) for name, kernel in make(config).items()}


def _as_kernel(filters):
    """From filters `(outputs, inputs, rows, columns)` to a kernel for correlation."""
    return filters[..., ::-1, ::-1].transpose(2, 3, 1, 0)


def _wavelet_kernels(d, filters):
    kernel = _as_kernel(filters)
    return {f"psi_{d}_real": kernel.real, f"psi_{d}_imag": kernel.imag}


def _sampled_kernels(config):
    """Morlet and Gaussian on the kernel grid: each block sees its input at its own resolution, so all are alike."""
    first, later, lowpass = config["kernel_size"]
    phi = gaussian(SIGMA, lowpass // 2)
    kernels = {}
    for d in range(config["J"]):
        kernels[f"lowpass_{d}"] = np.outer(phi, phi)[:, :, None, None]
        size = later if d else first
        kernels |= _wavelet_kernels(d, morlet(0, config["L"], size // 2)[:, None])
    return kernels


def _faithful_kernels(config):
    L, (first, later, lowpass), levels = config["L"], config["kernel_size"], config["J"] - 1
    lowpasses = least_squares.lowpass_kernels(config["lowpass_filters"], lowpass, later, levels)
    kernels = {}
    for d in range(levels + 1):
        n = least_squares.grid(d)
        channels = least_squares.channel_spectra(lowpasses[:d], n)
        wavelets, size = morlet_spectra(d, L, n, n), later if d else first
        taps = least_squares.fit_taps(wavelets, channels, 2**d, size, least_squares.passed_spectrum(wavelets))
        kernels |= {f"lowpass_{d}": _as_kernel(lowpasses[d - 1])} if d else {}
        kernels |= _wavelet_kernels(d, taps)
    return kernels

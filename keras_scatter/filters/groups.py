"""Filter groups: the named kernels of a `ComplexModulusConv`, their shapes and their designed values.

A group is a dict of arrays in the layout of convolution kernels, `(rows, columns, inputs, outputs)`, to be applied as
Keras, TensorFlow and PyTorch do (correlation). `psi_d_real` and `psi_d_imag` are the wavelets that read the d-times
decimated image, and `lowpass_d` is the low-pass: in the paper's design that of block d, in the faithful one the
kernels that lead from decimation d - 1 to d. The faithful wavelets of scale j2 after those of scale j1 are
`psi_{j2 - j1}`. Groups of signals have kernels `(samples, inputs, outputs)`, see `half_band`.
"""

import numpy as np

from keras_scatter.arguments import check_bool, check_choice, check_integer, shown
from keras_scatter.filters import faithful, half_band, paper

# A design of images is a module with `kernel_size`, the default, `check`, `shapes`, `filters`, `effective` and
# `bank`; one of signals is a module with `resolve`, `shapes` and `kernels`; `functional` has one of the same name, with
# `make_plan`, `program_for` and `multiply_adds`.
DESIGNS = {"faithful": faithful, "paper": paper}
OF_SIGNALS = {"half_band": half_band}
LARGEST_KERNEL = 15


def resolve(config):
    """The complete description of a filter group of images or of signals, from a dict that may come from a file."""
    design = OF_SIGNALS.get(config.get("design"))
    return resolve_config(**config) if design is None else design.resolve(**config)


def resolve_config(L, order, J, kernel_size, design, lowpass_filters, share_filters):
    """The complete description of a filter group, checked: every argument valid and every default resolved."""
    design = check_choice("design", design, tuple(DESIGNS))
    order = check_integer("order", order)
    J = order if J is None else check_integer("J", J)
    lowpass_filters = check_integer("lowpass_filters", lowpass_filters)
    share_filters = check_bool("share_filters", share_filters)
    DESIGNS[design].check(J, order, lowpass_filters, share_filters)
    L = check_integer("L", L)
    sizes = DESIGNS[design].kernel_size(L) if kernel_size is None else _kernel_triple(kernel_size)
    return {
        "L": L,
        "order": order,
        "J": J,
        "kernel_size": sizes,
        "design": design,
        "lowpass_filters": lowpass_filters,
        "share_filters": share_filters,
    }


def as_argument(sizes):
    """Kernel sizes as a layer is given them: one number where all are equal."""
    return sizes[0] if len(set(sizes)) == 1 else sizes


def _kernel_triple(kernel_size):
    sizes = tuple(kernel_size) if isinstance(kernel_size, (tuple, list)) else (kernel_size,) * 3
    if len(sizes) != 3:
        raise ValueError(
            "kernel_size must be one odd integer, or three: for psi_0, for later wavelets and for the low-pass. "
            f"Received: kernel_size={shown(kernel_size)}"
        )
    sizes = tuple(check_integer("kernel_size", size, minimum=3) for size in sizes)
    if any(size % 2 == 0 or size > LARGEST_KERNEL for size in sizes):
        raise ValueError(
            f"kernel_size must be odd and from 3 to {LARGEST_KERNEL}. Received: kernel_size={shown(kernel_size)}"
        )
    return sizes


def group_shapes(config, channels=1):
    """Name and shape of every array of a group.

    Args:
        config: a result of `resolve`.
        channels: image channels; they matter only without `share_filters`.

    Example:

    >>> config = resolve_config(8, 1, None, 7, "paper", 2, True)
    >>> group_shapes(config)["psi_0_real"]
    (7, 7, 1, 8)
    """
    return (DESIGNS | OF_SIGNALS)[config["design"]].shapes(config, channels)


def designed_group(config, channels=1):
    """The arrays of a group without any training, float64: `kernel_initializer="morlet"`."""
    if config["design"] in OF_SIGNALS:
        return OF_SIGNALS[config["design"]].kernels(config)
    kernels = {}
    for name, filters in DESIGNS[config["design"]].filters(config).items():
        # Reversed, as a correlation needs them.
        kernel = filters[..., ::-1, ::-1].transpose(2, 3, 1, 0)
        kernels |= {f"{name}_real": kernel.real, f"{name}_imag": kernel.imag} if "psi" in name else {name: kernel}
    return {name: np.broadcast_to(kernels[name], shape) for name, shape in group_shapes(config, channels).items()}


def effective_filters(config, arrays):
    """What a group does to the image, block by block or level by level.

    Returns:
        List of pairs: low-pass kernels `(filters, rows, columns)` or None, wavelets `(L, rows, columns)` complex.
    """
    return DESIGNS[config["design"]].effective(config, _filters(config, arrays))


def group_spectra(config, arrays, shape):
    """Spectra of the low-pass, `(H, W)`, and of the wavelets that a group makes, each with what is before it.

    Args:
        config, arrays: a filter group, as `saved_filters.load` returns it, with shared filters.
        shape: height and width, multiples of 2**J.
    """
    # What a correlation with a kernel does is a convolution with the reversed one.
    filters = {name: kernels[..., ::-1, ::-1] for name, kernels in _filters(config, arrays).items()}
    return DESIGNS[config["design"]].bank(config, filters, shape)


def _filters(config, arrays):
    """Kernels as filters `(outputs, inputs, rows, columns)`, real and imaginary parts together."""
    found = {name: array.transpose(3, 2, 0, 1) for name, array in arrays.items()}
    wavelets = {f"psi_{d}": found[f"psi_{d}_real"] + 1j * found[f"psi_{d}_imag"] for d in range(config["J"])}
    return found | wavelets

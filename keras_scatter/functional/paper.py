"""The paper's network: blocks of stride 2, each on all outputs of the one before.

The rows of a block are named by digits, one for every block so far: 0 for its low-pass, 1 + t for its angle t.
"""

import math

import numpy as np
from keras import ops

from keras_scatter.backend.arrays import take
from keras_scatter.backend.modulus import modulus
from keras_scatter.functional.axes import cut
from keras_scatter.plan.images import block_plan


def make_plan(config, paths):
    """The plan of a group's network."""
    return block_plan(config["J"], config["L"], paths)


def multiply_adds(shapes, plan, axes):
    """Multiplications in the convolutions of one plane, with all paths.

    Args:
        shapes: those of the kernels, by name.
    """
    total = 0
    for d in range(plan.scale):
        (size, _, _, L), (lowpass, *_) = shapes[f"psi_{d}_real"], shapes[f"lowpass_{d}"]
        # The first convolution has kernels of the larger size, the second one smooths the moduli.
        taps = (1 + 2 * L) * max(size, lowpass) ** 2 + L * lowpass**2
        total += (1 + L) ** d * taps * math.prod(-(-axis.size // 2 ** (d + 1)) for axis in axes)
    return total


def program_for(plan, axes, dtype, output):
    """`program`, its chunk and its axis of rows, see `channels.Transform`."""
    return program, 0, 1


def program(planes, arrays, plan, output):
    """The network on planes `(N, H, W)` with the kernels of a group by name; returns what `cascade.scatter` does.

    A block computes all its angles; rows that lead to none of `plan.paths` go no further. Moduli are those in front of
    the second low-pass of their block. Blocks keep the last sample of an odd size, which is dropped at the end.
    """
    planes = ops.cast(planes, arrays["psi_0_real"].dtype)
    axes = plan.axes(ops.shape(planes)[1:])
    L = arrays["psi_0_real"].shape[-1]
    wanted = {_digits(row, L): row for row in plan.rows}
    ends = [(*digits, *[0] * (plan.scale - len(digits))) if output == "scattering" else digits for digits in wanted]
    found, rows = {(): planes} if output == "modulus" else {}, [()]
    for d in range(max(map(len, ends))):
        kernels = [_of_rows(arrays[name], rows, L) for name in (f"lowpass_{d}", f"psi_{d}_real", f"psi_{d}_imag")]
        low, *waves = block_waves(planes, *kernels)
        moduli = modulus(*waves)
        if output != "scattering":
            by_name = _by_name(moduli if output == "modulus" else waves, rows, axes)
            found |= {wanted[name]: maps for name, maps in by_name.items() if name in wanted}
        planes, rows = _led_on(
            block_outputs(low, moduli, kernels[0]), rows, L, {end[: d + 1] for end in ends if len(end) > d}
        )
    if output != "scattering":
        return tuple(found[row] for row in plan.rows if row in found)
    _, height, width = ops.shape(planes)
    position = [rows.index(end) for end in ends]
    maps = cut(ops.reshape(planes, (-1, len(rows), height, width)), axes, plan.scale)
    return take(maps, np.array(position), axis=1)


def block_waves(planes, lowpass, real, imag):
    """The first convolution of a block, at half size: `(M, h, w, G, 1)` and real and imaginary `(M, h, w, G, L)`.

    Args:
        planes: `(M * G, H, W)`; plane `m * G + g` is filtered by group g of the kernels.
        lowpass: `(k, k, G, 1)`.
        real, imag: `(k, k, G, L)`.
    """
    height, width = ops.shape(planes)[1:]
    groups, angles = real.shape[2:]
    images = ops.transpose(ops.reshape(planes, (-1, groups, height, width)), (0, 2, 3, 1))
    size = max(lowpass.shape[0], real.shape[0])
    fused = ops.concatenate([_centred(kernel, size) for kernel in (lowpass, real, imag)], axis=-1)
    output = zero_padded_conv(images, fused, stride=2)
    output = ops.reshape(output, (-1, *ops.shape(output)[1:3], groups, 1 + 2 * angles))
    return output[..., :1], output[..., 1 : 1 + angles], output[..., 1 + angles :]


def block_outputs(low, moduli, lowpass):
    """The outputs of a block (paper's equation 9): `S = {x * phi, |x * psi_t| * phi}`, both phi the same kernel.

    Returns:
        `(M * G * (1 + L), h, w)`, the 1 + L outputs of a plane side by side.
    """
    _, height, width, groups, angles = ops.shape(moduli)
    moduli = ops.reshape(moduli, (-1, height, width, groups * angles))
    smooth = zero_padded_conv(moduli, ops.repeat(lowpass, angles, axis=2), stride=1)
    smooth = ops.reshape(smooth, (-1, height, width, groups, angles))
    maps = ops.transpose(ops.concatenate([low, smooth], axis=-1), (0, 3, 4, 1, 2))
    return ops.reshape(maps, (-1, height, width))


def zero_padded_conv(planes, kernel, stride):
    """Convolve every channel of `(N, H, W, G)` with its F kernels `(k, k, G, F)`, centred, zeros outside.

    Samples 0, stride, 2 stride, ... are kept: `(N, h, w, G * F)`, `h = ceil(H / stride)`, kernel index the faster.
    """
    if stride == 1:
        return ops.depthwise_conv(planes, kernel, padding="same", data_format="channels_last")
    # With a stride, "same" would begin at sample 1 of an even size.
    radius = kernel.shape[0] // 2
    planes = ops.pad(planes, [(0, 0), (radius, radius), (radius, radius), (0, 0)])
    return ops.depthwise_conv(planes, kernel, strides=stride, padding="valid", data_format="channels_last")


def _digits(row, L):
    """The name of a row of wavelets in the block of its last one."""
    digits = [0] * (row[-1].j + 1 if row else 0)
    for wavelet in row:
        digits[wavelet.j] = 1 + wavelet.n % L
    return tuple(digits)


def _of_rows(kernel, rows, L):
    """The kernels `(k, k, G, F)` of some rows, where every channel and row has kernels of its own."""
    groups, all_rows = kernel.shape[2], (1 + L) ** len(rows[0])
    if groups == 1 or len(rows) == all_rows:
        return kernel
    numbers = [sum(digit * (1 + L) ** k for k, digit in enumerate(reversed(row))) for row in rows]
    return take(kernel, np.array([first + n for first in range(0, groups, all_rows) for n in numbers]), axis=2)


def _by_name(waves, rows, axes):
    """Maps `(N, h, w)`, or pairs of them, by the names of the rows that their wavelets lead to."""
    parts = waves if isinstance(waves, (list, tuple)) else [waves]
    _, height, width, _, angles = ops.shape(parts[0])
    names = [(*row, 1 + t) for row in rows for t in range(angles)]
    parts = [ops.reshape(ops.transpose(part, (0, 3, 4, 1, 2)), (-1, len(names), height, width)) for part in parts]
    parts = [cut(part, axes, len(names[0])) for part in parts]
    return {
        name: tuple(part[:, i] for part in parts) if len(parts) > 1 else parts[0][:, i] for i, name in enumerate(names)
    }


def _led_on(planes, rows, L, names):
    """The outputs of a block for `rows` that have one of the names, `(N * R, h, w)`, and their names."""
    outputs = [(*row, digit) for row in rows for digit in range(1 + L)]
    kept = [i for i, name in enumerate(outputs) if name in names]
    if 0 < len(kept) < len(outputs):
        _, height, width = ops.shape(planes)
        planes = take(ops.reshape(planes, (-1, len(outputs), height, width)), np.array(kept), axis=1)
        planes = ops.reshape(planes, (-1, height, width))
    return planes, [outputs[i] for i in kept]


def _centred(kernel, size):
    """The kernel with zeros around it, `size` x `size`."""
    margin = (size - kernel.shape[0]) // 2
    return ops.pad(kernel, [(margin, margin), (margin, margin), (0, 0), (0, 0)]) if margin else kernel

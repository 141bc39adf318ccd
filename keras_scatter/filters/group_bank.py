"""A filter group as a bank."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_scatter.arguments import check_size
from keras_scatter.filters.filter_bank import FilterBank, check_image_shape, check_values, values
from keras_scatter.filters.groups import OF_SIGNALS, group_shapes, group_spectra, resolve_config
from keras_scatter.filters.paths import ScaleAngle


class GroupBank(FilterBank):
    """What a filter group of `layers.ComplexModulusConv` does to the image, on a periodic grid.

    The kernels of scale j read an image that was low-passed and decimated j times, so that the wavelet is
    `sum_p channel_p * up(psi_p)`: each kernel with all that stands before it, low-pass kernels and decimation by 2**j.
    In the faithful design the low-pass is the Gaussian phi_J of `MorletBank`, whose filters the wavelets then come
    near to; in the paper's it is what the low-pass kernels of all blocks make together.

    Args:
        config: the arguments of the group, as `saved_filters.load` returns them, with `share_filters=True`.
        arrays: dict of its kernels `(rows, columns, inputs, outputs)`, as `saved_filters.load` returns it.
        shape: height and width of the grid in samples, multiples of 2**J.

    Attributes:
        config, shape: the arguments.
        J, L: those of the group.
        names: tuple of the J L pairs `(j, t)`.
        scales: j of each, `(J L,)` int64.
        frequencies: `(J L, 2)`, measured: the mean under the energy, radians a sample along rows and columns.
        bandwidths: `(J L, 2)`, measured along the centre frequency and across it, radians a sample.
        spectra: `(J L, H, W)` complex128 in FFT order.
        lowpass_spectrum: `(H, W)`, float64 or complex128.
        wavelets, lowpass: the filters in space, centred.

    Raises:
        TypeError: a size or an argument in the config is not of its type.
        ValueError: an argument is out of range, arrays are missing or of another shape, or the bank would have more
            than 2**26 values.

    Example:

    >>> bank = GroupBank(*keras_scatter.saved_filters.load("morlet_o2"), shape=(32, 32))
    >>> bank
    <GroupBank: J=2, L=8, shape=(32, 32), 16 wavelets>
    >>> exact = MorletBank(J=2, L=8, shape=(32, 32))
    >>> bool(abs(bank.littlewood_paley() - exact.littlewood_paley()).max() < 0.05)
    True

    Reference:
        Build the noise, shift, deformation stable filter group based on the reverse engineering with Scattering
        Transform.
    """

    def __init__(self, config: dict[str, Any], arrays: dict[str, np.ndarray], shape: Sequence[int] = (64, 64)) -> None:
        if config.get("design") in OF_SIGNALS:
            raise ValueError("config must be that of a filter group of images. Received: one of signals")
        self.config = resolve_config(**config)
        self.J, self.L = self.config["J"], self.config["L"]
        if not self.config["share_filters"]:
            raise ValueError("config must have share_filters=True: without it each path has filters of its own")
        shape = check_image_shape(shape)
        for name, size in zip(("height", "width"), shape):
            check_size(name, size, self.J)
            if size % 2**self.J:
                raise ValueError(
                    f"{name} must be a multiple of 2**J = {2**self.J}. Received: {name}={size}, J={self.J}"
                )
        check_values(values(self.J * self.L, shape), J=self.J, L=self.L, shape=shape)
        arrays = {name: np.asarray(array) for name, array in arrays.items()}
        expected, found = group_shapes(self.config), {name: array.shape for name, array in arrays.items()}
        if found != expected:
            raise ValueError(f"arrays must have the names and shapes {expected}. Received: {found}")
        names = tuple(ScaleAngle(j, t) for j in range(self.J) for t in range(self.L))
        lowpass, wavelets = group_spectra(self.config, arrays, shape)
        super().__init__(wavelets, lowpass, names, [j for j, _ in names])

    def _described(self):
        return f"J={self.J}, L={self.L}, shape={self.shape}"

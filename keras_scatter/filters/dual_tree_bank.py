"""The dual-tree complex wavelets as a bank."""

from collections.abc import Sequence

import numpy as np

from keras_scatter.arguments import check_choice, check_size
from keras_scatter.cache import cached
from keras_scatter.filters.dtcwt_taps import BIORT_NAMES, QSHIFT_NAMES, level_1, level_2
from keras_scatter.filters.filter_bank import (
    FilterBank,
    angular,
    check_image_shape,
    check_scale,
    check_values,
    values,
)
from keras_scatter.filters.paths import ScaleAngle

ORIENTATIONS = 6


class DualTreeBank(FilterBank):
    """The filters of `layers.DTCWT` on a periodic grid: six orientations a level, and a low-pass.

    Along each axis two trees of real filters a and b run side by side, and the wavelets are
    `(a(u) +- i b(u)) (a(v) + i b(v)) / sqrt(2)` for low-pass and high-pass, high-pass and high-pass, high-pass and
    low-pass. Here they are over 2**(j + 1), by which level j + 1 decimates: so the Littlewood-Paley sum is the energy
    that the decimated transform keeps, about 1 (0.2 to 1.7 with filters in `_bp`). Away from the border, coefficient m
    of `high[j]` is `2**(j + 1)` times the filtered image at `2**(j + 1) m`.

    Args:
        levels: number of levels. Integer >= 1.
        biort: filters of level 1, as in `layers.DTCWT`.
        qshift: filters of later levels, as in `layers.DTCWT`.
        shape: height and width of the grid in samples, at least 2**levels each.

    Attributes:
        levels, biort, qshift, shape: the arguments.
        names: tuple of the 6 levels pairs `(j, t)`: orientation t, of 15, 45, 75, 105, 135 and 165 degrees, in
            `high[j]`, which is level j + 1.
        scales: j of each, `(6 levels,)` int64.
        frequencies: `(6 levels, 2)`, measured: the mean under the energy, radians a sample along rows and columns.
        bandwidths: `(6 levels, 2)`, measured along the centre frequency and across it, radians a sample.
        spectra: `(6 levels, H, W)` complex128 in FFT order.
        lowpass_spectrum: `(H, W)` complex128, that of the first tree along both axes, over `2**(levels - 1)`.
        wavelets, lowpass: the filters in space, complex128 and float64; they lie around the samples of their tree,
            which need not be the middle of the grid.

    Raises:
        TypeError: `levels` or a size is not an integer.
        ValueError: an argument is out of range, or the bank would have more than 2**26 values.

    Example:

    >>> bank = DualTreeBank(levels=3)
    >>> bank
    <DualTreeBank: levels=3, shape=(64, 64), 18 wavelets>
    >>> [round(bound, 1) for bound in bank.frame_bounds()]
    [0.9, 1.1]

    Reference:
        I. W. Selesnick, R. G. Baraniuk, N. G. Kingsbury, The dual-tree complex wavelet transform, IEEE Signal
        Processing Magazine 22 (2005).
    """

    def __init__(
        self, levels: int = 1, biort: str = "near_sym_a", qshift: str = "qshift_a", shape: Sequence[int] = (64, 64)
    ) -> None:
        self.levels = check_scale("levels", levels)
        self.biort = check_choice("biort", biort, BIORT_NAMES)
        self.qshift = check_choice("qshift", qshift, QSHIFT_NAMES)
        shape = check_image_shape(shape)
        for name, size in zip(("height", "width"), shape):
            check_size(name, size, self.levels, argument="levels")
        check_values(values(ORIENTATIONS * self.levels, shape), levels=self.levels, shape=shape)
        names = tuple(ScaleAngle(j, t) for j in range(self.levels) for t in range(ORIENTATIONS))
        wavelets, lowpass = _spectra(self.levels, self.biort, self.qshift, shape)
        super().__init__(wavelets, lowpass, names, [j for j, _ in names])

    def _described(self):
        return f"levels={self.levels}, shape={self.shape}"


@cached
def _spectra(levels, biort, qshift, shape):
    axes = [_axis_responses(levels, biort, qshift, size) for size in shape]
    found = []
    for level, (rows, columns) in enumerate(zip(*axes), start=1):
        pairs = []
        # Low-pass along the width and high-pass along the height comes first; band-pass, if any, is the last filter.
        for first, second in ((1, 0), (-1, -1), (0, 1)):
            (a, b), (c, d) = rows[first], columns[second]
            pairs += [np.multiply.outer(a + i * b, c + 1j * d) / 2 ** (level + 0.5) for i in (1j, -1j)]
        found += [pairs[i] for i in (0, 2, 4, 5, 3, 1)]
    lowpass = np.multiply.outer(*(axis[-1][0][0] for axis in axes)) / 2 ** (levels - 1)
    return np.stack(found), lowpass


def _axis_responses(levels, biort, qshift, size):
    """By level and filter a pair of responses, of the trees: those that a tree reads times its own."""
    omega, found = angular(size), []
    for level in range(levels):
        bands = level_2(qshift) if level else level_1(biort)
        # A tree reads every sample of the axis, or every sample of one tree, 2**level samples of the axis apart.
        before = found[-1][0] if level else (1, 1)
        found.append([[_response(reading, before, 2**level, omega) for reading in band] for band in bands])
    return found


def _response(reading, before, step, omega):
    tree = reading.start % reading.stride
    first = (reading.start - tree) // reading.stride
    position = step * (first + np.arange(len(reading.taps)))
    return before[tree] * (np.exp(1j * omega[:, None] * position) @ reading.taps)

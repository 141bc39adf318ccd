"""A filter bank as an object: what all banks share."""

import functools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from keras_scatter.arguments import check_integer
from keras_scatter.filters import pictures
from keras_scatter.filters.spectra import littlewood_paley

LARGEST = 2**26  # values that a bank, or a grid that it is made on, may have
LARGEST_J = 26  # log2 of it


class FilterBank:
    """Wavelets and a low-pass on a periodic grid, as values.

    `MorletBank`, `MorletBank1D`, `GroupBank` and `DualTreeBank` are the banks of the layers; this class takes any
    spectra, for filters of your own. Frequencies and bandwidths are then measured: the circular mean of a frequency
    under the energy `|psi(w)|^2`, and `sqrt(2)` times the standard deviation around it, which for a Gaussian
    `exp(-w^2 / (2 sigma^2))` is sigma.

    Args:
        spectra: Fourier transforms of the K wavelets in FFT order, `(K, time)` or `(K, H, W)`, real or complex.
        lowpass_spectrum: that of the low-pass, `(time,)` or `(H, W)`.
        names: a sequence of K names; None counts from 0.
        scales: a sequence of K integers; None means 0 for all.

    Attributes:
        shape: `(time,)` or `(H, W)`, the period of the grid in samples.
        names: tuple of the K names: for images `(j, t)`, for signals the index n, as `layer.paths` have them.
        scales: integers j `(K,)`. Wavelets of scale j + 1 are twice as wide.
        frequencies: centre frequencies. For images `(K, 2)`, radians a sample along rows (down) and columns (right),
            from -pi to pi; for signals `(K,)`, cycles a sample.
        bandwidths: widths sigma of the spectra, in the unit of `frequencies`. For images `(K, 2)`, along the direction
            of the centre frequency and across it; for signals `(K,)`.
        spectra: `(K, *shape)` in FFT order; float64 where they are real, as those of Morlet wavelets, or complex128.
        lowpass_spectrum: `shape`, likewise.
        wavelets: the wavelets in space or time, `(K, *shape)` complex128, their centre at `size // 2` of every axis.
        lowpass: the low-pass, likewise: `shape`, float64 where it is real.

        All arrays are read-only.

    Raises:
        TypeError: `scales` are not integers.
        ValueError: shapes or lengths do not belong together, or a value is not finite.

    Example:

    >>> impulses = np.ones((2, 16)) * [[1j], [0.5]]
    >>> bank = FilterBank(impulses, np.zeros(16), names=["one", "half"])
    >>> bank
    <FilterBank: shape=(16,), 2 wavelets>
    >>> bank.frame_bounds()
    (1.25, 1.25)

    Reference:
        S. Mallat, A Wavelet Tour of Signal Processing, 3rd edition, Academic Press (2009), chapters 4 and 5.
    """

    def __init__(
        self,
        spectra: np.ndarray,
        lowpass_spectrum: np.ndarray,
        names: Sequence[Any] | None = None,
        scales: Sequence[int] | None = None,
    ) -> None:
        self.spectra = read_only(_numbers("spectra", spectra))
        self.lowpass_spectrum = read_only(_numbers("lowpass_spectrum", lowpass_spectrum))
        self.shape = self.lowpass_spectrum.shape
        if self.spectra.ndim not in (2, 3) or not self.spectra.size or self.spectra.shape[1:] != self.shape:
            raise ValueError(
                "spectra must have the shape (K, time) or (K, H, W), and lowpass_spectrum that without K. Received: "
                f"spectra of shape {self.spectra.shape}, lowpass_spectrum of shape {self.shape}"
            )
        count = len(self.spectra)
        self.names = tuple(range(count) if names is None else names)
        found = [0] * count if scales is None else [check_integer("scales", j, minimum=0) for j in scales]
        self.scales = read_only(np.array(found, dtype="int64"))
        for name, given in (("names", self.names), ("scales", found)):
            if len(given) != count:
                raise ValueError(f"{name} must be as many as there are spectra, {count}. Received: {len(given)}")

    def __len__(self):
        return len(self.spectra)

    def __repr__(self):
        return f"<{type(self).__name__}: {self._described()}, {len(self)} wavelets>"

    def _described(self):
        return f"shape={self.shape}"

    @functools.cached_property
    def wavelets(self):
        return read_only(self._centred(self.spectra))

    @functools.cached_property
    def lowpass(self):
        found = self._centred(self.lowpass_spectrum[None])[0]
        is_real = abs(found.imag).max() <= 1e-12 * abs(found).max()
        return read_only(found.real.copy() if is_real else found)

    def _centred(self, spectra):
        axes = tuple(range(1, spectra.ndim))
        return np.fft.fftshift(np.fft.ifftn(spectra, axes=axes), axes=axes)

    @functools.cached_property
    def frequencies(self):
        found = np.stack([np.angle(energy @ np.exp(1j * omega)) for energy, omega in self._by_axis()], axis=1)
        return read_only(found if len(self.shape) == 2 else found[:, 0] / (2 * np.pi))

    @functools.cached_property
    def bandwidths(self):
        if len(self.shape) == 1:
            ((energy, omega),) = self._by_axis()
            apart = _around_zero(omega / (2 * np.pi) - self.frequencies[:, None], 1.0)
            return read_only(np.array([_width(*pair) for pair in zip(energy, apart)]))
        found = []
        for spectrum, centre in zip(self.spectra, self.frequencies):
            rows, columns = (_around_zero(angular(n) - at, 2 * np.pi) for n, at in zip(self.shape, centre))
            direction = np.arctan2(*centre[::-1])
            along = rows[:, None] * np.cos(direction) + columns * np.sin(direction)
            across = columns * np.cos(direction) - rows[:, None] * np.sin(direction)
            energy = abs(spectrum) ** 2
            found.append([_width(energy, along), _width(energy, across)])
        return read_only(np.array(found))

    def _by_axis(self):
        """Energies `(K, n)` and angular frequencies `(n,)` of each axis."""
        energy = abs(self.spectra) ** 2
        for axis, n in enumerate(self.shape):
            others = tuple(other + 1 for other in range(len(self.shape)) if other != axis)
            yield energy.sum(others), angular(n)

    def littlewood_paley(self) -> np.ndarray:
        """The Littlewood-Paley sum, how much of the energy at each frequency the bank keeps.

        `A(w) = |phi(w)|^2 + 1/2 sum (|psi(w)|^2 + |psi(-w)|^2)` over all wavelets.

        Returns:
            float64 array of the bank's shape, in FFT order.

        Reference:
            J. Bruna, S. Mallat, Invariant Scattering Convolution Networks, IEEE TPAMI 35 (2013), equation 4.
        """
        return littlewood_paley(self.lowpass_spectrum, self.spectra)

    def frame_bounds(self, below: float | None = None) -> tuple[float, float]:
        """Least and most of the Littlewood-Paley sum: A and B of `A |x|^2 <= energy of the filtered x <= B |x|^2`.

        Args:
            below: None for all frequencies of the grid. Or a number, for those whose distance from zero is less, in the
                unit of `frequencies`: Morlet wavelets of images, for instance, leave the corners beyond pi out.

        Returns:
            Two floats.

        Raises:
            ValueError: `below` leaves no frequency.

        Example:

        >>> [round(bound, 2) for bound in MorletBank(J=3, L=8).frame_bounds(below=np.pi)]
        [0.35, 1.01]
        """
        total = self.littlewood_paley()
        if below is not None:
            unit = 1 if len(self.shape) == 2 else 2 * np.pi
            squares = np.meshgrid(*((angular(n) / unit) ** 2 for n in self.shape), indexing="ij")
            total = total[sum(squares) < below**2 if below > 0 else np.zeros(self.shape, bool)]
            if not total.size:
                raise ValueError(f"below must be positive. Received: below={below!r}")
        return float(total.min()), float(total.max())

    def plot(self, axes: Any = None) -> Any:
        """Draw the bank, with matplotlib.

        Images: real and imaginary parts of the wavelets, a row for each scale, each as large as it reaches and to its
        own peak; and the Littlewood-Paley sum with the centre frequencies. Signals: the sum, and below it the
        absolute spectra of the wavelets, coloured by scale, and of the low-pass, on a logarithmic axis of frequencies.

        Args:
            axes: None for a new figure. Or matplotlib axes to draw into: for images three (real parts, imaginary parts,
                sum), for signals two (sum, spectra).

        Returns:
            The matplotlib figure.

        Raises:
            ImportError: matplotlib is not installed: `pip install 'keras_scatter[plots]'`.
            ValueError: `axes` are not as many.
        """
        return (pictures.draw_images if len(self.shape) == 2 else pictures.draw_signals)(self, axes)


def angular(n):
    """Angular frequencies of n bins in FFT order, radians a sample."""
    return 2 * np.pi * np.fft.fftfreq(n)


def read_only(array):
    """The array, which nobody can change."""
    array.flags.writeable = False
    return array


def check_scale(name, value):
    """A number of octaves that a grid in memory can hold."""
    value = check_integer(name, value)
    if value > LARGEST_J:
        raise ValueError(f"{name} must be at most {LARGEST_J}. Received: {name}={value}")
    return value


def check_image_shape(shape):
    """The two sizes of an image."""
    if not isinstance(shape, (tuple, list)) or len(shape) != 2:
        raise ValueError(f"shape must be two integers, height and width. Received: shape={shape!r}")
    return tuple(check_integer(f"shape[{axis}]", size) for axis, size in enumerate(shape))


def check_values(count, **arguments):
    """Refuse a bank of more than `LARGEST` values before it is made."""
    if count > LARGEST:
        *names, last = arguments
        given = ", ".join(f"{name}={value}" for name, value in arguments.items())
        raise ValueError(
            f"{', '.join(names)} and {last} must give at most {LARGEST} values, {LARGEST * 8 >> 20} MiB in float64. "
            f"Received: {given}"
        )


def values(count, shape):
    """Those of `count` filters."""
    return count * math.prod(shape)


def _width(energy, apart):
    """That of a Gaussian whose energy spreads as far; 0 if there is no energy."""
    return np.sqrt(2 * (energy * apart**2).sum() / max(energy.sum(), np.finfo("float64").tiny))


def _around_zero(difference, period):
    return difference - period * np.round(difference / period)


def _numbers(name, array):
    array = np.asarray(array)
    if array.dtype.kind not in "biufc" or not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite numbers. Received: an array of {array.dtype} that holds others")
    dtype = "complex128" if array.dtype.kind == "c" else "float64"
    # Nobody else's array becomes read-only.
    return array.astype(dtype, copy=array.flags.writeable)

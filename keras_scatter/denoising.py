"""Images without noise, by the dual tree."""

import math

import numpy as np
import scipy.ndimage
from keras import ops

from keras_scatter.arguments import check_array, check_integer, check_number
from keras_scatter.filters.dual_tree_bank import DualTreeBank
from keras_scatter.layers.dtcwt import DTCWT
from keras_scatter.layers.inverse_dtcwt import InverseDTCWT
from keras_scatter.typing import ArrayLike

MOST_LEVELS, USUAL_LEVELS = 6, 4
WINDOW = 5  # coefficients along both axes, over which energies are averaged


def denoise(image: ArrayLike, sigma: float, levels: int | None = None, channel_axis: int | None = None) -> np.ndarray:
    """Take white Gaussian noise out of images, by shrinking their dual-tree coefficients.

    A coefficient y of `DTCWT` stays where there is energy around it, and in p, the one at its place a level above:

        `y * max(1 - sqrt(3/2) n^2 / (s sqrt(|y|^2 + |p|^2)), 0)`

    n^2 is the mean of `|y|^2` for noise alone, `sigma^2` times the energy of the wavelet. s^2 is the mean of `|y|^2`
    over 5 x 5 coefficients, less n^2. On the last level p is 0. Every channel is an image by itself. The result is not
    clipped.

    Args:
        image: a grey image `(H, W)`, or a batch of them `(..., H, W)`; with `channel_axis` also channels, for instance
            `(H, W, 3)`. Real numbers of any range.
        sigma: standard deviation of the noise in the unit of the image, a number >= 0. Where it is not known,
            `skimage.restoration.estimate_sigma` finds it.
        levels: number of levels of the transform, an integer from 1 to 6. None takes 4, or fewer for images of less
            than 64 pixels.
        channel_axis: axis of the channels, an integer such as -1 for `(H, W, C)` and `(batch, H, W, C)`; None if there
            is none.

    Returns:
        A float32 NumPy array of the shape of `image`.

    Raises:
        TypeError: an argument is of another type, or the image is complex or no array.
        ValueError: an argument is out of range, or the image has too few axes or no pixels.

    Example:

    >>> disc = 255.0 * (np.hypot(*np.mgrid[-32:32, -32:32]) < 20)
    >>> noisy = disc + np.random.default_rng(0).normal(scale=25, size=disc.shape)
    >>> denoised = keras_scatter.denoise(noisy, sigma=25)
    >>> bool(np.square(denoised - disc).mean() < 0.3 * np.square(noisy - disc).mean())
    True

    Reference:
        L. Sendur, I. W. Selesnick, Bivariate shrinkage with local variance estimation, IEEE Signal Processing Letters
        9 (2002); here for complex coefficients, whose parts share a factor.
    """
    planes, channel_axis = _planes(check_array("image", image), channel_axis)
    sigma = check_number("sigma", sigma)
    size = planes.shape[-2:]
    if levels is None:
        levels = min(max(int(math.log2(min(size))) - 2, 1), USUAL_LEVELS)
    check_integer("levels", levels, maximum=MOST_LEVELS)
    batch = planes.reshape(-1, *size, 1).astype("float32")
    transform = DTCWT(levels, dtype="float32", data_format="channels_last")
    low, pairs = transform(batch)
    high = [ops.convert_to_numpy(real) + 1j * ops.convert_to_numpy(imag) for real, imag in pairs]
    parents = [*high[1:], np.zeros_like(high[-1])]
    shrunk = [_shrunk(y, p, sigma**2 * energies) for y, p, energies in zip(high, parents, _energies(levels))]
    back = InverseDTCWT(dtype="float32", data_format="channels_last")
    found = back((low, [(y.real, y.imag) for y in shrunk]), size=size)
    found = ops.convert_to_numpy(found).reshape(planes.shape)
    return found if channel_axis is None else np.moveaxis(found, 0, channel_axis)


def _planes(image, channel_axis):
    """The image with its channels in front and height and width behind, and the axis that channels were on."""
    axes, words = (2, "height and width") if channel_axis is None else (3, "height, width and channels")
    if image.ndim < axes:
        raise ValueError(f"image must have {words}. Received: shape {image.shape}")
    if channel_axis is not None:
        channel_axis = check_integer("channel_axis", channel_axis, -image.ndim, image.ndim - 1)
        image = np.moveaxis(image, channel_axis, 0)
    if not image.size:
        raise ValueError(f"image must have pixels. Received: shape {image.shape}")
    return image, channel_axis


def _energies(levels):
    """Mean squares of coefficients of noise of deviation 1: `(6, 1)` for each level."""
    bank = DualTreeBank(levels, shape=(2 ** (levels + 2),) * 2)
    # The filters of the bank are over 2**(j + 1), see there.
    energies = np.square(np.abs(bank.spectra)).mean((1, 2)) * 4.0 ** (bank.scales + 1)
    return energies.reshape(levels, -1, 1).astype("float32")


def _shrunk(y, p, noise):
    """Coefficients `(N, h, w, 6, 1)` of a level, by those of the level above and the mean square of noise."""
    # A coefficient there stands for two by two here; at the end of an axis there may be one too many.
    above = p.repeat(2, 1).repeat(2, 2)[:, : y.shape[1], : y.shape[2]]
    square = np.square(np.abs(y))
    around = scipy.ndimage.uniform_filter(square, (0, WINDOW, WINDOW, 0, 0))
    signal = np.sqrt(np.maximum(around - noise, 0)) * np.sqrt(square + np.square(np.abs(above)))
    return y * np.maximum(signal - math.sqrt(1.5) * noise, 0) / np.maximum(signal, np.finfo("float32").tiny)

"""What spectra of filters share, whether their sizes are numbers or tensors."""


def low_band(spectra, level, rank, xp):
    """Spectra `(..., n)` on the grid that is coarser by 2**level: their low band, unscaled.

    Args:
        rank: number of the axes, the last ones.
        xp: NumPy or `keras.ops`.
    """
    for axis in range(-rank, 0) if level else ():
        size, behind = xp.shape(spectra)[axis], (slice(None),) * (-1 - axis)
        half = size // 2 ** (level + 1)
        parts = (spectra[(..., part, *behind)] for part in (slice(0, half), slice(size - half, size)))
        spectra = xp.concatenate(list(parts), axis=axis)
    return spectra


def as_float(size, xp):
    """An axis length in float64, whether it is an int or a tensor."""
    return float(size) if isinstance(size, int) else xp.cast(size, "float64")

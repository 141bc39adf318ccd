import numpy as np
import numpy_twin
import pytest
from compare import assert_close
from keras import ops

from keras_scatter.backend.constants import constants
from keras_scatter.filters.spectra import low_band
from keras_scatter.functional import image_bank as module
from keras_scatter.functional.image_bank import image_bank
from keras_scatter.plan.images import image_plan


def bank(J, L, shape, dtype="float32", paths=None):
    plan = image_plan(J, L, 2, "reflect", paths)
    return plan, image_bank(plan, plan.axes(shape), dtype)


@pytest.mark.parametrize("shape", [(9, 12), (16, 24)])
def test_filters_are_the_wavelets_on_coarser_grids(shape):
    """Over the product of their decimations."""
    plan, found = bank(3, 3, shape, "float64")
    lengths = [axis.length for axis in plan.axes(shape)]
    assert len(found) == len(plan.bands) == 4
    for band, filters in zip(plan.bands, found):
        for wavelet, spectrum in zip(band.wavelets, filters, strict=True):
            whole = numpy_twin.wavelet(*lengths, *divmod(wavelet.n, 3), 3)
            assert_close(spectrum, numpy_twin.level(whole, band.source) / 4 ** (band.level - band.source), 1e-9)


def test_banks_are_cached():
    (_, first), (_, second) = (bank(2, 8, (32, 32)) for _ in range(2))
    assert first[0] is second[0]
    assert [filters.shape for filters in first] == [(8, 40, 40)] * 2


def test_a_large_bank_is_made_of_its_factors_in_every_call(monkeypatch):
    _, kept = bank(3, 4, (32, 48))
    monkeypatch.setattr(module, "BYTES", sum(filters.nbytes for filters in kept) - 1)
    _, made = bank(3, 4, (32, 48))
    assert not any(isinstance(filters, np.ndarray) for filters in made)
    for found, expected in zip(made, kept, strict=True):
        assert_close(found, expected, 1e-6)


def test_only_wanted_angles_are_made():
    everything = image_plan(2, 4, 2, "reflect").paths
    _, found = bank(2, 4, (8, 8), paths=(everything[2],))
    _, whole = bank(2, 4, (8, 8))
    assert [len(filters) for filters in found] == [1]
    assert_close(found[0][0], whole[0][1], 0)


def test_low_band_keeps_the_lowest_frequencies():
    index = np.fft.fftfreq(16, 1 / 16).astype("float32")
    filters = np.broadcast_to(index[:, None] + 100 * index, (1, 16, 16))
    coarse = np.fft.fftfreq(8, 1 / 8)
    for xp, (spectra,) in ((np, (filters,)), (ops, constants((filters,)))):
        assert_close(low_band(spectra, 1, 2, xp)[0], coarse[:, None] + 100 * coarse, 0)

import numpy as np
import numpy_twin
import pytest
from compare import assert_close
from keras import ops

from keras_scatter.backend.constants import constants
from keras_scatter.filters.morlet import morlet_spectra
from keras_scatter.filters.spectra import low_band
from keras_scatter.functional import image_bank as module
from keras_scatter.functional.image_bank import image_bank
from keras_scatter.plan.images import image_plan


def bank(J, L, shape, dtype="float32", paths=None):
    plan = image_plan(J, L, 2, "reflect", paths)
    return plan, image_bank(plan, plan.axes(shape), dtype)


@pytest.mark.parametrize(("J", "L", "shape"), [(3, 3, (9, 12)), (3, 3, (16, 24)), (5, 4, (64, 32))])
def test_filters_are_the_wavelets_on_coarser_grids(J, L, shape):
    """Over the product of their decimations."""
    plan, found = bank(J, L, shape, "float64")
    lengths = [axis.length for axis in plan.axes(shape)]
    assert len(found) == len(plan.bands) == {3: 4, 5: 11}[J]
    for band, filters in zip(plan.bands, found):
        for wavelet, spectrum in zip(band.wavelets, filters, strict=True):
            whole = numpy_twin.wavelet(*lengths, *divmod(wavelet.n, L), L)
            expected = numpy_twin.level(whole, plan.filters.grid(band)) / 4 ** (band.level - band.source)
            assert_close(spectrum, expected, 1e-9)


@pytest.mark.parametrize(("J", "L", "coarsest"), [(5, 8, 2), (5, 3, 1), (4, 1, 0)])
def test_the_grid_of_a_band_holds_its_wavelets(J, L, coarsest):
    """What lies outside is below what single precision sees."""
    plan = image_plan(J, L, 1, "reflect")
    grids = {band.wavelets[0].j: plan.filters.grid(band) for band in plan.bands}
    assert max(grids.values()) == coarsest
    for j, grid in grids.items():
        spectra = abs(morlet_spectra(j, L, 128, 128))
        outside, kept = np.ones((128, 128), bool), 64 >> grid
        outside[np.ix_(*[np.r_[:kept, 128 - kept : 128]] * 2)] = False
        assert spectra[:, outside].max(initial=0) < 1e-8 * spectra.max()


def test_banks_are_cached():
    (_, first), (_, second) = (bank(2, 8, (32, 32)) for _ in range(2))
    assert first[0] is second[0]
    assert [filters.shape for filters in first] == [(8, 40, 40)] * 2


def test_a_large_bank_is_made_of_its_factors_in_every_call(monkeypatch):
    _, kept = bank(3, 4, (32, 48))
    monkeypatch.setattr(module, "CONSTANT", sum(filters.nbytes for filters in kept) - 1)
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
        assert_close(low_band(spectra, 1, (-2, -1), xp)[0], coarse[:, None] + 100 * coarse, 0)

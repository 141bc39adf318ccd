import numpy as np
import pytest
from compare import assert_close, once

from keras_scatter.filters import half_band
from keras_scatter.filters.morlet_1d import constant_q, morlet_1d
from keras_scatter.filters.spectra import on_grid

pytestmark = once


def config(J=5, Q=1, order=2, T=None, stride=None, kernel_size=23, oversampling=0):
    return half_band.resolve(J, Q, T, order, stride, kernel_size, oversampling)


@pytest.mark.parametrize(("Q", "kernel_size"), [(1, 23), (4, 23), (8, 31)])
def test_pyramid_and_taps_make_the_wavelets(Q, kernel_size):
    made = config(Q=Q, kernel_size=kernel_size)
    found = half_band.spectra(made, half_band.kernels(made), 2048)
    for wavelet, spectrum in zip(constant_q(5, Q), found, strict=True):
        exact = on_grid(*morlet_1d(wavelet, 2048), 2048)
        assert np.linalg.norm(spectrum - exact) < 0.01 * np.linalg.norm(exact)
        assert abs(spectrum[0]) < 1e-5 * exact.max()


def test_the_low_pass_is_half_band():
    taps = half_band.odd_taps(23)
    assert len(taps) == 12 and np.isclose(taps.sum(), 0.5)
    found = half_band.pyramid_spectrum(23, 1, 64)
    assert_close(found + np.roll(found, 32), np.ones(64), 1e-12)
    assert abs(found[:8] - 1).max() < 0.01


@pytest.mark.parametrize("arguments", [{}, {"Q": (4, 2), "order": 3}, {"T": 12, "stride": 2}, {"oversampling": (2, 0)}])
def test_groups_hold_every_wavelet_once_for_each_rate(arguments):
    design = half_band.design_of(config(**arguments))
    by_source = {}
    for group in half_band.groups(design):
        by_source.setdefault((group.bank, group.source), []).extend(group.wavelets)
        assert group.source + group.depth <= group.level <= design.coarsest
        assert group.size % 2 == 1
    assert by_source == {key: list(found) for key, found in half_band.wavelets_by_source(design).items()}
    assert by_source[0, 0] == list(range(len(constant_q(5, design.Q[0]))))


def test_levels_beyond_the_last_few_change_no_taps():
    """A wavelet two octaves lower, read two levels deeper, has the same taps."""
    groups = half_band.groups(half_band.design_of(config(J=10)))
    wavelets, of_order = constant_q(10, 1), [group for group in groups if group.bank == 0 and group.depth > 3]
    first, last = of_order[0], of_order[-1]
    assert last.depth > 5
    assert_close(
        half_band.fit(wavelets[last.wavelets[0]], last, 23), half_band.fit(wavelets[first.wavelets[0]], first, 23), 0.01
    )

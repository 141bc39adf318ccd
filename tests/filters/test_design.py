import numpy as np
import pytest
from compare import assert_close

from keras_scatter.filters import design
from keras_scatter.filters.lowpass_taps import TAPS
from keras_scatter.filters.morlet import morlet_spectra

N = design.GRID
IDENTITY = np.ones((1, N, N))


def test_taps_spectrum_is_a_fourier_transform():
    taps = np.random.default_rng(0).normal(size=(2, 5, 5))
    embedded = np.zeros((2, N, N))
    embedded[:, :5, :5] = taps
    assert_close(
        abs(design.taps_spectrum(taps) - np.fft.fft2(np.roll(embedded, (-2, -2), (1, 2)))) + 1,
        np.ones((2, N, N)),
        1e-12,
    )


def test_fit_taps_recovers_a_filter_that_can_be_represented():
    generator = np.random.default_rng(0)
    taps = generator.normal(size=(3, 2, 5, 5)) + 1j * generator.normal(size=(3, 2, 5, 5))
    lowpass = design.canonical(generator.normal(size=(2, 7, 7)))
    channels = design.taps_spectrum(lowpass)
    # The zero mean that fit_taps enforces is in the first channel, the only one with a gain at zero frequency.
    taps[:, 0] -= taps[:, 0].mean((1, 2), keepdims=True)
    found = design.fit_taps(design.composite(channels, 2, taps), channels, 2, 5)
    assert_close(abs(found - taps) + 1, np.ones(taps.shape), 1e-6)


@pytest.mark.parametrize("size", [3, 5, 7, 9])
def test_fit_is_the_best_one(size):
    """No small change of the taps that keeps the mean lowers the weighted error."""
    target = morlet_spectra(0, 4, N, N)
    taps = design.fit_taps(target, IDENTITY, 1, size)
    least = design.filter_error(target, IDENTITY, 1, taps)
    generator = np.random.default_rng(0)
    for _ in range(5):
        change = generator.normal(size=taps.shape)
        change -= change.mean((2, 3), keepdims=True)
        assert design.filter_error(target, IDENTITY, 1, taps + 1e-3 * change) > least


def test_wavelets_have_no_mean():
    channels = design.taps_spectrum(design.lowpass_kernels(2, 7, 7))
    taps = design.fit_taps(morlet_spectra(1, 8, N, N), channels, 2, 7)
    assert np.abs(design.composite(channels, 2, taps)[:, 0, 0]).max() < 1e-12


@pytest.mark.parametrize("key", sorted(TAPS))
def test_shipped_low_pass_kernels(key):
    P, lowpass_size, _ = key
    kernels = design.lowpass_kernels(*key)
    assert kernels.shape == (P, lowpass_size, lowpass_size)
    assert_close(kernels.sum((1, 2)), np.eye(P)[0], 1e-4)
    gram = np.einsum("pab,qab->pq", kernels, kernels)
    assert np.abs(gram - np.diag(np.diag(gram))).max() < 1e-4


@pytest.mark.parametrize(("P", "error"), [(1, 0.224), (2, 0.038), (3, 0.020), (4, 0.006)])
def test_filter_error_falls_with_the_number_of_low_pass_kernels(P, error):
    channels = design.taps_spectrum(design.lowpass_kernels(P, 7, 7))
    target = morlet_spectra(1, 8, N, N)
    found = design.filter_error(target, channels, 2, design.fit_taps(target, channels, 2, 7))
    assert 0.8 * error < found <= error


def test_optimisation_improves_its_start_and_is_deterministic():
    first, second = (design.optimise_lowpass(1, 5, 3, L=4, iterations=10) for _ in range(2))
    assert np.array_equal(first, second)
    target = morlet_spectra(1, 4, N, N)

    def error(kernels):
        channels = design.taps_spectrum(kernels)
        return design.filter_error(target, channels, 2, design.fit_taps(target, channels, 2, 3))

    assert error(first) < error(design.optimise_lowpass(1, 5, 3, L=4, iterations=0))

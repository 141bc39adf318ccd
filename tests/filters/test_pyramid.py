import numpy as np
import pytest
from compare import assert_close, once

from keras_scatter.filters import pyramid as design
from keras_scatter.filters.lowpass_taps import REFINING, TAPS
from keras_scatter.filters.morlet import morlet_spectra

pytestmark = once

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
    found = design.fit_taps(design.composite(channels, 2, taps), channels, 2, 5, design.image_spectrum(N))
    assert_close(abs(found - taps) + 1, np.ones(taps.shape), 1e-6)


@pytest.mark.parametrize("size", [3, 5, 7, 9])
def test_fit_is_the_best_one(size):
    """No small change of the taps that keeps the mean lowers the weighted error."""
    target = morlet_spectra(0, 4, N, N)
    weight = design.passed_spectrum(target)
    taps = design.fit_taps(target, IDENTITY, 1, size, weight)
    least = design.filter_error(target, IDENTITY, 1, taps, weight)
    generator = np.random.default_rng(0)
    for _ in range(5):
        change = generator.normal(size=taps.shape)
        change -= change.mean((2, 3), keepdims=True)
        assert design.filter_error(target, IDENTITY, 1, taps + 1e-3 * change, weight) > least


def test_errors_weigh_most_where_images_and_wavelets_are():
    wavelets = morlet_spectra(0, 4, N, N)
    weight = design.passed_spectrum(wavelets) / design.image_spectrum(N)
    assert_close(weight.min((1, 2)), np.full(4, design.FLOOR), 1e-3)
    assert np.array_equal(weight.reshape(4, -1).argmax(1), abs(wavelets).reshape(4, -1).argmax(1))


@pytest.mark.parametrize("d", [1, 2, 3])
def test_wavelets_have_no_mean(d):
    channels, taps = designed(2, 7, 7, d)
    assert np.abs(design.composite(channels, 2**d, taps)[:, 0, 0]).max() < 1e-12


@pytest.mark.parametrize("key", sorted(TAPS))
def test_shipped_low_pass_kernels(key):
    P, lowpass_size, _ = key
    first, second, third = design.lowpass_kernels(*key, levels=3)
    assert first.shape == (P, 1, lowpass_size, lowpass_size)
    assert second.shape == (P, P, lowpass_size, lowpass_size)
    assert np.array_equal(second, third)
    assert_close(first.sum((1, 2, 3)), np.eye(P)[0], 1e-4)
    gram = np.einsum("poab,qoab->pq", first, first)
    assert np.abs(gram - np.diag(np.diag(gram))).max() < 1e-4
    assert_close(abs(np.linalg.eigvals(second.sum((2, 3)))).max(), 1, 0.02)


def test_both_tables_have_the_same_keys():
    assert TAPS.keys() == REFINING.keys()


def test_levels_start_with_the_same_kernels():
    for few, many in zip(design.lowpass_kernels(2, 7, 7, 2), design.lowpass_kernels(2, 7, 7, 4)):
        assert np.array_equal(few, many)
    assert design.lowpass_kernels(2, 7, 7, 0) == []


def designed(P, lowpass_size, size, d, L=8):
    """Spectra of the channels that psi_d reads, and its taps."""
    n = design.grid(d)
    channels = design.channel_spectra(design.lowpass_kernels(P, lowpass_size, size, d), n)
    return channels, design.fit_taps(morlet_spectra(d, L, n, n), channels, 2**d, size, design.image_spectrum(n))


def error(P, lowpass_size, size, d, L=8):
    n = design.grid(d)
    channels, taps = designed(P, lowpass_size, size, d, L)
    return design.filter_error(morlet_spectra(d, L, n, n), channels, 2**d, taps, design.image_spectrum(n))


@pytest.mark.parametrize(
    ("P", "errors"),
    [
        (1, (0.224, 0.224, 0.224)),
        (2, (0.038, 0.038, 0.037)),
        (3, (0.020, 0.020, 0.019)),
        (4, (0.006, 0.006, 0.005)),
    ],
)
def test_filter_error_falls_with_the_number_of_low_pass_kernels(P, errors):
    for d, bound in enumerate(errors, start=1):
        assert 0.8 * bound < error(P, 7, 7, d) <= bound


@pytest.mark.parametrize(
    ("sizes", "key", "bound"),
    [
        ((2, 7, 5), (2, 5, 5), 0.079),
        ((2, 9, 7), (2, 7, 7), 0.038),
        ((2, 7, 9), (2, 7, 7), 0.034),
        ((2, 5, 9), (2, 5, 7), 0.039),
        ((2, 11, 11), (2, 9, 9), 0.033),
        ((4, 3, 15), (4, 3, 3), 0.9),
    ],
)
def test_sizes_that_are_not_in_the_table(sizes, key, bound):
    assert design.tabulated(*sizes) == key
    kernels = design.lowpass_kernels(*sizes, levels=2)
    margin = (sizes[1] - key[1]) // 2
    for kernel, expected in zip(kernels, design.lowpass_kernels(*key, levels=2)):
        assert kernel.shape[2:] == (sizes[1], sizes[1])
        inner = kernel[:, :, margin : sizes[1] - margin, margin : sizes[1] - margin]
        assert np.array_equal(inner, expected)
    assert error(*sizes, d=1) <= bound


def test_optimisation_improves_its_start_and_is_deterministic():
    first, second = (design.optimise_lowpass(1, 5, 3, L=4, iterations=10) for _ in range(2))
    assert np.array_equal(first, second)
    target, weight = morlet_spectra(1, 4, N, N), design.image_spectrum(N)

    def error(kernels):
        channels = design.taps_spectrum(kernels)
        return design.filter_error(target, channels, 2, design.fit_taps(target, channels, 2, 3, weight), weight)

    assert error(first) < error(design.optimise_lowpass(1, 5, 3, L=4, iterations=0))


def test_optimised_refining_kernels_improve_their_start_and_are_deterministic():
    first = design.lowpass_kernels(2, 3, 3)[0]
    start, once, again = (design.optimise_refining(first, 3, L=2, iterations=i) for i in (0, 5, 5))
    assert np.array_equal(once, again)

    def error(refining):
        return sum(design.error_and_gradients([first] + [refining] * d, 3, 2, N)[0] for d in (1, 2))

    assert error(once) < error(start)


def test_gradients_are_those_of_the_error():
    """Central differences, for the kernels of all levels."""
    generator = np.random.default_rng(0)
    kernels = [generator.normal(size=(2, inputs, 3, 3)) for inputs in (1, 2, 2)]
    _, gradients = design.error_and_gradients(kernels, 3, 2, N)
    step = 1e-5
    for d, gradient in enumerate(gradients):
        direction = generator.normal(size=gradient.shape)
        moved = [[*kernels[:d], kernels[d] + sign * step * direction, *kernels[d + 1 :]] for sign in (1, -1)]
        ahead, behind = (design.error_and_gradients(kernels, 3, 2, N)[0] for kernels in moved)
        assert (gradient * direction).sum() == pytest.approx((ahead - behind) / (2 * step), rel=1e-5)

import numpy as np
import pytest
from compare import assert_close, once

from keras_scatter.filters import GroupBank, MorletBank, littlewood_paley
from keras_scatter.filters.groups import designed_group, resolve_config

pytestmark = once


def test_an_ideal_split_keeps_every_frequency():
    low = np.abs(np.fft.fftfreq(16)) < 0.2
    lowpass = np.outer(low, low).astype("float64")
    # Analytic halves of what the low-pass leaves, each with gain sqrt(2).
    half = np.fft.fftfreq(16)[:, None] + 1e-3 * np.fft.fftfreq(16) > 0
    middle = ~half & ~np.roll(half[::-1, ::-1], 1, (0, 1))
    wavelets = np.sqrt(2) * (1 - lowpass) * np.stack([half, middle / np.sqrt(2)])
    assert_close(littlewood_paley(lowpass, wavelets), np.ones((16, 16)), 1e-12)


@pytest.mark.parametrize("shape", [(9,), (12,), (5, 8), (3, 4, 6)])
def test_a_direct_sum_over_frequencies(shape):
    generator = np.random.default_rng(0)
    lowpass = generator.normal(size=shape)
    wavelets = generator.normal(size=(3, *shape)) + 1j * generator.normal(size=(3, *shape))
    expected = np.empty(shape)
    for w in np.ndindex(shape):
        opposite = tuple(-k % n for k, n in zip(w, shape))
        expected[w] = lowpass[w] ** 2 + sum(abs(psi[w]) ** 2 + abs(psi[opposite]) ** 2 for psi in wavelets) / 2
    assert_close(littlewood_paley(lowpass, wavelets), expected, 1e-12)


def test_the_sum_is_the_energy_that_real_images_keep():
    bank, image = MorletBank(J=2, L=6, shape=(32, 32)), np.random.default_rng(0).normal(size=(32, 32))
    spectrum = np.fft.fft2(image)
    filtered = np.fft.ifft2(spectrum * np.concatenate([bank.lowpass_spectrum[None], bank.spectra]))
    expected = (np.abs(spectrum) ** 2 * bank.littlewood_paley()).sum() / 32**2
    assert_close((np.abs(filtered) ** 2).sum(), expected, 1e-10)


def test_the_morlet_bank_hardly_expands():
    total = MorletBank(J=3, L=8, shape=(64, 64)).littlewood_paley()
    assert 1.0 < total.max() < 1.014 and total[0, 0] > 0.9999 and total.min() > 0


@pytest.mark.parametrize("J, L", [(1, 8), (2, 4), (3, 6)])
def test_the_faithful_design_has_the_sum_of_the_wavelets(J, L):
    config = resolve_config(L, 2, J, 7, "faithful", 2, True)
    found = GroupBank(config, designed_group(config), (32, 32)).littlewood_paley()
    assert_close(found, MorletBank(J, L, (32, 32)).littlewood_paley(), 0.05)


def test_impulses_in_the_design_of_the_paper():
    """A group of impulses passes everything: phi has gain 1, and each of two blocks L wavelets of gain sqrt(2)."""
    config = resolve_config(3, 2, None, 3, "paper", 2, True)
    impulse = np.zeros((3, 3, 1, 1))
    impulse[1, 1] = 1
    wavelets = np.repeat(impulse, 3, axis=3)
    arrays = {f"{name}_{d}{part}": wavelets for d in (0, 1) for name, part in (("psi", "_real"), ("psi", "_imag"))}
    arrays |= {"lowpass_0": impulse, "lowpass_1": impulse}
    found = GroupBank(config, arrays, (16, 16)).littlewood_paley()
    assert_close(found, np.full((16, 16), 1 + 2 * 3 * 2.0), 1e-12)


def test_shapes_that_do_not_belong_together():
    with pytest.raises(ValueError, match=r"low-pass of shape \(4,\), wavelets of shape \(2, 5\)"):
        littlewood_paley(np.ones(4), np.ones((2, 5)))

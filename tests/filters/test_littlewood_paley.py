import numpy as np
import pytest
from compare import assert_close, once

from keras_scatter.filters.groups import designed_group, group_bank, resolve_config
from keras_scatter.filters.littlewood_paley import littlewood_paley, morlet_bank

pytestmark = once


def test_an_ideal_split_keeps_every_frequency():
    low = np.abs(np.fft.fftfreq(16)) < 0.2
    lowpass = np.outer(low, low).astype("float64")
    # Analytic halves of what the low-pass leaves, each with gain sqrt(2).
    half = np.fft.fftfreq(16)[:, None] + 1e-3 * np.fft.fftfreq(16) > 0
    middle = ~half & ~np.roll(half[::-1, ::-1], 1, (0, 1))
    wavelets = np.sqrt(2) * (1 - lowpass) * np.stack([half, middle / np.sqrt(2)])
    assert_close(littlewood_paley(lowpass, wavelets), np.ones((16, 16)), 1e-12)


def test_the_sum_is_the_energy_that_real_images_keep():
    bank, image = morlet_bank(J=2, L=6, size=32), np.random.default_rng(0).normal(size=(32, 32))
    spectrum = np.fft.fft2(image)
    filtered = np.fft.ifft2(spectrum * np.concatenate([bank[0][None], bank[1]]))
    expected = (np.abs(spectrum) ** 2 * littlewood_paley(*bank)).sum() / 32**2
    assert_close((np.abs(filtered) ** 2).sum(), expected, 1e-10)


def test_the_morlet_bank_hardly_expands():
    total = littlewood_paley(*morlet_bank(J=3, L=8, size=64))
    assert 1.0 < total.max() < 1.014 and total[0, 0] > 0.9999 and total.min() > 0


@pytest.mark.parametrize("J, L", [(1, 8), (2, 4), (3, 6)])
def test_the_faithful_design_has_the_sum_of_the_wavelets(J, L):
    config = resolve_config(L, 2, J, 7, "faithful", 2, True)
    found = littlewood_paley(*group_bank(config, designed_group(config), 32))
    assert_close(found, littlewood_paley(*morlet_bank(J, L, 32)), 0.05)


def test_impulses_in_the_design_of_the_paper():
    """A group of impulses passes everything: phi has gain 1, and each of two blocks L wavelets of gain sqrt(2)."""
    config = resolve_config(3, 2, None, 3, "paper", 2, True)
    impulse = np.zeros((3, 3, 1, 1))
    impulse[1, 1] = 1
    wavelets = np.repeat(impulse, 3, axis=3)
    arrays = {f"{name}_{d}{part}": wavelets for d in (0, 1) for name, part in (("psi", "_real"), ("psi", "_imag"))}
    arrays |= {"lowpass_0": impulse, "lowpass_1": impulse}
    found = littlewood_paley(*group_bank(config, arrays, 16))
    assert_close(found, np.full((16, 16), 1 + 2 * 3 * 2.0), 1e-12)

import numpy as np
from compare import assert_close

from keras_scatter.filters.littlewood_paley import littlewood_paley, morlet_bank


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

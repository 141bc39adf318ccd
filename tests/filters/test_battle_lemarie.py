import numpy as np
import pytest
from compare import assert_close

from keras_scatter.filters.battle_lemarie import HIGHEST, battle_lemarie


def test_frequencies():
    wavelets, lowpass = battle_lemarie(5, 4096)
    for j, spectrum in enumerate(wavelets):
        assert spectrum.argmax() / 4096 == pytest.approx(HIGHEST * 2.0**-j, rel=0.15)
        assert 0.9 < spectrum.max() < 1.1
        assert not spectrum[0]
        # No negative frequencies, but for what scale 0 has beyond the Nyquist frequency.
        assert not spectrum[3584:].any() and (not j or not spectrum[2600:].any())
    assert lowpass[0] == pytest.approx(1) and lowpass.max() == pytest.approx(1)
    assert_close(lowpass[1:], lowpass[:0:-1], 1e-12)


def test_the_energy_is_nearly_kept():
    wavelets, lowpass = battle_lemarie(6, 2048)
    total = np.square(lowpass) + np.square(wavelets).sum(0) / 2 + np.roll(np.square(wavelets).sum(0)[::-1], 1) / 2
    inner = total[10:800]
    assert inner.min() > 0.49 and inner.max() < 1.001


@pytest.mark.parametrize("size", [8, 9, 33])
def test_small_sizes(size):
    wavelets, lowpass = battle_lemarie(2, size)
    assert wavelets.shape == (2, size) and np.isfinite(wavelets).all() and np.isfinite(lowpass).all()

import numpy as np
import numpy_twin_1d
import pytest
from compare import assert_close, once

from keras_scatter.filters import MorletBank1D
from keras_scatter.layers import ScatteringFFT1D

pytestmark = once


@pytest.mark.parametrize(
    ("J", "Q", "size", "T"), [(4, 1, 256, None), (5, 8, 512, 16), (3, 2, 300, 20.5), (6, 3, 64, 64)]
)
def test_filters_are_those_of_the_twin(J, Q, size, T):
    bank, wavelets = MorletBank1D(J, Q, size, T), numpy_twin_1d.wavelets(J, Q)
    assert bank.names == tuple(range(len(wavelets)))
    assert_close(bank.spectra, [numpy_twin_1d.morlet(size, w.xi, w.sigma) for w in wavelets], 1e-6)
    assert_close(bank.lowpass_spectrum, numpy_twin_1d.gaussian(size, 0.1 / (T or 2**J)), 1e-6)
    for name in ("xi", "sigma", "j"):
        found = {"xi": bank.frequencies, "sigma": bank.bandwidths, "j": bank.scales}[name]
        assert_close(found, [getattr(wavelet, name) for wavelet in wavelets], 1e-12)


@pytest.mark.parametrize(("Q", "order", "of_order"), [(8, 1, 8), (8, 2, 1), (8, 5, 1), ((8, 2), 2, 2), ([4], 3, 4)])
def test_the_wavelets_of_an_order_are_those_of_the_layer(Q, order, of_order):
    bank = MorletBank1D(4, Q, order=order)
    assert_close(bank.frequencies, MorletBank1D(4, of_order).frequencies, 0)
    paths = [path for path in ScatteringFFT1D(4, Q, order=min(order, 2)).paths if path.order == min(order, 2)]
    found = {path.n[-1]: path.xi[-1] for path in paths}
    assert_close(bank.frequencies[list(found)], list(found.values()), 1e-15)


def test_wavelets_have_unit_norm_and_no_mean():
    bank = MorletBank1D(5, 4)
    assert bank.size == 2**11 and bank.T == 32
    assert_close(abs(bank.wavelets).sum(1), np.ones(len(bank)), 1e-6)
    assert_close(bank.spectra[:, 0] + 1, np.ones(len(bank)), 1e-8)
    assert bank.lowpass.argmax() == bank.size // 2 and bank.lowpass.sum() == pytest.approx(1)


@pytest.mark.parametrize("Q", [4, 16])
def test_spectra_peak_at_the_frequencies(Q):
    """Within a tenth of a width."""
    bank = MorletBank1D(5, Q, size=2**14)
    peaks = np.fft.fftfreq(bank.size)[bank.spectra.argmax(1)]
    assert (abs(peaks - bank.frequencies) < 0.1 * bank.bandwidths + 1 / bank.size).all()


def test_spectra_are_one_width_wide():
    bank = MorletBank1D(4, 8, size=2**12)
    grid = np.arange(bank.size) / bank.size
    for spectrum, xi, sigma in zip(bank.spectra, bank.frequencies, bank.bandwidths):
        beside = np.interp([xi - sigma, xi, xi + sigma], grid, spectrum)
        assert_close(beside[[0, 2]] / beside[1], np.full(2, np.exp(-0.5)), 0.02)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"J": 0}, ValueError, "J must be an integer >= 1. Received: J=0"),
        ({"J": 27}, ValueError, "J must be at most 26. Received: J=27"),
        ({"J": 2, "Q": 0}, ValueError, "Q must be an integer >= 1. Received: Q=0"),
        ({"J": 2, "Q": 1.5}, TypeError, "Q must be an integer >= 1. Received: Q=1.5"),
        ({"J": 2, "Q": ()}, ValueError, "Q must be an integer >= 1, or a tuple of such by order. Received: Q=()"),
        ({"J": 2, "Q": (8, 0)}, ValueError, "or a tuple of such by order. Received: Q=(8, 0)"),
        ({"J": 2, "order": 0}, ValueError, "order must be an integer >= 1. Received: order=0"),
        ({"J": 5, "size": 31}, ValueError, "size must be at least 2**J = 32 samples. Received: size=31, J=5"),
        ({"J": 2, "T": 0}, ValueError, "T must be None, or a number from 1 to the size. Received: T=0, size=256"),
        ({"J": 2, "T": 300}, ValueError, "T must be None, or a number from 1 to the size. Received: T=300, size=256"),
        ({"J": 2, "T": float("nan")}, ValueError, "Received: T=nan"),
        ({"J": 2, "T": "global"}, TypeError, "Received: T='global'"),
        ({"J": 26}, ValueError, "J, Q and size must give at most 67108864 values"),
        ({"J": 2, "Q": 10**9}, ValueError, "Received: J=2, Q=1000000000, size=256"),
    ],
)
def test_bad_arguments(arguments, error, text):
    with pytest.raises(error) as caught:
        MorletBank1D(**arguments)
    assert text in str(caught.value)

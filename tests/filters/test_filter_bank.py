import sys
import warnings

import numpy as np
import pytest
from compare import assert_close, once

from keras_scatter import saved_filters
from keras_scatter.filters import DualTreeBank, FilterBank, GroupBank, MorletBank, MorletBank1D

pytestmark = once


def own(shape=(12, 10)):
    generator = np.random.default_rng(0)
    return FilterBank(generator.normal(size=(3, *shape)) + 0j, np.ones(shape), ["a", "b", "a longer name"], [0, 0, 2])


BANKS = {
    "morlet": lambda: MorletBank(J=2, L=6, shape=(24, 20)),
    "one-scale": lambda: MorletBank(J=1, L=1, shape=(8, 8)),
    "signals": lambda: MorletBank1D(J=4, Q=3, size=300),
    "many-scales": lambda: MorletBank1D(J=12, Q=1),
    "group": lambda: GroupBank(*saved_filters.load("morlet_o2"), shape=(24, 16)),
    "paper": lambda: GroupBank(*saved_filters.load("cifar10_o2"), shape=(16, 16)),
    "dual-tree": lambda: DualTreeBank(2, "near_sym_b_bp", "qshift_b_bp", (16, 18)),
    "own": own,
    "own-signals": lambda: own((17,)),
}


@pytest.fixture(params=BANKS)
def bank(request):
    return BANKS[request.param]()


def test_what_every_bank_has(bank):
    K, shape, rank = len(bank), bank.shape, len(bank.shape)
    assert bank.spectra.shape == bank.wavelets.shape == (K, *shape)
    assert bank.lowpass_spectrum.shape == bank.lowpass.shape == shape
    assert len(set(bank.names)) == len(bank.scales) == K
    assert bank.frequencies.shape == bank.bandwidths.shape == ((K, 2) if rank == 2 else (K,))
    assert np.abs(bank.frequencies).max() <= (np.pi if rank == 2 else 0.5) and bank.bandwidths.min() > 0
    assert bank.spectra.dtype in ("float64", "complex128") and bank.wavelets.dtype == "complex128"
    assert f"{K} wavelets" in repr(bank) and f"shape={shape}" in repr(bank)


def test_wavelets_are_the_inverse_transforms_with_zero_in_the_middle(bank):
    for centred, spectrum in [*zip(bank.wavelets, bank.spectra), (bank.lowpass, bank.lowpass_spectrum)]:
        at_zero = np.roll(centred, [-(n // 2) for n in bank.shape], range(len(bank.shape)))
        assert_close(np.fft.fftn(at_zero), spectrum, 1e-12)


def test_arrays_are_read_only(bank):
    names = "scales", "frequencies", "bandwidths", "spectra", "lowpass_spectrum", "wavelets", "lowpass"
    for name in names:
        with pytest.raises(ValueError, match="read-only"):
            getattr(bank, name)[0] = 0


def test_frame_bounds_are_those_of_the_sum(bank):
    total = bank.littlewood_paley()
    assert bank.frame_bounds() == (total.min(), total.max())
    below = 2.0 if len(bank.shape) == 2 else 0.3
    omega = [np.fft.fftfreq(n) * (2 * np.pi if len(bank.shape) == 2 else 1) for n in bank.shape]
    inside = [total[w] for w in np.ndindex(bank.shape) if sum(o[k] ** 2 for o, k in zip(omega, w)) < below**2]
    assert bank.frame_bounds(below) == (min(inside), max(inside))


@pytest.mark.parametrize("below", [0, -1.0])
def test_no_frequencies_have_no_bounds(below):
    with pytest.raises(ValueError, match=r"below must be positive\. Received: below="):
        own().frame_bounds(below)


def test_every_bank_can_be_drawn_without_a_warning(bank, tmp_path):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        figure = bank.plot()
        figure.savefig(tmp_path / "bank.png", dpi=50)
    pyplot.close(figure)
    assert (tmp_path / "bank.png").read_bytes().startswith(b"\x89PNG")


def test_a_picture_shows_all_wavelets_by_name_and_scale():
    pyplot = pytest.importorskip("matplotlib.pyplot")
    figure = MorletBank(J=2, L=6, shape=(24, 20)).plot()
    real, _, total = figure.axes[:3]
    assert len(real.images) == 12
    assert [label.get_text() for label in real.get_xticklabels()] == [f"t = {t}" for t in range(6)]
    assert [label.get_text().split("\n")[0] for label in real.get_yticklabels()] == ["j = 0", "j = 1"]
    assert "radians a sample" in total.get_xlabel() and "radians a sample" in total.get_ylabel()
    pyplot.close(figure)
    figure = MorletBank1D(J=3, Q=2, size=64).plot()
    assert "cycles a sample" in figure.axes[1].get_xlabel() and figure.axes[1].get_xscale() == "log"
    assert len(figure.axes[1].lines) == len(MorletBank1D(J=3, Q=2, size=64)) + 1
    pyplot.close(figure)


@pytest.mark.parametrize(("make", "count"), [(own, 3), (lambda: own((16,)), 2)], ids=["images", "signals"])
def test_given_axes_are_drawn_into(make, count):
    pyplot = pytest.importorskip("matplotlib.pyplot")
    figure, axes = pyplot.subplots(1, count)
    assert make().plot(axes) is figure
    assert all(axis.images or axis.lines for axis in axes)
    with pytest.raises(ValueError, match=f"axes must be None or {count} matplotlib axes: .* Received: 1"):
        make().plot(axes[:1])
    pyplot.close(figure)


def test_without_matplotlib_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"pip install 'keras_scatter\[plots\]'"):
        own().plot()


@pytest.mark.parametrize("centre", [(0.6, -1.2), (2.9, 0.0), (-3.0, 3.0)])
def test_measured_frequencies_and_widths_of_a_gaussian(centre):
    """Around the border of the frequencies as anywhere."""
    n, direction = 96, np.arctan2(centre[1], centre[0])
    omega = 2 * np.pi * np.fft.fftfreq(n)
    rows, columns = (np.angle(np.exp(1j * (omega - at))) for at in centre)
    along = rows[:, None] * np.cos(direction) + columns * np.sin(direction)
    across = columns * np.cos(direction) - rows[:, None] * np.sin(direction)
    bank = FilterBank(np.exp(-((along / 0.3) ** 2) / 2 - (across / 0.15) ** 2 / 2)[None], np.ones((n, n)))
    assert_close(bank.frequencies[0], centre, 1e-8)
    assert_close(bank.bandwidths[0], [0.3, 0.15], 1e-6)


@pytest.mark.parametrize("centre", [0.1, 0.49])
def test_measured_frequency_and_width_of_a_signal(centre):
    apart = np.fft.fftfreq(256) - centre
    bank = FilterBank(np.exp(-(((apart - np.round(apart)) / 0.03) ** 2) / 2)[None], np.ones(256))
    assert_close(bank.frequencies, [centre], 1e-8)
    assert_close(bank.bandwidths, [0.03], 1e-6)


@pytest.mark.parametrize("shape", [(8,), (6, 8)])
def test_a_wavelet_that_vanishes_has_no_width(shape):
    bank = FilterBank(np.zeros((1, *shape)), np.ones(shape))
    assert not bank.frequencies.any() and not bank.bandwidths.any() and bank.frame_bounds() == (1, 1)


def test_arrays_that_were_given_stay_as_they_are():
    spectra, lowpass = np.ones((2, 8)), np.ones(8)
    bank = FilterBank(spectra, lowpass)
    spectra[0, 0] = lowpass[0] = 5
    assert bank.spectra[0, 0] == bank.lowpass_spectrum[0] == 1


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ((np.ones((2, 4)), np.ones(5)), ValueError, "spectra of shape (2, 4), lowpass_spectrum of shape (5,)"),
        ((np.ones((0, 4)), np.ones(4)), ValueError, "spectra must have the shape (K, time) or (K, H, W)"),
        ((np.ones((1, 2, 2, 2)), np.ones((2, 2, 2))), ValueError, "spectra must have the shape (K, time) or (K, H, W)"),
        ((np.full((1, 4), np.nan), np.ones(4)), ValueError, "spectra must be finite numbers"),
        (
            (np.ones((1, 4)), ["a"] * 4),
            ValueError,
            "lowpass_spectrum must be finite numbers. Received: an array of <U1",
        ),
        (
            (np.ones((2, 4)), np.ones(4), ["a"]),
            ValueError,
            "names must be as many as there are spectra, 2. Received: 1",
        ),
        ((np.ones((1, 4)), np.ones(4), None, [0, 1]), ValueError, "scales must be as many as there are spectra, 1"),
        ((np.ones((1, 4)), np.ones(4), None, [0.5]), TypeError, "scales must be an integer >= 0. Received: scales=0.5"),
    ],
)
def test_bad_arguments(arguments, error, text):
    with pytest.raises(error) as caught:
        FilterBank(*arguments)
    assert text in str(caught.value)

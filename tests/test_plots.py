"""Pictures show what is there: brightest where the wavelet of an oscillation is."""

import numpy as np
import pytest
from compare import once

from keras_scatter import layers, plots

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
pytestmark = once


def brightest(axis):
    """Direction in degrees, modulo 180, and mean radius of the brightest sector."""
    colours = [sum(patch.get_facecolor()[:2]) for patch in axis.patches]  # red and green of viridis grow
    patch = axis.patches[int(np.argmax(colours))]
    return np.degrees(patch.get_x() + patch.get_width() / 2) % 180, patch.get_y() + patch.get_height() / 2


@pytest.mark.parametrize("degrees", [0, 45, 90])
def test_a_wave_is_in_the_sector_of_its_direction_and_scale(degrees):
    rows, columns = np.mgrid[:64, :64]
    along = columns * np.cos(np.radians(degrees)) - rows * np.sin(np.radians(degrees))  # from the horizontal, upwards
    figure = plots.coefficients(layers.ScatteringFFT(J=3, L=8, order=1), np.cos(3 * np.pi / 8 * along))
    direction, radius = brightest(figure.axes[0])
    assert min(abs(direction - degrees), 180 - abs(direction - degrees)) <= 180 / 8
    assert radius == pytest.approx(0.5)  # j = 1 of three scales


@pytest.mark.parametrize("m", [1, 2, 3])
def test_sectors_fill_what_their_paths_have(m):
    J, L = 4, 3
    paths = [path for path in layers.ScatteringFFT(J=J, L=L, order=3).paths if path.order == m]
    middle, width, bottom, height = np.array([plots._sector(path, J, L) for path in paths]).T
    assert len(set(zip(middle.round(9), bottom.round(9)))) == len(paths)
    assert (bottom >= -1e-12).all()
    assert (bottom + height <= 1 + 1e-12).all()
    assert sum(width * height) == pytest.approx(np.pi * _filled(J, m))


def _filled(J, m):
    """The part of the radius that paths of order m fill: scales without a successor leave theirs empty."""

    def of(scales, left):
        if left == 0:
            return 1
        return sum(of(range(j + 1, J), left - 1) for j in scales) / len(scales) if len(scales) else 0

    return of(range(J), m)


def test_a_scalogram_is_brightest_at_the_frequency_of_a_sine():
    layer = layers.ScatteringFFT1D(J=5, Q=8)
    figure = plots.coefficients(layer, np.sin(2 * np.pi * 0.1 * np.arange(1024)))
    axis = figure.axes[0]
    values = axis.collections[0].get_array()
    frequencies = sorted(path.xi[0] for path in layer.paths if path.order == 1)
    assert frequencies[int(np.argmax(values.mean(1)))] == pytest.approx(0.1, rel=0.1)
    assert axis.get_xlabel() == "time (samples)"


def test_inputs_with_and_without_channels_and_batch_and_given_axes():
    layer = layers.ScatteringFFT(J=2, L=4, data_format="channels_first")
    x = np.random.default_rng(0).uniform(size=(1, 2, 16, 16))
    figure = matplotlib.figure.Figure()
    axes = [figure.add_subplot(1, 2, m, projection="polar") for m in (1, 2)]
    colours = []
    for given in (x[:, :1], x[0, :1], x[0, 0], x):
        assert plots.coefficients(layer, given, axes) is figure
        colours.append([patch.get_facecolor() for patch in axes[0].patches])
        axes[0].clear()
    assert len(colours[0]) == 2 * 2 * 4
    assert colours[0] == colours[1] == colours[2] != colours[3]


@pytest.mark.parametrize(
    "make, x, error, text",
    [
        (lambda: layers.DTCWT(2), np.zeros((16, 16)), TypeError, "layer must be a ScatteringFFT, .*Received: <DTCWT"),
        (
            lambda: layers.ScatteringFFT1D(J=3, T="global"),
            np.zeros(64),
            TypeError,
            "that averages over T samples. Received",
        ),
        (
            lambda: layers.ScatteringFFT(J=2),
            np.zeros(16),
            ValueError,
            r"x must have 2 to 4 axes. Received: shape \(16,\)",
        ),
    ],
)
def test_wrong_arguments(make, x, error, text):
    with pytest.raises(error, match=text):
        plots.coefficients(make(), x)


def test_a_wrong_number_of_axes():
    axes = matplotlib.figure.Figure().add_subplot(projection="polar")
    with pytest.raises(ValueError, match=r"axes must be None or 2 matplotlib axes: a polar one for .*Received: 1"):
        plots.coefficients(layers.ScatteringFFT(J=2, L=4), np.zeros((16, 16)), axes)

"""Pictures show what is there: brightest where the wavelet of an oscillation is."""

import numpy as np
import pytest
from compare import once

from keras_scatter import layers, plots

matplotlib = pytest.importorskip("matplotlib")
pytest.importorskip("matplotlib.pyplot")
matplotlib.use("Agg")
pytestmark = once


@pytest.fixture(autouse=True)
def _no_figures_are_left():
    yield
    matplotlib.pyplot.close("all")


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


def test_a_layer_whose_scale_follows_from_its_order():
    x = np.random.default_rng(0).uniform(size=(32, 32))
    figure = plots.coefficients(layers.ComplexModulusConv(L=4, order=2), x)
    assert len(figure.axes[1].patches) == 2 * 16


@pytest.mark.parametrize("m", [1, 2, 3])
def test_sectors_fill_what_their_paths_have(m):
    J, L = 4, 3
    paths = [path for path in layers.ScatteringFFT(J=J, L=L, order=3).paths if path.order == m]
    middle, width, bottom, height = np.array([plots.sector(path, J, L) for path in paths]).T
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


def test_a_scattergram_is_brightest_at_the_frequency_of_the_loudness():
    layer, t = layers.ScatteringFFT1D(J=8, Q=8, T=256), np.arange(4096)
    sound = np.cos(2 * np.pi * 0.1 * t) * (1 + np.cos(2 * np.pi * 0.01 * t))
    path = min((p for p in layer.paths if p.order == 1), key=lambda p: abs(p.xi[0] - 0.1))
    axis = plots.coefficients(layer, sound, path=path).axes[0]
    values = axis.collections[0].get_array()
    frequencies = sorted(other.xi[1] for other in layer.paths if other.order == 2 and other.n[0] == path.n[0])
    assert frequencies[int(np.argmax(values.mean(1)))] == pytest.approx(0.01, rel=0.4)
    assert axis.get_title().endswith(f"{path.xi[0]:.3g} cycles a sample")


@pytest.mark.parametrize("form", ["time", "joint"])
def test_what_rises_has_the_spin_1(form):
    layer = layers.TimeFrequencyScattering(J=8, J_fr=2, Q=8, format=form)
    t = np.arange(2048) / 2048
    rising = np.cos(2 * np.pi * 150 * (2 ** (2 * t) - 1) / (2 * np.log(2)))
    for sound, spin in ((rising, 1), (rising[::-1], -1)):
        axis = plots.coefficients(layer, sound).axes[0]
        values = np.asarray(axis.images[0].get_array())
        half = len(values) // 2
        assert np.sign(values[half + 1 :].sum() - values[:half].sum()) == spin
        assert float(axis.get_yticklabels()[0].get_text()) < 0


def test_joint_wavelets_above_rise():
    (image,) = plots.filters(layers.TimeFrequencyScattering(J=6, J_fr=2, Q=4)).axes[0].images
    picture = np.asarray(image.get_array())
    # Along a line that rises to the right the picture changes less than along one that falls.
    for half, sign in zip(np.split(picture, 2), (1, -1)):
        rising = np.abs(half[1:, :-1] - half[:-1, 1:]).sum()
        falling = np.abs(half[:-1, :-1] - half[1:, 1:]).sum()
        assert np.sign(falling - rising) == sign


def test_a_ball_has_no_degrees():
    z, y, x = np.mgrid[-12:12, -12:12, -12:12]
    ball = np.exp(-(x**2 + y**2 + z**2) / 8)
    axes = plots.coefficients(layers.HarmonicScattering3D(J=1, L=2, order=2, sigma_0=1.0), ball).axes
    for axis in axes[:2]:
        values = np.asarray(axis.images[0].get_array())
        assert values.shape[0] == 3 and values[0].min() > 0
    assert [label.get_text() for label in axes[1].get_xticklabels()] == ["0, 1"]
    assert axes[0].get_title() == "order 1, power 1"


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
        (lambda: layers.DTCWT(2), np.zeros((16, 16)), TypeError, "layer must be a ScatteringFFT, .*Received: DTCWT"),
        (
            lambda: layers.ScatteringFFT1D(J=3, T="global"),
            np.zeros(64),
            TypeError,
            "that averages over T samples, a TimeFreq.* Received",
        ),
        (
            lambda: layers.TimeFrequencyScattering(J=4, J_fr=2, Q=4, T=0),
            np.zeros(64),
            TypeError,
            "that gives one array",
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


def test_scattergrams_of_other_paths():
    layer = layers.ScatteringFFT1D(J=3)
    for path in (layer.paths[-1], layer.paths[0], 3):
        with pytest.raises(
            ValueError, match="path must be None, or a path of order 1 of a ScatteringFFT1D behind which"
        ):
            plots.coefficients(layer, np.zeros(64), path=path)


def test_a_wrong_number_of_axes():
    axes = matplotlib.figure.Figure().add_subplot(projection="polar")
    with pytest.raises(ValueError, match=r"axes must be None or 2 matplotlib axes: a polar one for .*Received: 1"):
        plots.coefficients(layers.ScatteringFFT(J=2, L=4), np.zeros((16, 16)), axes)


@pytest.mark.parametrize(
    ("make", "count", "shape"),
    [
        (lambda: layers.ScatteringFFT(J=2, L=4), 3, (65, 65)),
        (lambda: layers.ComplexModulusConv(L=4, order=1), 3, (65, 65)),
        (lambda: layers.DTCWT(2), 3, (65, 65)),
        (lambda: layers.ScatteringFFT1D(J=3, Q=2), 2, None),
        (lambda: layers.TimeFrequencyScattering(J=4, J_fr=2, Q=4), 1, None),
    ],
)
def test_filters_and_their_sum_are_those_of_the_layer(make, count, shape):
    figure = plots.filters(make())
    assert len([axis for axis in figure.axes if axis.get_label() != "<colorbar>"]) >= count
    axis = plots.littlewood_paley(make()).axes[0]
    bank = plots._bank(make())
    if shape:
        (image,) = axis.images
        assert image.get_array().shape == shape
        assert image.get_array().max() == pytest.approx(bank.frame_bounds()[1])
    else:
        assert axis.lines[0].get_ydata().max() == pytest.approx(bank.littlewood_paley()[1:].max())
        assert axis.get_xlabel() == "frequency (cycles a sample)"


def test_the_sum_of_a_trained_layer_is_that_of_its_weights():
    layer = layers.ComplexModulusConv(L=4, order=1)
    before = plots._bank(layer).littlewood_paley().max()
    layer.set_weights([2 * weight for weight in layer.get_weights()])
    axis = matplotlib.figure.Figure().add_subplot()
    assert plots.littlewood_paley(layer, axis) is axis.figure
    assert axis.images[0].get_array().max() > 2 * before


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("kind", [layers.ScatteringFFT, layers.ComplexModulusConv])
def test_a_path_ends_in_its_coefficients(kind, data_format):
    layer = kind(J=2, L=4, order=2, data_format=data_format)
    x = np.random.default_rng(0).uniform(size=(32, 40))
    layer(x[None, ..., None] if data_format == "channels_last" else x[None, None])
    if layer.weights:
        layer.set_weights([1.5 * weight for weight in layer.get_weights()])
    path = layer.paths[11]
    axes = [axis for axis in plots.path(layer, x, path).axes if axis.images and axis.get_title()]
    assert [axis.get_title() for axis in axes] == [
        "input",
        f"modulus, j = {path.scales[0]}, t = {path.angles[0]}",
        f"modulus, j = {path.scales[1]}, t = {path.angles[1]}",
        "average",
    ]
    np.testing.assert_allclose(axes[0].images[0].get_array(), x)
    expected = plots._by_path(layer, x)[0, 0, 11]
    np.testing.assert_allclose(axes[-1].images[0].get_array(), expected, rtol=1e-4, atol=1e-7)


def test_a_path_of_a_signal():
    layer = layers.ScatteringFFT1D(J=4, Q=4)
    x = np.sin(2 * np.pi * 0.1 * np.arange(512))
    path = layer.paths[-1]
    axes = plots.path(layer, x, path).axes
    assert axes[0].get_title() == "input" and axes[-1].get_title() == "average"
    assert f"{path.xi[1]:.3g} cycles a sample" in axes[2].get_title()
    np.testing.assert_allclose(axes[-1].lines[0].get_ydata(), plots._by_path(layer, x)[0, 0, -1], rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(
    "draw, error, text",
    [
        (lambda: plots.filters(layers.HarmonicScattering3D(J=1)), TypeError, "or DTCWT. Received: Harm"),
        (
            lambda: plots.littlewood_paley(layers.ComplexModulusConv1D(J=3)),
            TypeError,
            "Received: ComplexModulusConv1D",
        ),
        (
            lambda: plots.path(layers.ScatteringFFT(), np.zeros((16, 16)), layers.ScatteringFFT().paths[0]),
            ValueError,
            "path must be one of layer.paths that has a wavelet. Received: path=Path",
        ),
        (lambda: plots.path(layers.DTCWT(1), np.zeros((16, 16)), None), TypeError, "layer must be a ScatteringFFT"),
    ],
)
def test_wrong_layers_and_paths(draw, error, text):
    with pytest.raises(error, match=text):
        draw()

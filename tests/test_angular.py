import keras
import numpy as np
import pytest
from compare import assert_close, images, to_numpy

import keras_scatter
from keras_scatter import angular_spectrum, angular_threshold
from keras_scatter.layers import DTCWTScattering, ScatteringFFT, ScatteringFFT1D

PATHS = ScatteringFFT(2, 4).paths
LAYERS = {
    "exact": ScatteringFFT(2, 4),
    "order 1": ScatteringFFT(3, 3, 1),
    "order 3": ScatteringFFT(3, 2, 3),
    "other paths": ScatteringFFT(2, 4, paths=lambda path: path.scales != (1,)),
    "dual tree": DTCWTScattering(2),
}
scattering_layers = pytest.mark.parametrize("scattering", LAYERS.values(), ids=LAYERS)


def convolution(scattering, colours=3, filters=5, kernel=None, **arguments):
    layer = keras.layers.Conv2D(filters, 1, **arguments)
    inputs = colours * len(scattering.paths)
    layer.build((None, None, None, inputs))
    if kernel is None:
        kernel = np.random.default_rng(0).normal(size=(inputs, filters))
    layer.set_weights([np.reshape(kernel, (1, 1, inputs, filters)), *layer.get_weights()[1:]])
    return layer


def filled(scattering, value, colours=2):
    """A layer of one filter whose weights are a function of the path."""
    values = np.array([value(path) for path in scattering.paths], "float64")
    values = np.repeat(values, colours) if scattering.feature_order == "path" else np.tile(values, colours)
    return convolution(scattering, colours, 1, values)


@scattering_layers
def test_energy_is_kept(scattering):
    layer = convolution(scattering)
    spectrum = angular_spectrum(layer, scattering)
    kernel = to_numpy(layer.kernel)[0, 0]
    order_0 = [index for index, path in enumerate(scattering.paths) if not path.order]
    shape = (-1, 3, 5) if scattering.feature_order == "path" else (3, -1, 5)
    at = kernel.reshape(shape)[order_0] if scattering.feature_order == "path" else kernel.reshape(shape)[:, order_0]
    total = sum(energy.sum() for energy in spectrum.energies.values()) + np.square(at).sum()
    assert total == pytest.approx(np.square(kernel).sum(), rel=1e-5)
    assert spectrum.order_2.sum() == pytest.approx(spectrum.order_2_joint.sum(), rel=1e-12)


@pytest.mark.parametrize("scattering", [LAYERS["exact"], LAYERS["dual tree"]], ids=["exact", "dual tree"])
def test_a_pure_frequency_lands_in_one_cell(scattering):
    L = 1 + max(path.angles[0] for path in scattering.paths if path.order)

    def wave(path):
        return np.cos(2 * np.pi * sum((k + 1) * t for k, t in enumerate(path.angles)) / L) if path.order else 0

    spectrum = angular_spectrum(filled(scattering, wave), scattering)
    for energy in spectrum.order_1:
        assert_close(energy, energy.sum() / 2 * np.isin(range(L), (1, L - 1)))
    expected = np.zeros((L, L))
    expected[1, 2] = expected[L - 1, L - 2] = spectrum.order_2.sum() / 2
    assert_close(spectrum.order_2, expected)
    # With six angles, 3 and -3 are one frequency.
    joint = np.isin(range(L), (3, L - 3))
    assert_close(spectrum.order_2_joint, spectrum.order_2.sum() * joint / joint.sum())
    constant = angular_spectrum(filled(scattering, lambda path: 1.0), scattering)
    assert_close(constant.order_1[:, 0], constant.order_1.sum(1))


@scattering_layers
def test_turned_angles_have_the_same_energies(scattering):
    L = 1 + max(path.angles[0] for path in scattering.paths if path.order)
    generator = np.random.default_rng(1)
    values = {path: generator.normal() for path in scattering.paths}

    def turned(path):
        return values[path._replace(angles=tuple((t + 1) % L for t in path.angles))]

    before, after = (angular_spectrum(filled(scattering, value), scattering) for value in (values.get, turned))
    for scales, energy in before.energies.items():
        assert_close(after.energies[scales], energy)


def test_folded_weights_act_on_the_features():
    scattering = ScatteringFFT(1, 4, 1)
    x = keras.Input((4, 4, 10))
    normalisation = keras.layers.BatchNormalization()
    layer = keras.layers.Conv2D(3, 1)
    keras.Model(x, layer(normalisation(x)))
    normalisation.set_weights([images(10, seed=seed) + 0.5 for seed in range(4)])
    gamma, _, _, variance = normalisation.get_weights()
    kernel = to_numpy(layer.kernel) * (gamma / np.sqrt(variance + normalisation.epsilon))[:, None]
    expected = angular_spectrum(convolution(scattering, 2, 3, kernel), scattering)
    found = angular_spectrum(layer, scattering, fold=True)
    assert_close(found.order_1, expected.order_1)
    assert abs(angular_spectrum(layer, scattering).order_1 / expected.order_1 - 1).max() > 0.1


@scattering_layers
@pytest.mark.parametrize("basis", ["fourier", "angle", "random"])
def test_thresholds(scattering, basis):
    layer = convolution(scattering, use_bias=False)
    kernel = to_numpy(layer.kernel)
    whole = angular_threshold(layer, scattering, 1, basis)
    assert whole is not layer and np.array_equal(to_numpy(whole.kernel), kernel)
    kept = [to_numpy(angular_threshold(layer, scattering, keep, basis).kernel) for keep in (0.999, 0.5, 0.1)]
    assert all(np.isrealobj(part) or not part.imag.any() for part in kept)
    errors = [np.square(part - kernel).sum() for part in kept]
    # The largest ones hold more than their share.
    assert errors[0] < 1e-4 * np.square(kernel).sum()
    assert errors[0] < errors[1] < 0.3 * np.square(kernel).sum()
    assert errors[1] < errors[2] < 0.9 * np.square(kernel).sum()
    # A threshold is a projection: what is lost and what is left are orthogonal.
    assert np.square(kept[1]).sum() + errors[1] == pytest.approx(np.square(kernel).sum(), rel=1e-5)


def test_the_threshold_of_angles_counts_weights():
    scattering = LAYERS["exact"]
    layer = convolution(scattering)
    sparse = angular_threshold(layer, scattering, 0.25, "angle")
    kernel, found = (to_numpy(part.kernel)[0, 0] for part in (layer, sparse))
    by_path = found.reshape(3, len(PATHS), 5)
    assert np.array_equal(by_path[:, 0], kernel.reshape(3, -1, 5)[:, 0])
    assert np.count_nonzero(by_path[:, 1:]) == np.ceil(0.25 * by_path[:, 1:].size)
    assert np.array_equal(found[found != 0], kernel[found != 0])


def test_a_wave_needs_few_frequencies():
    scattering = ScatteringFFT(1, 8, 1)
    layer = filled(scattering, lambda path: np.cos(np.pi * path.angles[0] / 4 + 0.3) if path.order else 2.0, colours=1)
    kernel = to_numpy(layer.kernel)
    assert_close(angular_threshold(layer, scattering, 0.25).kernel, kernel)
    assert np.abs(to_numpy(angular_threshold(layer, scattering, 0.25, "angle").kernel) - kernel).max() > 0.3
    draws = [to_numpy(angular_threshold(layer, scattering, 0.25, "random", seed=seed).kernel) for seed in (0, 0, 1)]
    assert np.array_equal(draws[0], draws[1]) and np.abs(draws[0] - draws[2]).max() > 0.1


def test_the_copy_works_in_the_place_of_the_layer():
    scattering = LAYERS["exact"]
    layer = convolution(scattering, activation="relu", bias_initializer="ones")
    x = images(1, 2, 2, 3 * len(PATHS))
    sparse = angular_threshold(layer, scattering, 0.5)
    assert np.abs(to_numpy(sparse(x)) - to_numpy(layer(x))).max() > 0.01
    layer.set_weights(sparse.get_weights())
    assert_close(sparse(x), layer(x), 1e-7)


def test_a_picture():
    pytest.importorskip("matplotlib")
    figure = angular_spectrum(convolution(LAYERS["exact"]), LAYERS["exact"]).plot()
    assert [axis.get_title() for axis in figure.axes] == ["order 1", "order 2", "order 2, joint"]
    assert len(figure.axes[0].lines) == 3  # two scales and the flat line
    assert_close([bar.get_height() for bar in figure.axes[2].patches], np.roll(figure_shares(), 2))
    with pytest.raises(ValueError, match="axes must be None or 3 matplotlib axes"):
        angular_spectrum(convolution(LAYERS["exact"]), LAYERS["exact"]).plot(figure.axes[:2])


def figure_shares():
    joint = angular_spectrum(convolution(LAYERS["exact"]), LAYERS["exact"]).order_2_joint
    return joint / joint.sum()


EXACT = LAYERS["exact"]


@pytest.mark.parametrize(
    ("wrong", "error", "text"),
    [
        (
            lambda: angular_spectrum(keras.layers.Dense(2), EXACT),
            TypeError,
            "layer must be a 1x1 convolution",
        ),
        (
            lambda: angular_spectrum(keras.layers.Conv2D(2, 3), EXACT),
            ValueError,
            "Received: kernel_size=(3, 3)",
        ),
        (lambda: angular_spectrum(keras.layers.Conv2D(2, 1), EXACT), ValueError, "layer must be built. Received: the"),
        (lambda: angular_spectrum(convolution(ScatteringFFT(1)), EXACT), ValueError, "25 for each colour"),
        (lambda: angular_spectrum(convolution(EXACT), ScatteringFFT1D(3)), TypeError, "Received: ScatteringFFT1D"),
        (lambda: angular_spectrum(convolution(EXACT), EXACT, fold=1), TypeError, "fold must be True or False"),
        (
            lambda: angular_spectrum(convolution(EXACT), EXACT, fold=True),
            ValueError,
            "fold=True needs a layer",
        ),
        (lambda: angular_threshold(convolution(EXACT), EXACT, 0), ValueError, "keep must be a number > 0 and <= 1"),
        (lambda: angular_threshold(convolution(EXACT), EXACT, 1.5), ValueError, "Received: keep=1.5"),
        (lambda: angular_threshold(convolution(EXACT), EXACT, float("nan")), ValueError, "Received: keep=nan"),
        (
            lambda: angular_threshold(convolution(EXACT), EXACT, 0.5, "wavelet"),
            ValueError,
            "basis must be one of",
        ),
        (
            lambda: angular_threshold(convolution(EXACT), EXACT, 0.5, seed=-1),
            ValueError,
            "seed must be an integer",
        ),
    ],
)
def test_bad_input(wrong, error, text):
    with pytest.raises(error) as caught:
        wrong()
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("paths", "text"), [(PATHS[:3], "have all 2 angles|all 2 angles|paths of the scales"), (PATHS[:1], "order 0 alone")]
)
def test_paths_that_lack_angles(paths, text):
    scattering = ScatteringFFT(2, 4, paths=[*paths, *([PATHS[9]] if len(paths) > 1 else [])])
    with pytest.raises(ValueError, match=text):
        angular_spectrum(convolution(scattering), scattering)


def test_the_functions_are_public():
    assert keras_scatter.angular_spectrum is angular_spectrum

import keras
import numpy as np
import pytest
from compare import assert_close, images, to_numpy
from keras import ops

from keras_scatter import synthesize
from keras_scatter.layers import ScatteringCovariance2D, ScatteringFFT, ScatteringSpectra1D
from keras_scatter.testing import assert_clear_error

LAYER = ScatteringCovariance2D(J=2, L=2)
X = np.random.default_rng(0).normal(size=(1, 16, 16, 1)).astype("float32") ** 2


def test_samples_have_the_statistics_of_the_target():
    found = synthesize(X, LAYER, count=2, iterations=80, tolerance=0.02, seed=0, verbose=0)
    assert found.reason == "tolerance" and found.image.shape == (2, 16, 16, 1) and found.image.dtype == "float32"
    errors = found.history["relative_error"]
    assert errors[-1] <= 0.02 < errors[0]
    assert set(found.errors) == {"mean", "P00", "S1", "C01", "C11", "variance"}
    # Divided by their own powers, too.
    wanted, reached = to_numpy(LAYER(X)), to_numpy(LAYER(found.image))
    differences = np.sqrt(np.square(reached - wanted).mean(1))
    assert differences.max() < 0.1
    assert abs(found.image.mean() - X.mean()) < 0.1 and abs(found.image.std() - X.std()) < 0.1
    # And they are other images.
    assert abs(np.corrcoef([X.ravel(), *found.image.reshape(2, -1)])[np.triu_indices(3, 1)]).max() < 0.5


def test_the_errors_are_those_of_the_samples():
    layer = ScatteringCovariance2D(J=2, L=2, normalization=None, reduction="isotropic")
    found = synthesize(X, layer, iterations=20, tolerance=None, seed=0, verbose=0)
    deviation = X.astype("float64").std()
    wanted, reached = (to_numpy(layer((image / deviation).astype("float32")))[0] for image in (X, found.image))
    for kind, error in found.errors.items():
        if kind != "variance":
            chosen = [path.kind == kind for path in layer.paths]
            assert error == pytest.approx(np.sqrt(np.square(reached - wanted)[chosen].mean()), rel=0.05, abs=1e-5)


LAYERS = {
    "cross": (lambda: ScatteringCovariance2D(J=2, L=2, cross=True, wavelets="bump"), (8, 12, 2)),
    "channels": (lambda: ScatteringCovariance2D(J=2, L=2, data_format="channels_first"), (2, 9, 8)),
    "signals": (lambda: ScatteringSpectra1D(J=3), (64, 1)),
    "plain": (
        lambda: keras.Sequential([ScatteringFFT(J=2, L=2, padding="periodic"), keras.layers.GlobalAveragePooling2D()]),
        (12, 12, 1),
    ),
}


@pytest.mark.parametrize("kind", LAYERS)
def test_any_layer(kind):
    make, shape = LAYERS[kind]
    x = images(1, *shape) ** 2
    found = synthesize(x, make(), iterations=25, init="noise", seed=1, verbose=0)
    errors = found.history["relative_error"]
    assert found.image.shape == x.shape and min(errors) < 0.5 * errors[0]
    assert np.isfinite(list(found.errors.values())).all()
    assert ("all" in found.errors) == (kind == "plain")


def test_an_optimizer_of_keras():
    found = synthesize(X, LAYER, optimizer="adam", learning_rate=0.05, iterations=20, seed=0, verbose=0)
    errors = found.history["relative_error"]
    assert errors[-1] < 0.7 * errors[0] and found.history["learning_rate"][-1] == pytest.approx(0.05)


def test_several_targets_are_met_together():
    """Means over targets are those over samples, which differ from each other."""
    targets = np.concatenate([X, np.roll(X[:, ::-1], 3, 2), 2 * X - 1])
    found = synthesize(targets, LAYER, count=2, iterations=60, tolerance=0.02, seed=0, verbose=0)
    assert found.reason == "tolerance" and found.image.shape == (2, 16, 16, 1)
    plain = ScatteringCovariance2D(J=2, L=2, normalization=None, paths=lambda path: path.kind in ("P00", "S1"))
    wanted, reached = (to_numpy(plain(x)).mean(0) for x in (targets, found.image))
    # The power of the samples, as that of the targets, is a mean.
    assert_close(np.log(reached), np.log(wanted), 0.2)


def test_starts():
    few = {"iterations": 1, "optimizer": "adam", "learning_rate": 1e-9, "verbose": 0, "seed": 3}
    start = synthesize(X, LAYER, count=2, **few).image.astype("float64")
    spectra = [abs(np.fft.fft2(image[..., 0])) for image in (X[0], *start)]
    assert_close(spectra[1], spectra[0], 1e-5)
    assert_close(spectra[2], spectra[0], 1e-5)
    assert abs(np.corrcoef(start.reshape(2, -1))[0, 1]) < 0.5
    both = synthesize(np.concatenate([X, 2 * X], -1), LAYER, **few).image
    assert_close(both[..., 1], 2 * both[..., 0], 1e-4)
    noise = synthesize(X, LAYER, init="noise", **few).image
    assert abs(noise.mean() - X.mean()) < 0.3 and abs(noise.std() - X.std()) < 0.3
    assert_close(synthesize(X, LAYER, init=X[0] + 1, **few).image, X + 1, 1e-4)


def test_a_start_that_is_good_to_rounding_is_the_result():
    """A power spectrum is that of the start, and there may be no step that is nearer."""
    power = ScatteringCovariance2D(J=2, L=2, paths=lambda path: path.kind == "P00")
    found = [synthesize(X, power, iterations=9, tolerance=None, seed=seed, verbose=0) for seed in range(12)]
    assert max(result.errors["P00"] for result in found) < 1e-6


def test_seeds():
    first, same, other = (synthesize(X, LAYER, iterations=3, seed=seed, verbose=0).image.ravel() for seed in (5, 5, 6))
    assert np.array_equal(first, same) and not np.allclose(first, other)


def test_the_layer_is_chosen_by_the_size():
    found = synthesize(images(1, 10, 16, 1), iterations=2, seed=0, verbose=0)
    assert found.iterations == 2


def test_progress_and_callbacks(capsys):
    seen = []

    class Stop(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(logs["relative_error"])
            self.model.stop_training = epoch == 2

    found = synthesize(X, LAYER, iterations=9, callbacks=Stop(), verbose=1)
    assert found.reason == "callback" and seen == found.history["relative_error"]
    assert "relative_error" in capsys.readouterr().out


class Flat(keras.Layer):
    def call(self, x):
        return ops.stop_gradient(ops.sum(x, axis=(1, 2)))


@pytest.mark.parametrize(
    ("arguments", "argument"),
    [
        ({"target": "grass"}, "target"),
        ({"target": X[0, :, :, 0]}, "target"),
        ({"target": [X[0], X[0, :8]]}, "target"),
        ({"target": np.full_like(X, np.nan)}, "target"),
        ({"target": np.ones_like(X)}, "target"),
        ({"target": X[:0]}, "target"),
        ({"target": X[:, :4], "layer": None}, "target"),
        ({"target": X[..., 0], "layer": None}, "layer"),
        ({"target": X[:, :2]}, None),
        ({"layer": print}, "layer"),
        ({"layer": Flat(), "target": X * np.arange(1, 17)[:, None], "init": "noise"}, "layer"),
        ({"count": 0}, "count"),
        ({"init": "zeros"}, "init"),
        ({"init": X[0, :8]}, "init"),
        ({"init": X * np.inf}, "init"),
        ({"optimizer": "newton"}, "optimizer"),
        ({"iterations": 0}, "iterations"),
        ({"tolerance": -1}, "tolerance"),
        ({"seed": -1}, "seed"),
        ({"verbose": 3}, "verbose"),
    ],
)
def test_bad_arguments(arguments, argument):
    assert_clear_error(lambda: synthesize(**{"target": X, "layer": LAYER, **arguments}), argument)

import keras
import numpy as np
import pytest
from compare import assert_close, images, to_numpy

from keras_scatter import invert
from keras_scatter.errors import relative_error
from keras_scatter.layers import ComplexModulusConv, DTCWTScattering, ScatteringFFT, ScatteringFFT1D
from keras_scatter.models import ScatteringMLP

pytestmark = pytest.mark.keras_version

LAYER = ScatteringFFT(J=1, L=4, order=1)
X = images(1, 8, 8, 2)
S = to_numpy(LAYER(X))
QUICK = {"learning_rate": 0.04, "verbose": 0}


def test_the_crop_of_the_astronaut():
    """26 dB within 150 steps; the relative error is 2.0e-3 to 2.1e-3 then, which differs from machine to machine."""
    data = pytest.importorskip("skimage.data")
    x = data.astronaut()[None, 64:128, 192:256].astype("float32")
    layer = ScatteringFFT(J=2, L=8, order=1)
    search = {"iterations": 150, "drop_every": 100, "tolerance": 2.2e-3}
    found = invert(layer, layer(x), **search, value_range=(0, 255), verbose=0)
    assert found.reason == "tolerance" and found.iterations == len(found.history["loss"]) - 1
    assert found.image.min() >= 0 and found.image.max() <= 255
    assert 10 * np.log10(255**2 / np.square(found.image - x).mean()) > 26
    rates = found.history["learning_rate"]
    assert rates[:100] == pytest.approx([10] * 100) and rates[100:] == pytest.approx([1] * (len(rates) - 100))


LAYERS = {
    "signals": (lambda: ScatteringFFT1D(J=2, Q=1), (32, 1)),
    "dual tree": (lambda: DTCWTScattering(J=1), (8, 12, 1)),
    "colours": (lambda: DTCWTScattering(J=1, combine_colour=True), (8, 8, 3)),
    "distilled": (lambda: ComplexModulusConv(L=2, order=1), (8, 8, 1)),
    "channels first": (lambda: ScatteringFFT(J=1, L=2, order=1, data_format="channels_first"), (2, 8, 12)),
    "moduli": (lambda: ScatteringFFT(J=1, L=2, order=1, output="modulus"), (8, 8, 1)),
}


@pytest.mark.parametrize("kind", LAYERS)
def test_any_layer(kind):
    make, shape = LAYERS[kind]
    layer, x = make(), images(2, *shape)
    target = layer(x)
    trainable = [variable.trainable for variable in layer.variables]
    found = invert(layer, target, iterations=60, drop_every=40, **QUICK)
    assert found.image.shape == x.shape and found.image.dtype == "float32"
    # The mean is a start that is far off; the coefficients of what was found are near those asked for.
    errors = found.history["relative_error"]
    assert min(errors) < 0.3 * errors[0]
    parts = zip(keras.tree.flatten(layer(found.image)), keras.tree.flatten(target))
    assert max(relative_error(to_numpy(a)[i], to_numpy(b)[i]) for a, b in parts for i in range(2)) < 0.2
    assert [variable.trainable for variable in layer.variables] == trainable


def test_the_result_is_what_its_history_says():
    last = invert(LAYER, S, iterations=7, keep="last", **QUICK)
    assert last.reason == "iterations" and last.iterations == 7
    assert relative_error(to_numpy(LAYER(last.image)), S) == pytest.approx(last.history["relative_error"][-1], rel=1e-4)
    assert last.history["loss"][-1] == pytest.approx(np.linalg.norm(to_numpy(LAYER(last.image)) - S), rel=1e-4)
    # With steps that are too large the last image is not the best one.
    wild = {**QUICK, "learning_rate": 3.0, "iterations": 7}
    best = invert(LAYER, S, keep="best", **wild)
    assert np.argmin(best.history["loss"]) < 7
    assert relative_error(to_numpy(LAYER(best.image)), S) == pytest.approx(
        min(best.history["relative_error"]), rel=1e-4
    )


def test_starts():
    layer = ScatteringFFT(J=1, L=2, order=1)
    one = {**QUICK, "iterations": 1, "keep": "last", "learning_rate": 1e-6}
    constant = np.full_like(X, 3.0) * [1, 2]
    assert_close(invert(layer, layer(constant), "mean", **one).image, constant, 1e-4)
    smooth = np.linspace(0, 1, 32)[None, :, None, None] * np.linspace(1, 2, 32)[:, None]
    lowpass = invert(layer, layer(smooth), "lowpass", **one).image
    assert_close(lowpass[:, 4:-4, 4:-4], smooth[:, 4:-4, 4:-4], 0.03)
    assert_close(invert(layer, layer(X), X + 1, **one).image, X + 1, 1e-4)
    noise = invert(layer, layer(X), "noise", value_range=(0, 255), seed=1, clip=False, **one).image
    assert 115 < noise.mean() < 140 and 12 < noise.std() < 28


def test_seeds():
    first, same, other = (invert(LAYER, S, "noise", iterations=3, seed=seed, **QUICK) for seed in (5, 5, 6))
    assert np.array_equal(first.image, same.image) and first.history == same.history
    assert not np.allclose(first.image, other.image)


@pytest.mark.parametrize("value", [0.0, 2.0])
@pytest.mark.parametrize("initial", ["mean", "noise"])
def test_constant_targets(value, initial):
    target = LAYER(np.full((1, 8, 8, 2), value, "float32"))
    found = invert(LAYER, target, initial, iterations=5, seed=0, **QUICK)
    assert np.isfinite(found.image).all() and np.isfinite(found.history["loss"]).all()
    assert np.isfinite(found.history["relative_error"]).all()
    if initial == "mean":
        assert found.reason == "tolerance" and found.iterations == 0
        assert_close(found.image, np.full(found.image.shape, value), 1e-5) if value else None


def test_losses():
    mse = invert(LAYER, S, loss="mse", iterations=3, keep="last", **QUICK)
    assert mse.history["loss"][-1] == pytest.approx(np.square(to_numpy(LAYER(mse.image)) - S).mean(), rel=1e-4)
    own = invert(LAYER, S, loss=keras.losses.MeanAbsoluteError(), iterations=3, keep="last", **QUICK)
    assert own.history["loss"][-1] == pytest.approx(np.abs(to_numpy(LAYER(own.image)) - S).mean(), rel=1e-4)


def test_optimizers():
    given = keras.optimizers.SGD(0.02, momentum=0.5)
    found = invert(LAYER, S, optimizer=given, iterations=4, drop_every=2, drop=0.5, **QUICK)
    assert found.history["learning_rate"] == pytest.approx([0.02, 0.02, 0.01, 0.01, 0.005])
    assert not given.built and float(given.learning_rate) == pytest.approx(0.02)
    schedule = keras.optimizers.schedules.ExponentialDecay(0.02, 1, 0.5)
    found = invert(LAYER, S, optimizer=keras.optimizers.SGD(schedule), iterations=2, drop_every=1, **QUICK)
    assert found.history["learning_rate"] == pytest.approx([0.02, 0.01, 0.005])
    assert invert(LAYER, S, optimizer="sgd", iterations=1, **QUICK).history["learning_rate"][0] == pytest.approx(0.04)


def test_lbfgs():
    found = invert(LAYER, S, optimizer="lbfgs", iterations=40, verbose=0, tolerance=0.05)
    assert found.reason == "tolerance" and 0 < found.iterations < 40
    assert relative_error(to_numpy(LAYER(found.image)), S) < 0.051
    few = invert(LAYER, S, optimizer="lbfgs", iterations=2, verbose=0)
    assert few.reason == "iterations" and few.iterations == 2


class Stop(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.logs, self.shapes = [], []

    def on_epoch_end(self, epoch, logs=None):
        self.logs.append(logs)
        self.shapes.append(tuple(self.model.image.shape))
        self.model.stop_training = epoch == 3


@pytest.mark.parametrize("optimizer", [None, "lbfgs"])
def test_callbacks(optimizer):
    stop = Stop()
    found = invert(LAYER, S, optimizer=optimizer, callbacks=[stop], **QUICK)
    assert found.reason == "callback" and found.iterations == 3
    assert [logs["loss"] for logs in stop.logs] == found.history["loss"]
    assert stop.shapes[0] == (1, 8, 8, 2)


def test_a_loss_that_turns_nan_ends_the_search():
    found = invert(LAYER, S, loss=lambda a, b: keras.ops.log(keras.ops.mean(b) - 0.05), learning_rate=0.1, verbose=0)
    assert found.reason == "not finite" and 0 < found.iterations < 20
    assert np.isfinite(found.image).all() and not np.isfinite(found.history["loss"][-1])
    with pytest.raises(ValueError, match="must be a finite number at the start"):
        invert(LAYER, S, loss=lambda a, b: keras.ops.mean(a) * np.nan, **QUICK)


def test_the_bar_shows_the_error(capsys):
    invert(LAYER, S, iterations=2, learning_rate=0.04, verbose=1)
    assert "relative_error" in capsys.readouterr().out
    invert(LAYER, S, iterations=2, learning_rate=0.04)
    assert not capsys.readouterr().out


def test_double_precision(float64):
    layer = ScatteringFFT(J=1, L=2, order=1, dtype="float64")
    found = invert(layer, layer(X.astype("float64")), iterations=2, **QUICK)
    assert found.image.dtype == "float64"


def test_shapes():
    layer = ScatteringFFT(J=1, L=4, order=1)
    x = images(1, 9, 8, 2)
    target = layer(x)
    one = {**QUICK, "iterations": 1}
    # Built for 9 rows; 2**J times the target would be 8.
    assert invert(layer, target, **one).image.shape == x.shape
    assert invert(ScatteringFFT(J=1, L=4, order=1), target, **one).image.shape == (1, 8, 8, 2)
    assert invert(layer, target, shape=(8, 8, 2), **one).image.shape == (1, 8, 8, 2)
    model = ScatteringMLP((8, 8, 1), L=2, widths=(3,))
    assert invert(model, model(images(2, 8, 8, 1)), "noise", **one).image.shape == (2, 8, 8, 1)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"layer": abs}, TypeError, "layer must be a Keras layer or model. Received: builtin_function_or_method"),
        (
            {"target": S[..., :-1]},
            ValueError,
            "target must be what the layer gives, [(1, 4, 4, 10)] of images (1, 8, 8, 2), or",
        ),
        ({"target": S * np.nan}, ValueError, "target must be finite. Received: an array with NaN"),
        ({"target": np.array(["a"])}, ValueError, "target must be arrays of real numbers with a batch axis"),
        ({"shape": (16, 8, 2)}, ValueError, "Received: arrays of shape [(1, 4, 4, 10)]"),
        ({"shape": (8, 2)}, ValueError, "shape must be that of an image for the layer"),
        ({"initial": "zeros"}, ValueError, 'initial must be "mean", "lowpass", "noise" or an array. Received'),
        ({"initial": X[:, 1:]}, ValueError, "initial must have the shape (1, 8, 8, 2) of the images. Received"),
        ({"initial": X / 0}, ValueError, "initial must be finite"),
        (
            {"loss": "l1"},
            ValueError,
            'loss must be "norm", "mse" or a function of two arguments. Received: loss=\'l1\'',
        ),
        ({"optimizer": "newton"}, ValueError, 'optimizer must be None, "lbfgs", or an optimizer of Keras or its name'),
        ({"learning_rate": 0}, ValueError, "learning_rate must be a number > 0. Received: learning_rate=0"),
        ({"learning_rate": "1"}, TypeError, "learning_rate must be a number > 0. Received: learning_rate='1'"),
        ({"iterations": 0}, ValueError, "iterations must be an integer >= 1. Received: iterations=0"),
        ({"drop_every": 0}, ValueError, "drop_every must be an integer >= 1. Received: drop_every=0"),
        ({"drop": -1}, ValueError, "drop must be a number > 0. Received: drop=-1"),
        ({"tolerance": 0}, ValueError, "tolerance must be a number > 0. Received: tolerance=0"),
        ({"value_range": (1, 0)}, ValueError, "value_range must be None or two numbers, the smaller one first"),
        ({"clip": 1}, TypeError, "clip must be True or False. Received: clip=1"),
        ({"keep": "first"}, ValueError, "keep must be one of 'best', 'last'. Received: keep='first'"),
        ({"seed": -1}, ValueError, "seed must be an integer from 0 to 4294967295. Received: seed=-1"),
        ({"verbose": "yes"}, ValueError, "verbose must be one of 'auto', 0, 1, 2. Received: verbose='yes'"),
    ],
)
@pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")
def test_bad_arguments(arguments, error, text):
    with pytest.raises(error) as caught:
        invert(**{"layer": LAYER, "target": S, **arguments})
    assert text in str(caught.value)


def test_layers_without_an_average():
    layer = ScatteringFFT(J=1, L=2, paths=lambda path: path.order)
    with pytest.raises(ValueError, match='need the path of order 0, which the layer does not give: take "noise"'):
        invert(layer, layer(X))
    unbuilt = keras.layers.Dense(3)
    with pytest.raises(ValueError, match="shape must be given: the layer is not built"):
        invert(unbuilt, np.zeros((2, 3), "float32"))

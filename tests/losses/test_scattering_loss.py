import keras
import numpy as np
import pytest
from compare import BACKEND, assert_close, gradient, to_numpy
from keras import ops

from keras_scatter import layers
from keras_scatter.losses import ScatteringLoss
from keras_scatter.losses._classes import path_classes

SAMPLED = {
    "signals": (lambda **more: layers.ScatteringFFT1D(3, Q=(2, 1), **more), (3, 40, 2)),
    "moduli": (lambda **more: layers.ScatteringFFT1D(2, T=0, **more), (2, 40, 1)),
    "images": (lambda **more: layers.ScatteringFFT(2, L=3, **more), (2, 12, 16, 1)),
    "volumes": (lambda **more: layers.HarmonicScattering3D(1, L=1, integral_powers=(1,), **more), (2, 6, 5, 6, 1)),
    "time": (lambda **more: layers.TimeFrequencyScattering(3, 1, 2, T="global", F="global", **more), (2, 64, 1)),
    "joint": (lambda **more: layers.TimeFrequencyScattering(3, 1, 2, format="joint", **more), (2, 64, 1)),
}
OTHERS = {
    "convolutions": (lambda **more: layers.ComplexModulusConv(L=2, order=1, **more), (2, 8, 8, 1)),
    "signal_convolutions": (lambda **more: layers.ComplexModulusConv1D(3, **more), (2, 40, 2)),
    "spectra": (lambda **more: layers.ScatteringSpectra1D(3, **more), (2, 64, 1)),
    "dual_tree": (lambda **more: layers.DTCWTScattering(J=1, **more), (2, 8, 8, 1)),
}
ALL = SAMPLED | OTHERS
each = pytest.mark.parametrize("kind", ALL)
each_sampled = pytest.mark.parametrize("kind", SAMPLED)


def pair(shape, dtype="float32"):
    return np.random.default_rng(0).normal(size=(2, *shape)).astype(dtype)


def made(kind, **more):
    make, shape = ALL[kind]
    layer = make(**more)
    layer.build(shape)
    return layer, shape


def expected_loss(layer, y_true, y_pred, compare):
    """By item, written out."""
    given, found = layer(y_true), layer(y_pred)
    if not isinstance(given, dict):
        K = len(layer.paths)
        given, found = ({0: to_numpy(part)} for part in (given, found))
    else:
        K = 1
        given, found = ({path: to_numpy(maps) for path, maps in part.items()} for part in (given, found))
    distances = [compare(given[path], found[path]) for path in given]
    return K * sum(part.reshape(len(y_true), -1).mean(1) for part in distances)


@each
def test_it_is_the_sum_over_paths(kind):
    layer, shape = made(kind)
    y_true, y_pred = pair(shape)
    loss = ScatteringLoss(layer, reduction=None)
    assert_close(loss(y_true, y_pred), expected_loss(layer, y_true, y_pred, lambda s, v: (s - v) ** 2))
    assert float(ScatteringLoss(layer)(y_true, y_true)) == 0


@pytest.mark.parametrize("ord", [1, 1.5, 3])
def test_exponents(ord):
    layer, shape = made("signals")
    y_true, y_pred = pair(shape)
    expected = expected_loss(layer, y_true, y_pred, lambda s, v: abs(s - v) ** ord)
    assert_close(ScatteringLoss(layer, ord=ord, reduction="sum")(y_true, y_pred), expected.sum())


def test_logarithms():
    layer, shape = made("signals")
    y_true, y_pred = pair(shape)

    def compare(s, v):
        s, v = (np.sign(part) * np.log1p(abs(part) / 0.01) for part in (s, v))
        return (s - v) ** 2

    expected = expected_loss(layer, y_true, y_pred, compare)
    assert_close(ScatteringLoss(layer, floor=0.01)(y_true, y_pred), expected.mean())


def drawn(monkeypatch, loss, paths):
    monkeypatch.setattr(loss._draws, "integers", lambda count, below: ops.convert_to_tensor(np.array(paths, "int32")))
    return loss


@each_sampled
def test_all_paths_one_after_the_other_average_to_the_whole(kind, monkeypatch):
    layer, shape = made(kind)
    y_true, y_pred = pair(shape)
    whole = to_numpy(ScatteringLoss(layer, reduction=None)(y_true, y_pred))
    sampled, found = ScatteringLoss(layer, sample=1, reduction=None), []
    for k in range(len(layer.paths)):
        found.append(to_numpy(drawn(monkeypatch, sampled, [k])(y_true, y_pred)))
    assert_close(np.mean(found, axis=0), whole, 1e-4)
    assert np.std(found) > 0


@each_sampled
def test_paths_share_classes(kind):
    layer, shape = made(kind)
    classes, of_path, of_member = path_classes(layer, shape[1:-1])
    assert len(of_path) == len(of_member) == len(layer.paths)
    assert sorted(set(of_path)) == list(range(len(classes)))
    assert len(set(zip(of_path, of_member))) == len(layer.paths)
    if kind == "images":
        # The image, the two scales, and the one after the other.
        assert len(classes) == 4


def test_several_paths_at_once(monkeypatch):
    layer, shape = made("signals")
    y_true, y_pred = pair(shape)
    single, three = ScatteringLoss(layer, sample=1), ScatteringLoss(layer, sample=3)
    alone = [float(drawn(monkeypatch, single, [k])(y_true, y_pred)) for k in (1, 5, 7)]
    assert_close(drawn(monkeypatch, three, [1, 5, 7])(y_true, y_pred), np.mean(alone))


def test_draws_differ_from_call_to_call_and_average_to_the_whole():
    layer, shape = made("signals")
    y_true, y_pred = pair(shape)
    sampled = ScatteringLoss(layer, sample=2, seed=3)
    count = 60 if BACKEND != "jax" else 24  # JAX compiles each eager call
    found = [float(sampled(y_true, y_pred)) for _ in range(count)]
    whole = float(ScatteringLoss(layer)(y_true, y_pred))
    assert len(set(found)) > count / 2
    assert abs(np.mean(found) - whole) < 4 * np.std(found) / count**0.5
    again = ScatteringLoss(layer, sample=2, seed=3)
    assert [float(again(y_true, y_pred)) for _ in range(3)] == found[:3]


@pytest.mark.parametrize("sample", [None, 2])
def test_a_compiled_fit_draws_anew_at_each_step(sample):
    """A model of one constant signal: the losses of steps that change nothing are those of the paths drawn."""
    layer, shape = made("signals")
    y_true, y_pred = pair(shape)
    model = keras.Sequential([keras.Input(shape[1:]), keras.layers.Rescaling(1.0), keras.layers.Dense(2, "linear")])
    model.compile(keras.optimizers.SGD(0.0), ScatteringLoss(layer, sample=sample, seed=1))
    history = []
    callback = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: history.append(logs["loss"]))
    x, y = (np.tile(part, (12, 1, 1)) for part in (y_pred, y_true))
    model.fit(x, y, batch_size=3, shuffle=False, verbose=0, callbacks=[callback])
    # Keras shows the mean of all steps so far.
    steps = np.diff(np.array(history) * np.arange(1, 13), prepend=0)
    spread = np.ptp(steps) / np.mean(steps)
    assert spread < 1e-3 if sample is None else spread > 1e-2


def test_training_lowers_the_loss():
    layer, shape = made("signals")
    x, _ = pair(shape)
    model = keras.Sequential(
        [keras.Input(shape[1:]), keras.layers.Dense(2, kernel_initializer=keras.initializers.Identity(0.2))]
    )
    loss = ScatteringLoss(layer, sample=1, seed=0)
    model.compile(keras.optimizers.Adam(0.1), loss)
    before = float(ScatteringLoss(layer)(x, model(x)))
    model.fit(x, x, epochs=40, verbose=0)
    assert float(ScatteringLoss(layer)(x, model(x))) < 0.7 * before


@pytest.mark.parametrize("kind", ["signals", "time", "signal_convolutions"])
@pytest.mark.parametrize("sample", [None, 1])
def test_gradients_are_central_differences(kind, sample, float64, monkeypatch):
    layer, shape = made(kind, dtype="float64")
    if sample and kind == "signal_convolutions":
        pytest.skip("its paths are not sampled")
    y_true, y_pred = pair(shape, "float64")
    # Keras's mean over the batch is float32 under PyTorch.
    loss = ScatteringLoss(layer, sample=sample, reduction="sum", dtype="float64")
    if sample:
        drawn(monkeypatch, loss, [len(layer.paths) - 2])
    found = gradient(lambda y: loss(y_true, y), y_pred)
    direction = np.random.default_rng(1).normal(size=shape)
    ahead, behind = (float(loss(y_true, y_pred + step * direction)) for step in (1e-6, -1e-6))
    assert np.isfinite(found).all()
    assert abs((found * direction).sum() - (ahead - behind) / 2e-6) <= 1e-5 * np.linalg.norm(found)


@pytest.mark.parametrize("ord", [1, 1.5, 2])
def test_gradients_are_zero_where_both_are_equal(ord):
    layer, shape = made("signals")
    x, _ = pair(shape)
    found = gradient(lambda y: ScatteringLoss(layer, ord=ord)(x, y), x)
    assert np.isfinite(found).all()
    # The programs of JAX round the two transforms differently, and a distance has slopes of 1 on both sides of 0.
    assert abs(found).max() < (0.1 if ord == 1 and BACKEND == "jax" else 1e-6)


def test_sample_weights_and_the_config():
    layer, shape = made("images")
    y_true, y_pred = pair(shape)
    loss = ScatteringLoss(layer, ord=1, sample=2, floor=0.1, seed=5, reduction="sum", name="distance")
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(loss))
    assert again.get_config() == loss.get_config()
    assert float(again(y_true, y_pred)) == float(loss(y_true, y_pred))
    whole = ScatteringLoss(layer, reduction="sum")
    by_item = to_numpy(ScatteringLoss(layer, reduction=None)(y_true, y_pred))
    assert_close(whole(y_true, y_pred, sample_weight=np.array([2.0, 0.0])), 2 * by_item[0])


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: ScatteringLoss(3), TypeError, "layer must be a layer of keras_scatter with paths. Received: layer=3"),
        (lambda: ScatteringLoss(layers.LocallyInvariantLayer(3)), TypeError, "layer must be a layer of keras_scatter"),
        (
            lambda: ScatteringLoss(layers.ScatteringFFT(output="wavelet")),
            ValueError,
            'layer must give coefficients or moduli. Received: a layer with output="wavelet"',
        ),
        (
            lambda: ScatteringLoss(layers.ComplexModulusConv()),
            ValueError,
            "layer must be built where its filters are w",
        ),
        (
            lambda: ScatteringLoss(layers.ScatteringFFT(), ord=0.5),
            ValueError,
            "ord must be a number >= 1. Received: or",
        ),
        (
            lambda: ScatteringLoss(layers.ScatteringFFT(), ord="2"),
            TypeError,
            "ord must be a number >= 1. Received: ord",
        ),
        (
            lambda: ScatteringLoss(layers.ScatteringFFT(), sample=0),
            ValueError,
            "sample must be an integer >= 1. Receiv",
        ),
        (
            lambda: ScatteringLoss(layers.ScatteringFFT(), floor=0),
            ValueError,
            "floor must be a number > 0. Received: f",
        ),
        (lambda: ScatteringLoss(layers.ScatteringFFT(), seed=-1), ValueError, "seed must be an integer from 0 to"),
        (
            lambda: ScatteringLoss(layers.ScatteringSpectra1D(3), sample=1),
            ValueError,
            "sample must be None for layers other than ScatteringFFT, ScatteringFFT1D, HarmonicScattering3D, ",
        ),
    ],
)
def test_bad_arguments(make, error, text):
    with pytest.raises(error) as caught:
        make()
    assert text in str(caught.value)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="only TensorFlow traces with unknown sizes")
def test_sampled_paths_need_known_sizes():
    model = keras.Sequential([keras.Input((None, 1)), keras.layers.Rescaling(1.0)])
    loss = ScatteringLoss(layers.ScatteringFFT1D(3), sample=1)
    with pytest.raises(ValueError, match="Sizes must be known where paths are sampled"):
        loss(model.outputs[0], model.outputs[0])

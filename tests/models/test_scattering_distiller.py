import keras
import numpy as np
import pytest
import tensorflow as tf
from compare import BACKEND, assert_close, images, to_numpy

from keras_scatter.layers import ComplexModulusConv, ComplexModulusConv1D, ScatteringFFT, ScatteringFFT1D
from keras_scatter.models import RestoreBest, ScatteringDistiller
from keras_scatter.workflows.datasets import dead_leaves

pytestmark = pytest.mark.keras_version

IMAGES = images(12, 8, 8, 1)


def student(**arguments):
    initializer = keras.initializers.GlorotUniform(seed=0)
    return ComplexModulusConv(**{"L": 2, "kernel_size": 5, "kernel_initializer": initializer, **arguments})


def compiled(model, **arguments):
    distiller = ScatteringDistiller(model, **arguments)
    distiller.compile(keras.optimizers.Adam(1e-3))
    return distiller


def test_features_are_the_students():
    layer = student()
    distiller = compiled(layer)
    assert_close(distiller.predict(IMAGES, verbose=0), layer(IMAGES))


def test_the_default_teacher_has_the_students_paths():
    distiller = ScatteringDistiller(student(order=1, J=2, data_format="channels_first"))
    assert isinstance(distiller.teacher, ScatteringFFT)
    assert distiller.teacher.paths == distiller.student.paths
    assert distiller.teacher.data_format == "channels_first"


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_signals_are_distilled_too(data_format):
    x = np.random.default_rng(0).normal(size=(8, 64, 2)).astype("float32")
    x = x if data_format == "channels_last" else x.transpose(0, 2, 1)
    arguments = {"J": 3, "Q": (2, 1), "T": 12, "stride": 4, "padding": "periodic", "data_format": data_format}
    layer = ComplexModulusConv1D(**arguments, kernel_size=7)
    distiller = compiled(layer)
    assert_close(distiller.teacher(x), ScatteringFFT1D(**arguments)(x))
    distiller.calibrate(x)
    before = distiller.evaluate(x, verbose=0, return_dict=True)
    distiller.compile(keras.optimizers.Adam(1e-5))
    distiller.fit(x, epochs=3, validation_data=x, callbacks=[RestoreBest()], verbose=0)
    after = distiller.evaluate(x, verbose=0, return_dict=True)
    assert sorted(after) == ["loss", "relative_error_0", "relative_error_1", "relative_error_2"]
    assert 0 < after["loss"] <= before["loss"] * 1.001 and before["relative_error_2"] < 0.1


def test_a_student_of_signals_that_pads_by_zeros_needs_a_teacher():
    with pytest.raises(ValueError, match=r"padding must be 'reflect' or 'periodic'.*Received: padding='zeros'"):
        ScatteringDistiller(ComplexModulusConv1D(J=3, padding="zeros"))


@pytest.mark.parametrize("loss", ["balanced", "mse"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_loss_and_metrics_are_what_they_say(loss, data_format):
    x = images(6, 12, 8, 3)
    layer = student()
    distiller = compiled(layer, loss=loss)
    if loss == "balanced":
        distiller.calibrate(x)
    found, exact = to_numpy(layer(x)), to_numpy(distiller.teacher(x))
    K = len(layer.paths)
    found, exact = (array.reshape(*array.shape[:3], 3, K) for array in (found, exact))
    mean = (exact**2).mean((0, 1, 2, 3))
    weights = 1 / (mean + 1e-6 * mean.max()) if loss == "balanced" else np.ones(K)
    distiller = compiled(student(data_format=data_format), loss=loss)
    x = x if data_format == "channels_last" else x.transpose(0, 3, 1, 2)
    if loss == "balanced":
        distiller.calibrate(x)
    logs = distiller.evaluate(x, batch_size=4, verbose=0, return_dict=True)
    assert logs.pop("loss") == pytest.approx(((found - exact) ** 2 * weights).mean(), rel=1e-3)
    orders = np.array([path.order for path in layer.paths])
    assert sorted(logs) == [f"relative_error_{m}" for m in range(3)]
    for m in range(3):
        error = np.linalg.norm((found - exact)[..., orders == m]) / np.linalg.norm(exact[..., orders == m])
        assert logs[f"relative_error_{m}"] == pytest.approx(error, rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("design", ["paper", "faithful"])
def test_fit_lowers_the_loss(design):
    distiller = compiled(student(design=design))
    history = distiller.fit(IMAGES, epochs=4, batch_size=4, verbose=0).history
    assert history["loss"][-1] < 0.8 * history["loss"][0]


def test_designed_filters_get_better_still():
    x = dead_leaves(128, 16)
    distiller = ScatteringDistiller(ComplexModulusConv(L=8, order=1, kernel_size=5))
    distiller.compile(keras.optimizers.Adam(1e-4))
    before = distiller.evaluate(x, verbose=0, return_dict=True)
    distiller.fit(x, batch_size=16, epochs=3, validation_data=x, callbacks=[RestoreBest()], verbose=0)
    after = distiller.evaluate(x, verbose=0, return_dict=True)
    assert after["relative_error_1"] < before["relative_error_1"]
    assert after["relative_error_0"] < 1e-5


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 3

    def __getitem__(self, index):
        return IMAGES[4 * index : 4 * index + 4]


def torch_loader():
    torch = pytest.importorskip("torch")
    return torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.from_numpy(IMAGES)), batch_size=4)


@pytest.mark.parametrize(
    "make",
    [
        lambda: IMAGES,
        lambda: tf.data.Dataset.from_tensor_slices(IMAGES).batch(4),
        lambda: tf.data.Dataset.from_tensor_slices((IMAGES, np.arange(12))).batch(4),
        Batches,
        pytest.param(torch_loader, marks=pytest.mark.skipif(BACKEND != "torch", reason="PyTorch's own")),
    ],
    ids=["array", "tf.data", "tf.data with labels", "PyDataset", "DataLoader"],
)
def test_fit_takes_images_alone_from_anything(make):
    distiller = compiled(student())
    distiller.fit(make(), verbose=0, validation_data=IMAGES)
    expected = compiled(student())
    expected.calibrate(IMAGES)
    assert_close(distiller.path_weights, expected.path_weights)


def test_images_of_a_generator_need_an_earlier_calibration():
    distiller = compiled(student())
    with pytest.raises(ValueError, match=r"call distiller\.calibrate\(first_images\) before fit"):
        distiller.fit((IMAGES for _ in range(2)), verbose=0)
    distiller.calibrate(IMAGES)
    distiller.fit(((IMAGES,) for _ in range(2)), verbose=0)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30, 0])
def test_images_that_give_no_path_weights_are_refused(value):
    """Nothing is set then: the next fit calibrates as if it were the first."""
    distiller, wrong = compiled(student()), IMAGES.copy()
    wrong[0 if value else ...] = value
    with pytest.raises(ValueError, match="The first 512 images must be finite and not all zero") as caught:
        distiller.fit(wrong, verbose=0)
    assert ("zeros only" in str(caught.value)) == (value == 0)
    expected = compiled(student())
    for each in (distiller, expected):
        each.calibrate(IMAGES)
    assert_close(distiller.path_weights, expected.path_weights, 0)


def test_weights_of_paths_without_energy_are_bounded():
    """At a millionth of the largest mean square: constant images have nothing but rounding beyond order 0."""
    distiller = compiled(student())
    distiller.calibrate(np.full((2, 16, 16, 1), 0.5, "float32"))
    weights = to_numpy(distiller.path_weights)
    assert weights.min() > 0 and weights.max() < 1.001e6 * weights.min()


@pytest.mark.parametrize("design", ["paper", "faithful"])
def test_random_kernels_are_scaled_to_the_energy_of_the_teacher(design):
    x = dead_leaves(8, 16)
    distiller = compiled(student(design=design))
    distiller.calibrate(x)
    orders = np.array([path.order for path in distiller.student.paths])
    energies = [np.square(to_numpy(layer(x))).mean((0, 1, 2)) for layer in (distiller.student, distiller.teacher)]
    for order, most in ((0, 1.001), (1, 3), (2, 20)):
        ratio = np.divide(*(energy[orders == order].mean() for energy in energies))
        assert 1 / most < ratio < most, (order, ratio)
    assert to_numpy(distiller.student(x))[..., orders == 0].mean() > 0


def test_kernels_that_are_no_random_numbers_are_not_scaled():
    trained = student()
    trained.build((None, 8, 8, 1))
    trained.weights[0].assign(2 * to_numpy(trained.weights[0]))
    for layer in (trained, student(kernel_initializer="morlet"), student(kernel_initializer="zeros")):
        distiller = compiled(layer)
        before = distiller.student(IMAGES)
        distiller.calibrate(IMAGES)
        assert_close(1 + distiller.student(IMAGES), 1 + to_numpy(before), 1e-6)


def test_sizes_may_change_from_batch_to_batch():
    distiller = compiled(keras.Sequential([keras.Input((None, None, 1)), student()]))
    for size in (8, 11):
        history = distiller.fit(images(4, size, size, 1), verbose=0)
        assert np.isfinite(history.history["loss"]).all()


def test_the_student_may_be_a_model_that_ends_in_the_layer():
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Rescaling(1.0), student()])
    distiller = compiled(model)
    distiller.fit(IMAGES, verbose=0)
    assert_close(distiller.predict(IMAGES, verbose=0), model(IMAGES))


@pytest.mark.parametrize(
    ("wrong", "error", "text"),
    [
        (lambda: ScatteringDistiller(keras.layers.Dense(3)), TypeError, "student must be a ComplexModulusConv, a"),
        (lambda: ScatteringDistiller(ScatteringFFT()), TypeError, "Received: ScatteringFFT"),
        (
            lambda: ScatteringDistiller(student(), teacher=ScatteringFFT(J=2, L=3)),
            ValueError,
            "student and teacher must have the same paths. Received: 9 paths",
        ),
        (lambda: ScatteringDistiller(student(), loss="l1"), ValueError, "loss must be one of 'balanced', 'mse'"),
        (lambda: ScatteringDistiller(student()).compile("adam", loss="mse"), ValueError, "compile takes no loss"),
        (lambda: compiled(student()).fit(np.zeros((0, 8, 8, 1)), verbose=0), ValueError, "at least one image"),
    ],
)
def test_bad_input(wrong, error, text):
    with pytest.raises(error) as caught:
        wrong()
    assert text in str(caught.value)


def test_resumed_fit_is_the_uninterrupted_one(tmp_path):
    whole = compiled(student())
    whole.fit(IMAGES, epochs=4, batch_size=4, shuffle=False, verbose=0)
    part = compiled(student())
    part.fit(IMAGES, epochs=2, batch_size=4, shuffle=False, verbose=0)
    part.save(tmp_path / "distiller.keras")
    resumed = keras.saving.load_model(tmp_path / "distiller.keras")
    assert isinstance(resumed, ScatteringDistiller)
    # Other images would give other path weights, if they were computed again.
    assert_close(resumed.path_weights, part.path_weights, 0)
    resumed.fit(IMAGES, epochs=4, initial_epoch=2, batch_size=4, shuffle=False, verbose=0)
    assert_close(resumed(IMAGES), whole(IMAGES))


def test_weights_round_trip(tmp_path):
    first, second = compiled(student()), compiled(student(kernel_initializer="he_normal"))
    for model in (first, second):
        model.fit(IMAGES, verbose=0)
    first.save_weights(tmp_path / "distiller.weights.h5")
    second.load_weights(tmp_path / "distiller.weights.h5")
    assert_close(second(IMAGES), first(IMAGES), 0)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="SavedModel is TensorFlow's")
def test_the_distiller_exports_its_student(tmp_path):
    distiller = compiled(student())
    distiller.fit(IMAGES, verbose=0)
    distiller.export(tmp_path / "student", verbose=False)
    loaded = tf.saved_model.load(tmp_path / "student")
    assert_close(loaded.serve(IMAGES), distiller(IMAGES))

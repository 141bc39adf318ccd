import keras
import numpy as np
import pytest
import scipy.ndimage
from compare import assert_close, images, to_numpy

from keras_scatter.perturbations import shift
from keras_scatter.preprocessing import LocalContrastNormalization, RandomShift, balanced_sample

pytestmark = pytest.mark.keras_version


def twin(x, size=7, sigma=1.75, floor=1e-4):
    """The normalisation of `(N, H, W, C)` with SciPy."""
    taps = np.exp(-((np.arange(size) - size // 2) ** 2) / (2 * sigma**2))
    kernel = np.outer(taps, taps)[None, :, :, None]

    def mean(maps):
        maps = maps.mean(-1, keepdims=True)
        sums = [scipy.ndimage.convolve(part, kernel, mode="constant") for part in (maps, np.ones_like(maps))]
        return sums[0] / sums[1]

    x = x.astype("float64")
    x = x - mean(x)
    return x / np.maximum(np.sqrt(mean(x**2)), floor)


@pytest.mark.parametrize("arguments", [{}, {"size": 3, "sigma": 1.0, "floor": 0.2}])
def test_local_contrast(arguments):
    x = images(2, 9, 12, 3)
    assert_close(LocalContrastNormalization(**arguments)(x), twin(x, **arguments))
    first = LocalContrastNormalization(data_format="channels_first", **arguments)(np.moveaxis(x, -1, 1))
    assert_close(np.moveaxis(to_numpy(first), 1, -1), twin(x, **arguments))


def test_a_constant_image_has_no_contrast():
    found = to_numpy(LocalContrastNormalization()(np.full((1, 8, 8, 3), 0.5, "float32")))
    assert np.abs(found).max() < 1e-2 and np.isfinite(found).all()
    # Neither brightness nor contrast matters.
    x = images(1, 8, 8, 1)
    assert_close(LocalContrastNormalization()(3 * x + 1), LocalContrastNormalization()(x), 1e-4)


@pytest.mark.parametrize("policy", ["float64", "mixed_bfloat16"])
def test_dtypes_of_local_contrast(policy, float64):
    x = images(1, 8, 8, 3)
    found = LocalContrastNormalization(dtype=policy)(x)
    assert keras.backend.standardize_dtype(found.dtype) == policy.removeprefix("mixed_")
    assert_close(found, twin(x), 1e-6 if policy == "float64" else 0.02)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_shifts(data_format):
    x = images(40, 5, 6, 2)
    given = x if data_format == "channels_last" else np.moveaxis(x, -1, 1)
    layer = RandomShift(2, seed=1, data_format=data_format)
    assert np.array_equal(to_numpy(layer(given)), given)
    found = to_numpy(layer(given, training=True))
    found = found if data_format == "channels_last" else np.moveaxis(found, 1, -1)
    seen = set()
    for before, after in zip(x, found):
        which = [
            (rows, columns)
            for rows in range(-2, 3)
            for columns in range(-2, 3)
            if np.array_equal(shift(before[None], rows, columns)[0], after)
        ]
        assert len(which) == 1
        seen.add(which[0])
    assert len(seen) > 10 and {rows for rows, _ in seen} == {columns for _, columns in seen} == set(range(-2, 3))
    assert not np.array_equal(to_numpy(layer(given, training=True)), to_numpy(layer(given, training=True)))


def test_seeds_of_shifts():
    x = images(8, 6, 6, 1)
    first, same, other = (to_numpy(RandomShift(3, seed=seed)(x, training=True)) for seed in (0, 0, 1))
    assert np.array_equal(first, same) and not np.array_equal(first, other)


def test_layers_in_a_model(tmp_path):
    layers = [LocalContrastNormalization(5), RandomShift(2, seed=3), keras.layers.Flatten(), keras.layers.Dense(2)]
    model = keras.Sequential([keras.Input((8, 8, 3)), *layers])
    x = images(4, 8, 8, 3)
    model.compile("sgd", "mse")
    assert np.isfinite(model.fit(x, np.zeros((4, 2)), verbose=0).history["loss"][0])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert_close(loaded(x), model(x))
    assert [layer.get_config() for layer in loaded.layers[:2]] == [layer.get_config() for layer in model.layers[:2]]


def test_samples():
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(10), 50))
    found = balanced_sample(labels, 30, seed=4)
    assert found.shape == (30,) and (np.diff(found) > 0).all()
    # The same positions in every class, those of NumPy's permutation.
    positions = np.random.RandomState(4).permutation(50)[:3]
    for label in range(10):
        of_class = np.flatnonzero(labels == label)
        assert set(of_class[positions]) == set(found) & set(of_class)
    assert set(found) <= set(balanced_sample(labels, 100, seed=4))
    assert not np.array_equal(found, balanced_sample(labels, 30, seed=5))


LABELS = np.repeat([0, 1, 2], [5, 6, 7])


@pytest.mark.parametrize(
    ("wrong", "error", "text"),
    [
        (
            lambda: balanced_sample(LABELS, 4),
            ValueError,
            "count must be a multiple of the number of classes, 3",
        ),
        (lambda: balanced_sample(LABELS, 18), ValueError, "the smallest class has 5 items. Received: count=18"),
        (lambda: balanced_sample(LABELS, 0), ValueError, "count must be an integer >= 1. Received: count=0"),
        (lambda: balanced_sample(LABELS / 2, 3), TypeError, "labels must be integers. Received: dtype=float64"),
        (lambda: balanced_sample(LABELS[None], 3), ValueError, "labels must have the shape (n,), n at least 1"),
        (lambda: balanced_sample(LABELS, 3, seed=-1), ValueError, "seed must be an integer from 0 to 4294967295"),
        (lambda: LocalContrastNormalization(6), ValueError, "size must be an odd integer. Received: size=6"),
        (lambda: LocalContrastNormalization(sigma=0), ValueError, "sigma must be a number > 0. Received: sigma=0"),
        (lambda: LocalContrastNormalization(floor=-1), ValueError, "floor must be a number > 0. Received: floor=-1"),
        (lambda: RandomShift(0), ValueError, "pixels must be an integer >= 1. Received: pixels=0"),
        (lambda: RandomShift(8)(images(1, 8, 9, 1)), ValueError, "Images must be larger than the shift, 8 pixels"),
        (lambda: RandomShift(1)(np.zeros((2, 8, 8), "float32")), ValueError, "expected ndim=4"),
    ],
)
def test_bad_input(wrong, error, text):
    with pytest.raises(error) as caught:
        wrong()
    assert text in str(caught.value)

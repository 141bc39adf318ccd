import keras
import numpy as np
import pytest
from compare import BACKEND, TOLERANCE, assert_close, gradient, images, to_numpy
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from keras_scatter.filters.dtcwt_taps import BIORT_NAMES, QSHIFT_NAMES
from keras_scatter.functional.inverse_dual_tree import is_solved
from keras_scatter.layers import DTCWT, InverseDTCWT

NAMES = [*zip(BIORT_NAMES, QSHIFT_NAMES, strict=True), ("near_sym_b_bp", "qshift_b_bp")]


@pytest.mark.parametrize(("biort", "qshift"), NAMES)
def test_perfect_reconstruction(biort, qshift):
    x = images(2, 37, 50, 2) - 0.5
    assert_close(InverseDTCWT(biort, qshift)(DTCWT(2, biort, qshift)(x), size=(37, 50)), x)


@pytest.mark.parametrize(("biort", "qshift"), NAMES)
def test_perfect_reconstruction_in_double_precision(biort, qshift, float64):
    x = np.random.default_rng(0).normal(size=(1, 1, 19, 22))
    arguments = {"biort": biort, "qshift": qshift, "data_format": "channels_first", "dtype": "float64"}
    found = InverseDTCWT(**arguments)(DTCWT(3, **arguments)(x), size=(19, 22))
    assert keras.backend.standardize_dtype(found.dtype) == "float64"
    assert_close(found, x, TOLERANCE["float64"])


@settings(max_examples=6, deadline=None, derandomize=True)
@given(st.data())
def test_any_arguments(data):
    levels = data.draw(st.integers(1, 4))
    biort, qshift = data.draw(st.sampled_from(BIORT_NAMES)), data.draw(st.sampled_from(QSHIFT_NAMES))
    sizes = st.integers(2**levels, 40)
    x = images(*(data.draw(size) for size in (st.integers(1, 2), sizes, sizes, st.integers(1, 3)))) - 0.5
    last, dtype = data.draw(st.booleans()), data.draw(st.sampled_from(["float32", "mixed_float16", "mixed_bfloat16"]))
    x = x if last else x.transpose(0, 3, 1, 2)
    arguments = {"biort": biort, "qshift": qshift, "data_format": "channels_last" if last else "channels_first"}
    size = x.shape[1:3] if last else x.shape[2:]
    layer = InverseDTCWT(**arguments, dtype=dtype)
    found = layer(DTCWT(levels, **arguments)(x), size=size)
    assert keras.backend.standardize_dtype(found.dtype) == layer.compute_dtype
    assert_close(ops.cast(found, "float32"), x, TOLERANCE[layer.compute_dtype])


@pytest.mark.parametrize(("biort", "qshift"), NAMES)
def test_small_images_come_back(biort, qshift):
    x = images(1, 3, 1, 2) - 0.5
    assert_close(InverseDTCWT(biort, qshift)(DTCWT(4, biort, qshift)(x), size=(3, 1)), x)


@pytest.mark.parametrize("biort", ["near_sym_a", "near_sym_b_bp"])
def test_an_empty_batch_gives_an_empty_one(biort):
    coefficients = DTCWT(2, biort)(np.zeros((0, 8, 12, 3), "float32"))
    assert InverseDTCWT(biort)(coefficients).shape == (0, 8, 12, 3)


def test_even_sizes_need_no_size():
    x = images(1, 20, 12, 1)
    assert_close(InverseDTCWT()(DTCWT(2)(x)), x)


def test_it_is_linear_in_any_coefficients():
    """Also in those that no image has."""
    generator = np.random.default_rng(0)
    shapes = keras.tree.map_structure(lambda part: tuple(part.shape), DTCWT(2)(images(1, 16, 16, 1)))
    low, high = shapes

    def draw():
        parts = [tuple(generator.normal(size=shape).astype("float32") for shape in pair) for pair in high]
        return generator.normal(size=low).astype("float32"), parts

    first, second = draw(), draw()
    total = keras.tree.map_structure(lambda a, b: a + 2 * b, first, second)
    layer = InverseDTCWT()
    assert_close(layer(total), to_numpy(layer(first)) + 2 * to_numpy(layer(second)))


def test_in_a_model_of_any_size():
    inputs = keras.Input((None, None, 1))
    model = keras.Model(inputs, InverseDTCWT()(DTCWT(3)(inputs)))
    assert model.output_shape == (None, None, None, 1)
    for size in ((16, 12), (10, 22)):
        x = images(2, *size, 1)
        assert_close(model.predict(x, verbose=0), x)


def test_in_a_model_of_known_odd_size():
    inputs = keras.Input((33, 47, 1))
    model = keras.Model(
        inputs, InverseDTCWT("farras", "qshift_32")(DTCWT(2, "farras", "qshift_32")(inputs), size=(33, 47))
    )
    assert model.output_shape == (None, 33, 47, 1)
    x = images(2, 33, 47, 1)
    assert_close(model.predict(x, verbose=0), x)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="only TensorFlow traces with unknown sizes")
@pytest.mark.parametrize("name", [name for name in (*BIORT_NAMES, *QSHIFT_NAMES) if is_solved(name)])
def test_filters_that_are_solved_for_need_sizes(name):
    argument = "biort" if name in BIORT_NAMES else "qshift"
    inputs = keras.Input((None, None, 1))
    model = keras.Model(inputs, InverseDTCWT(**{argument: name})(DTCWT(2, **{argument: name})(inputs)))
    model.predict(images(1, 8, 8, 1), verbose=0)
    # Other sizes than those of the first batch make Keras forget them.
    with pytest.raises(ValueError, match=f"needs to know the sizes .* Received: {argument}='{name}'"):
        model.predict(images(1, 12, 10, 1), verbose=0)


def coefficients(low, *high):
    return np.zeros(low, "float32"), [tuple(np.zeros(shape, "float32") for shape in pair) for pair in high]


LOW, HIGH = (1, 8, 8, 2), ((1, 4, 4, 6, 2), (1, 4, 4, 6, 2))


@pytest.mark.parametrize(
    ("given_coefficients", "size", "error", "text"),
    [
        (coefficients(LOW), None, ValueError, "coefficients must be (low, high), high a sequence of pairs"),
        (np.zeros(LOW, "float32"), None, ValueError, "coefficients must be (low, high), high a sequence of pairs"),
        (coefficients((1, 8, 8), HIGH), None, ValueError, "low must be a batch of images, and high pairs of subbands"),
        (coefficients(LOW, (HIGH[0], (1, 4, 5, 6, 2))), None, ValueError, "high must hold pairs of equal shape"),
        (coefficients(LOW, ((1, 4, 4, 5, 2),) * 2), None, ValueError, "with 6 orientations and the channels of low"),
        (
            coefficients((1, 8, 8, 1), HIGH),
            None,
            ValueError,
            "the channels of low. Received: low of shape (1, 8, 8, 1)",
        ),
        (coefficients((1, 8, 6, 2), HIGH), None, ValueError, "Sizes of coefficients must halve from level to level"),
        (coefficients(LOW, HIGH, HIGH), None, ValueError, "Sizes of coefficients must halve from level to level"),
        (coefficients(LOW, HIGH), (8, 9), ValueError, "or one less. Received: size=(8, 9), subbands (4, 4)"),
        (
            coefficients(LOW, HIGH),
            8,
            TypeError,
            "size must be None or two integers, height and width. Received: size=8",
        ),
        (coefficients(LOW, HIGH), (8, 7.5), TypeError, "size must be an integer >= 1. Received: size=7.5"),
        ((np.zeros(LOW, "complex64"), [HIGH]), None, TypeError, "images must be real numbers"),
    ],
)
def test_bad_coefficients(given_coefficients, size, error, text):
    with pytest.raises(error) as caught:
        InverseDTCWT()(given_coefficients, size=size)
    assert text in str(caught.value)


def test_bad_arguments():
    with pytest.raises(ValueError, match="Received: biort='haar'"):
        InverseDTCWT("haar")
    with pytest.raises(ValueError, match="Received: qshift='db4'"):
        InverseDTCWT(qshift="db4")


@pytest.mark.parametrize("biort", ["near_sym_a", "near_sym_b_bp"])
def test_gradient(biort, float64):
    """Of a linear function: with the low-pass alone, the gradient of <R low, w> times low is that value."""
    generator = np.random.default_rng(0)
    low, high = DTCWT(2, biort, dtype="float64")(generator.normal(size=(1, 10, 12, 1)))
    layer = InverseDTCWT(biort, dtype="float64")
    zeros = keras.tree.map_structure(ops.zeros_like, high)
    weighting = ops.convert_to_tensor(generator.normal(size=(1, 10, 12, 1)))

    def value(low):
        return ops.sum(layer((low, zeros)) * weighting)

    found = gradient(value, to_numpy(low))
    assert abs((found * to_numpy(low)).sum() - float(value(low))) < 1e-10 * np.abs(found).sum()


def test_the_config_makes_the_same_layer():
    layer = InverseDTCWT("legall", "qshift_c", "channels_first", name="back", dtype="mixed_float16")
    again = InverseDTCWT.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert (again.biort, again.qshift, again.data_format) == ("legall", "qshift_c", "channels_first")

import pathlib

import common
import keras
import numpy as np
import pytest
from compare import TOLERANCE, assert_close, gradient, images, to_numpy
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

from keras_scatter.filters.dtcwt_taps import BIORT_NAMES, QSHIFT_NAMES, level_1, level_2
from keras_scatter.layers import DTCWT

pytestmark = pytest.mark.keras_version

GOLDEN = sorted((pathlib.Path(__file__).parents[1] / "golden").glob("dtcwt2d_*.npz"))


def filtered(x, bands, step):
    """Each filter along the last axis, read sample by sample from the mirrored axis; the two trees interleaved."""
    length, margin = x.shape[-1], 70
    padded = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(margin, margin)], mode="symmetric")
    found = []
    for trees in bands:
        parts = []
        for start, stride, taps in trees:
            read = [padded[..., margin + start + stride * k :][..., :length:step] for k in range(len(taps))]
            parts.append(sum(tap * samples for tap, samples in zip(taps, read)))
        found.append(np.stack(parts, axis=-1).reshape(*x.shape[:-1], -1))
    return found


def along_height(x, bands, step):
    return [np.swapaxes(part, -1, -2) for part in filtered(np.swapaxes(x, -1, -2), bands, step)]


def twin(x, levels, biort, qshift):
    """The transform of planes `(n, H, W)` in plain NumPy: `low`, and for each level `(n, 6, h, w)` complex."""
    high = []
    for level in range(levels):
        bands, step = (level_2(qshift), 4) if level else (level_1(biort), 2)
        odd = [size % (4 if level else 2) // (2 if level else 1) for size in x.shape[1:]]
        x = np.pad(x, [(0, 0), *((level and n, n) for n in odd)], mode="edge")
        low, top, *band = filtered(x, bands, step)
        x, lh = along_height(low, bands[:2], step)
        hl = along_height(top, bands[:1], step)[0]
        hh = along_height(band[0] if band else top, bands[-1:], step)[0]
        parts = []
        for real in (lh, hh, hl):
            a, b, c, d = (real[:, i::2, j::2] for i in (0, 1) for j in (0, 1))
            parts.append([(a - d + 1j * (b + c)) / 2**0.5, (a + d + 1j * (b - c)) / 2**0.5])
        (deg15, deg165), (deg45, deg135), (deg75, deg105) = parts
        high.append(np.stack([deg15, deg45, deg75, deg105, deg135, deg165], axis=1))
    return x, high


def complex_planes(high):
    """Subbands with channels last as complex `(n * C, 6, h, w)`."""
    z = to_numpy(high[0]) + 1j * to_numpy(high[1])
    return z.transpose(0, 4, 3, 1, 2).reshape(-1, *(z.shape[i] for i in (3, 1, 2)))


def planes(x):
    return x.transpose(0, 3, 1, 2).reshape(-1, *x.shape[1:3])


def test_there_are_golden_files():
    assert len(GOLDEN) == 2


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_equals_pytorch_wavelets(path):
    golden = np.load(path)
    levels = int(golden["J"])
    low, high = DTCWT(levels, str(golden["biort"]), str(golden["qshift"]), "channels_first")(golden["x"])
    assert_close(low, golden["yl"], 1e-6)
    assert len(high) == levels
    for level, (real, imag) in enumerate(high, 1):
        assert_close(real, golden[f"yh{level}"][..., 0], 1e-6)
        assert_close(imag, golden[f"yh{level}"][..., 1], 1e-6)


@pytest.mark.parametrize(("biort", "qshift"), zip(BIORT_NAMES, QSHIFT_NAMES, strict=True))
def test_all_filters_equal_the_numpy_twin(biort, qshift):
    x = images(1, 18, 35, 2) - 0.5
    low, high = DTCWT(2, biort, qshift)(x)
    expected_low, expected_high = twin(planes(x), 2, biort, qshift)
    assert_close(planes(to_numpy(low)), expected_low)
    for found, expected in zip(high, expected_high, strict=True):
        assert_close(complex_planes(found), expected)


@settings(max_examples=6, deadline=None, derandomize=True)
@given(st.data())
def test_any_arguments(data):
    levels = data.draw(st.integers(1, 3))
    biort, qshift = data.draw(st.sampled_from(BIORT_NAMES)), data.draw(st.sampled_from(QSHIFT_NAMES))
    sizes = st.integers(2**levels, 24)
    x = images(*(data.draw(size) for size in (st.integers(1, 2), sizes, sizes, st.integers(1, 2)))) - 0.5
    last = data.draw(st.booleans())
    dtype = data.draw(st.sampled_from(["float32", "mixed_float16", "mixed_bfloat16"]))
    layer = DTCWT(levels, biort, qshift, "channels_last" if last else "channels_first", dtype=dtype)
    given_x = x if last else x.transpose(0, 3, 1, 2)
    found = layer(given_x)
    shapes = keras.tree.map_structure(lambda part: tuple(part.shape), found)
    assert keras.tree.flatten(shapes) == keras.tree.flatten(layer.compute_output_shape(given_x.shape))
    low, high = keras.tree.map_structure(lambda part: ops.cast(part, "float32"), found)
    if not last:
        low = ops.transpose(low, (0, 2, 3, 1))
        high = [[ops.transpose(part, (0, 3, 4, 2, 1)) for part in pair] for pair in high]
    expected_low, expected_high = twin(planes(x), levels, biort, qshift)
    tolerance = TOLERANCE[layer.compute_dtype]
    assert_close(planes(to_numpy(low)), expected_low, tolerance)
    for pair, expected in zip(high, expected_high, strict=True):
        assert_close(complex_planes(pair), expected, tolerance)


@pytest.mark.parametrize("biort", BIORT_NAMES)
def test_orientations(biort):
    """Waves of the six directions, rows downwards, are stronger in their own subbands than in the mirrored ones."""
    u, v = np.mgrid[:64, :64]
    angles = np.deg2rad([15, 45, 75, 105, 135, 165])
    waves = [np.cos(2.0 * (u * np.cos(angle) + v * np.sin(angle))) for angle in angles]
    _, ((real, imag),) = DTCWT(1, biort)(np.stack(waves)[..., None].astype("float32"))
    energy = (to_numpy(real) ** 2 + to_numpy(imag) ** 2)[:, 8:-8, 8:-8].mean((1, 2, 4))
    own = np.diag(energy)
    assert np.all(own > 2.4 * np.diag(energy[:, ::-1])), energy
    assert np.all(energy.argmax(0) == np.arange(6)), energy


def test_double_precision(float64):
    x = np.random.default_rng(0).normal(size=(1, 9, 12, 1))
    low, high = DTCWT(2, dtype="float64")(x)
    expected_low, expected_high = twin(planes(x), 2, "near_sym_a", "qshift_a")
    assert keras.backend.standardize_dtype(low.dtype) == "float64"
    assert_close(planes(to_numpy(low)), expected_low, TOLERANCE["float64"])
    assert_close(complex_planes(high[1]), expected_high[1], TOLERANCE["float64"])


@pytest.mark.skipif(keras.backend.backend() != "jax", reason="only JAX has to be told to use float64")
def test_double_precision_must_be_enabled():
    with pytest.raises(ValueError, match="JAX_ENABLE_X64=1"):
        DTCWT(dtype="float64")


def test_symbolic_shapes_and_sizes_that_change():
    """`Input((None, None, C))`, in predict and eagerly, with sizes from batch to batch."""
    layer = DTCWT(3)
    inputs = keras.Input((None, None, 2))
    low, high = layer(inputs)
    assert low.shape == (None, None, None, 2)
    assert [part.shape for pair in high for part in pair] == [(None, None, None, 6, 2)] * 6
    model = keras.Model(inputs, (low, high))
    for height, width in [(16, 12), (9, 21)]:
        x = images(3, height, width, 2)
        for found, expected in zip(keras.tree.flatten(model.predict(x, verbose=0)), keras.tree.flatten(layer(x))):
            assert_close(found, expected)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"levels": 0}, ValueError, "levels must be an integer from 1 to 32. Received: levels=0"),
        ({"levels": 1.0}, TypeError, "levels must be an integer from 1 to 32. Received: levels=1.0"),
        ({"biort": "haar"}, ValueError, "'near_sym_b_bp'. Received: biort='haar'"),
        ({"qshift": "qshift_e"}, ValueError, "qshift must be one of 'qshift_06', 'qshift_32', 'qshift_a'"),
        ({"data_format": "NHWC"}, ValueError, "'channels_first'. Received: data_format='NHWC'"),
    ],
)
def test_bad_arguments(arguments, error, text):
    with pytest.raises(error) as caught:
        DTCWT(**arguments)
    assert text in str(caught.value)


BAD_IMAGES = [
    (np.zeros((1, 0, 8, 1), "float32"), ValueError, "Image height must be at least 1 pixels. Received: Image height=0"),
    (np.zeros((1, 8, 8, 0), "float32"), ValueError, "channels must be at least 1. Received: input shape (1, 8, 8, 0)"),
    *common.BAD_IMAGES[2:],
]


@pytest.mark.parametrize(("image", "error", "text"), BAD_IMAGES)
def test_bad_images(image, error, text):
    common.check_bad_images(DTCWT(levels=2), image, error, text)


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (2, 3, 8, 1), (1, 5, 2, 2)])
def test_images_smaller_than_the_scale_are_extended(shape):
    """Every low-pass to a multiple of four by its end samples, as in pytorch_wavelets."""
    x = images(*shape) - 0.5
    layer = DTCWT(4, "near_sym_b", "qshift_b")
    low, high = layer(x)
    expected_low, expected_high = twin(planes(x), 4, "near_sym_b", "qshift_b")
    assert_close(planes(to_numpy(low)), expected_low)
    for pair, expected in zip(high, expected_high, strict=True):
        # Subbands may be zero.
        assert np.abs(complex_planes(pair) - expected).max() < 1e-5
    shapes = keras.tree.map_structure(lambda part: tuple(part.shape), (low, high))
    assert keras.tree.flatten(shapes) == keras.tree.flatten(layer.compute_output_shape(shape))


def test_an_empty_batch_gives_empty_outputs():
    low, high = DTCWT(2)(np.zeros((0, 8, 12, 3), "float32"))
    assert low.shape == (0, 4, 6, 3)
    assert [tuple(part.shape) for pair in high for part in pair] == [(0, 4, 6, 6, 3)] * 2 + [(0, 2, 3, 6, 3)] * 2


def test_integers_are_cast_unscaled_and_nan_stays():
    x = np.random.default_rng(0).integers(0, 256, (2, 8, 8, 1)).astype("uint8")
    layer = DTCWT(2)
    assert_close(layer(x)[0], layer(x.astype("float32"))[0], 1e-6)
    broken = x.astype("float32")
    broken[0, 3, 4] = np.nan
    for part in keras.tree.flatten(layer(broken)):
        assert np.isnan(to_numpy(part)[0]).any() and np.isfinite(to_numpy(part)[1]).all()


def test_gradient(float64):
    """The transform is linear: the gradient of <T x, w> is T's transpose on w, for any x."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(1, 9, 14, 1))
    layer = DTCWT(2, dtype="float64")
    weights = [generator.normal(size=part.shape) for part in keras.tree.flatten(layer(x))]

    def value(x):
        return sum(ops.sum(part * ops.convert_to_tensor(w)) for part, w in zip(keras.tree.flatten(layer(x)), weights))

    found = gradient(value, np.zeros_like(x))
    assert abs((found * x).sum() - float(value(ops.convert_to_tensor(x)))) < 1e-10 * np.abs(found).sum()


def test_the_config_makes_the_same_layer():
    layer = DTCWT(2, "legall", "qshift_c", "channels_first", name="tree", dtype="mixed_float16")
    again = DTCWT.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    assert (again.levels, again.biort, again.qshift, again.data_format) == (2, "legall", "qshift_c", "channels_first")

"""Networks behind a scattering transform: their layers and weights, numbers, training, files, arguments."""

import pathlib

import keras
import numpy as np
import pytest
from compare import BACKEND, assert_close, images, once, to_numpy

from keras_scatter.layers import ScatteringFFT
from keras_scatter.models import (
    ConvNetMNIST,
    InvariantNetMNIST,
    ScatNetHybrid,
    ScatResNet10,
    ScatResNet50,
    ScatteringMLP,
    ScatWideResNet,
    SharedLocalEncoder,
    VGGInvariant,
    WideScatResNet50,
)

pytestmark = pytest.mark.keras_version

GOLDEN = pathlib.Path(__file__).parents[1] / "golden" / "hybrid_networks.npz"
NAMES = ("ScatResNet10", "ScatResNet50", "WideScatResNet50", "ScatWideResNet", "SharedLocalEncoder", "ScatteringMLP")
MODELS = {name: globals()[name] for name in NAMES}
TINY = {"J": 2, "L": 2, "classes": 3}
# Name, arguments that make it small, shape of its images.
SMALL = {
    "ten": (ScatResNet10, {"width": 3, **TINY}, (16, 16, 3)),
    "fifty": (ScatResNet50, {"width": 2, **TINY}, (16, 16, 1)),
    "cifar": (ScatWideResNet, {"variant": "cifar", "k": 1, **TINY}, (8, 8, 3)),
    "stl": (ScatWideResNet, {"variant": "stl", "k": 1, **TINY}, (16, 16, 1)),
    "encoder": (SharedLocalEncoder, {"widths": (4, 3), "dense_widths": (5,), "order": 1, **TINY}, (16, 16, 3)),
    "dense": (ScatteringMLP, {"widths": (6, 4), **TINY}, (8, 8, 1)),
}
small = pytest.mark.parametrize("name", SMALL)


def make(which, **others):
    kind, arguments, shape = SMALL[which]
    return kind(**{"input_shape": shape, **arguments, **others})


def filled(model):
    """The model with weights that depend on nothing but their shapes, and keep activations at one size."""
    generator = np.random.default_rng(0)
    values = []
    for weight in model.weights:
        value = generator.uniform(0.5, 1.5, weight.shape)
        if weight.name == "kernel":
            value = generator.normal(size=weight.shape) * np.sqrt(2 / np.prod(weight.shape[:-1]))
        values.append(value)
    model.set_weights(values)
    return model


@pytest.fixture(scope="module")
def built():
    """Filled models, made once. Tests leave their weights alone."""
    return {name: filled(make(name, classifier_activation=None)) for name in SMALL}


def batch(name, size=2):
    return images(size, *SMALL[name][2])


def trainable(model):
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)


@pytest.fixture
def quick_initializers(monkeypatch):
    """A hundred million random numbers take seconds."""
    monkeypatch.setattr(
        keras.initializers.VarianceScaling, "__call__", lambda self, *args, **kw: keras.ops.zeros(*args)
    )


@once
@pytest.mark.parametrize(
    ("kind", "arguments", "learned", "statistics"),
    [
        (ScatResNet10, {}, 11_441_640, 7_830),
        (ScatResNet10, {"order": 2}, 12_768_744, 8_982),
        (ScatResNet50, {}, 27_850_856, 58_112),
        (WideScatResNet50, {}, 107_015_400, 116_224),
        (ScatWideResNet, {"variant": "cifar"}, 10_778_762, 8_422),
        (ScatWideResNet, {"variant": "stl"}, 11_320_586, 8_166),
        (SharedLocalEncoder, {}, 60_096_744, None),
        (ScatteringMLP, {}, 18_038_794, None),
    ],
)
def test_numbers_of_weights(kind, arguments, learned, statistics, quick_initializers):
    model = kind(**arguments)
    assert trainable(model) == learned
    if statistics is not None:
        assert model.count_params() - learned == statistics
    # The same network on features has the same weights.
    if kind is ScatResNet10:
        features = kind(**arguments, scattering=None)
        assert features.input_shape == (None, *model.get_layer("scattering").output.shape[1:])
        assert trainable(features) == learned


@pytest.mark.parametrize(
    ("name", "convolutions", "shapes"),
    [
        ("ten", 10, {"stem_relu": (4, 4, 3), "group1_block2_relu": (4, 4, 3), "group2_block2_relu": (2, 2, 6)}),
        ("fifty", 52, {"group1_block5_relu": (4, 4, 8), "group2_block8_relu": (2, 2, 16), "mean": (32,)}),
        ("cifar", 11, {"stem_relu": (2, 2, 16), "group1_block2_relu": (2, 2, 32), "group2_block2_relu": (2, 2, 64)}),
        ("stl", 10, {"stem_relu": (4, 4, 32), "group1_block2_relu": (4, 4, 32), "group2_block2_relu": (2, 2, 64)}),
        ("encoder", 2, {"local1_relu": (4, 4, 4), "flatten": (48,), "dense1_relu": (5,)}),
    ],
)
def test_layers(built, name, convolutions, shapes):
    model = built[name]
    found = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    assert len(found) == convolutions
    assert {part: model.get_layer(part).output.shape[1:] for part in shapes} == shapes
    assert [layer.name for layer in found if layer.use_bias] == (["stem"] if name == "ten" else [])
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            assert layer.epsilon == 1e-5
            fast = name == "ten" and layer.name == "features_norm"
            assert layer.momentum == (0.1 if fast else 0.9)
            assert layer.scale == layer.center == (layer.name != "features_norm")


@pytest.mark.parametrize("name", ["ten", "fifty", "stl"])
def test_strided_convolutions_are_padded_on_all_sides(built, name):
    """The map of ones is four where all sides of a 3x3 kernel of ones but two meet the border: at the first corner."""
    model = built[name]
    strided = [
        layer for layer in model.layers if getattr(layer, "strides", None) == (2, 2) and "shortcut" not in layer.name
    ]
    assert len(strided) == (2 if name == "fifty" else 1)
    for layer in strided:
        padding = layer.input._keras_history.operation
        x = np.ones((1, *padding.input.shape[1:]), "float32")
        found = keras.ops.conv(padding(x)[..., :1], np.ones((3, 3, 1, 1), "float32"), layer.strides, layer.padding)
        expected = np.full(found.shape[1:3], 9.0)
        expected[0, :], expected[:, 0], expected[0, 0] = 6, 6, 4
        assert_close(found[0, :, :, 0], expected, 0)


@small
def test_backends_agree(built, name):
    """The numbers of TensorFlow are in the file; weights are the same on all backends."""
    with np.load(GOLDEN) as golden:
        assert_close(built[name](batch(name)), golden[name], 1e-4)


@small
def test_a_step_of_training_moves_all_that_learns(name):
    model = filled(make(name))
    # TensorFlow takes long to trace fifty layers.
    eager = BACKEND == "tensorflow" and name in ("fifty", "cifar", "stl")
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy", run_eagerly=eager)
    before = {weight.path: to_numpy(weight) for weight in model.weights}
    history = model.fit(batch(name, 4), np.arange(4) % 3, verbose=0)
    assert np.isfinite(history.history["loss"][0])
    # Normalisations in a row leave nothing to learn for some shifts.
    weights = [weight for weight in model.weights if weight.name in ("kernel", "moving_mean", "moving_variance")]
    still = [weight.path for weight in weights if np.array_equal(before[weight.path], to_numpy(weight))]
    assert not still


@pytest.mark.parametrize("name", ["ten", "fifty", "stl", "encoder", "dense"])
def test_files(built, name, tmp_path):
    model, x = built[name], batch(name)
    expected = model(x)
    model.save(tmp_path / "model.keras")
    assert_close(keras.models.load_model(tmp_path / "model.keras")(x), expected)
    model.save_weights(tmp_path / "model.weights.h5")
    loaded = make(name, classifier_activation=None, weights=tmp_path / "model.weights.h5", name="other")
    assert_close(loaded(x), expected)


@pytest.mark.parametrize("name", ["encoder"] if BACKEND == "torch" else ["ten", "encoder"])
def test_exported_files(built, name, tmp_path):
    model, x = built[name], batch(name)
    if BACKEND == "torch":
        import torch

        batches = {"dynamic_shapes": {0: torch.export.Dim("batch", max=64)}}
        model.export(tmp_path / "model.pt2", format="torch", verbose=False, **batches)
        found = torch.export.load(tmp_path / "model.pt2").module()(torch.tensor(x)).detach()
    else:
        import tensorflow as tf

        model.export(tmp_path / "model", verbose=False)
        loaded = tf.saved_model.load(tmp_path / "model")
        found = loaded.serve(x)
    assert_close(np.asarray(found), model(x))


@pytest.mark.parametrize(("J", "order", "allowed"), [(2, 2, 0.02), (3, 1, 0.01)])
def test_distilled_features(J, order, allowed):
    exact, distilled = (
        ScatteringMLP((32, 32, 3), J, order=order, widths=(2,), scattering=kind) for kind in ("exact", "distilled")
    )
    x = images(2, 32, 32, 3)
    found, expected = (
        keras.Model(model.input, model.get_layer("scattering").output)(x) for model in (distilled, exact)
    )
    assert_close(found, expected, allowed)
    assert trainable(distilled) == trainable(exact)
    distilled.get_layer("scattering").trainable = True
    assert trainable(distilled) > trainable(exact)


def test_features_may_come_in(built):
    kind, arguments, _ = SMALL["ten"]
    model = kind((4, 4, 15), **arguments, scattering=None, classifier_activation=None)
    model.set_weights(built["ten"].get_weights())
    features = ScatteringFFT(2, 2, 1)(batch("ten"))
    assert_close(model(features), built["ten"](batch("ten")))


OLDER = {
    "ConvNetMNIST": lambda **others: ConvNetMNIST(filters=(2, 3), **others),
    "InvariantNetMNIST": lambda **others: InvariantNetMNIST(filters=(2, 3), **others),
    "VGGInvariant": lambda **others: VGGInvariant(swap=["invB"], width=2, **others),
    "ScatNetHybrid": lambda **others: ScatNetHybrid("D", width=2, input_shape=(16, 20, 3), **others),
    "ten": lambda **others: make("ten", **others),
    "encoder": lambda **others: make("encoder", **others),
}
older = pytest.mark.parametrize("name", OLDER)


@older
def test_channels_first(name):
    """The weights are the same, and it can be trained."""
    last = OLDER[name]()
    x = images(2, *last.input_shape[1:])
    first = OLDER[name](data_format="channels_first")
    first.set_weights(last.get_weights())
    moved = np.moveaxis(x, -1, 1)
    assert first.input_shape[1:] == moved.shape[1:]
    assert_close(first(moved), last(x))
    if name in ("ScatNetHybrid", "ten"):
        first.compile("sgd", "sparse_categorical_crossentropy")
        assert np.isfinite(first.fit(moved, np.zeros(2), verbose=0).history["loss"][0])


@older
@pytest.mark.parametrize("policy", ["float64", "mixed_bfloat16"])
def test_dtypes(name, policy, float64):
    model = OLDER[name](dtype=policy)
    precise = OLDER[name]()
    precise.set_weights(model.get_weights())
    x = images(2, *precise.input_shape[1:])
    found = model(x)
    assert keras.backend.standardize_dtype(found.dtype) == ("float64" if policy == "float64" else "float32")
    assert {layer.compute_dtype for layer in model.layers if layer.weights and layer is not model.layers[-1]} == {
        policy.removeprefix("mixed_")
    }
    assert_close(found, precise(x), 1e-5 if policy == "float64" else 0.05)


@pytest.mark.parametrize(
    ("kind", "arguments", "error", "text"),
    [
        (ScatResNet10, {"order": 3}, ValueError, "order must be one of 1, 2. Received: order=3"),
        (ScatResNet10, {"classes": 0}, ValueError, "classes must be an integer from 1 to 65536. Received: classes=0"),
        (ScatResNet50, {"width": 1.5}, TypeError, "width must be an integer from 1 to 65536. Received: width=1.5"),
        (
            ScatResNet50,
            {"width": 10**9},
            ValueError,
            "from 1 to 65536. Received: width=1000000000",
        ),
        (ScatResNet50, {"J": 0}, ValueError, "J must be an integer from 1 to 16. Received: J=0"),
        (WideScatResNet50, {"L": 0}, ValueError, "L must be an integer >= 1. Received: L=0"),
        (
            WideScatResNet50,
            {"input_shape": (220, 224, 3)},
            ValueError,
            "input_shape must have a height and a width that are multiples of 2**J = 8. Received: input_shape=(220,",
        ),
        (
            ScatWideResNet,
            {"input_shape": (None, 32, 3)},
            ValueError,
            "known integers >= 1 such as (224, 224, 3). Received",
        ),
        (ScatWideResNet, {"input_shape": (32, 32)}, ValueError, "input_shape must be height, width and channels"),
        (
            ScatWideResNet,
            {"variant": "svhn"},
            ValueError,
            "variant must be one of 'cifar', 'stl'. Received: variant='svhn'",
        ),
        (ScatWideResNet, {"k": 0}, ValueError, "k must be an integer from 1 to 65536. Received: k=0"),
        (
            ScatWideResNet,
            {"input_shape": (8, 8, 240), "scattering": None},
            ValueError,
            "81 channels a colour for J=2, L=8, order=2, such as 243 for three. Received: input_shape=(8, 8, 240)",
        ),
        (ScatteringMLP, {"scattering": "fast"}, ValueError, "scattering must be one of 'exact', 'distilled', None"),
        (ScatteringMLP, {"widths": ()}, ValueError, "widths must be a tuple of one integer >= 1 or more. Received"),
        (ScatteringMLP, {"widths": (0,)}, ValueError, "widths must be an integer from 1 to 65536. Received: widths=0"),
        (ScatteringMLP, {"dropout": 1}, ValueError, "dropout must be a number >= 0 and < 1. Received: dropout=1"),
        (
            SharedLocalEncoder,
            {"dense_widths": 5},
            ValueError,
            "dense_widths must be a tuple of integers >= 1. Received",
        ),
        (ScatteringMLP, {"dtype": "int8"}, ValueError, "dtype must be None, a float type such as"),
        (ScatteringMLP, {"data_format": "NCHW"}, ValueError, "data_format must be one of None, 'channels_last'"),
        (ConvNetMNIST, {"dtype": "float3"}, ValueError, "Received: dtype='float3'"),
        (ScatteringMLP, {"weights": "imagenet"}, ValueError, "weights must be None or the path of a file"),
    ],
)
def test_bad_arguments(kind, arguments, error, text):
    with pytest.raises(error) as caught:
        kind(**arguments)
    assert text in str(caught.value)

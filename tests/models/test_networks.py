"""The models of the paper on locally invariant layers: shapes, sizes, files, arguments."""

import itertools

import keras
import numpy as np
import pytest
from compare import assert_close, images, to_numpy

from keras_scatter.models import ConvNetMNIST, InvariantNetMNIST, ScatNetHybrid, VGGInvariant

pytestmark = pytest.mark.keras_version

MIXINGS = ("1x1", "3x3", "impulse", "gaussian", "random", "dct")
# Function, arguments that make it small, shape of its images, classes.
SMALL = {
    "ConvNetMNIST": (ConvNetMNIST, {"filters": (2, 3)}, (28, 28, 1), 10),
    "InvariantNetMNIST": (InvariantNetMNIST, {"mixing": "impulse", "filters": (2, 3), "seed": 4}, (28, 28, 1), 10),
    "VGGInvariant": (VGGInvariant, {"dataset": "cifar100", "swap": ["invB", "invC"], "width": 2}, (32, 32, 3), 100),
    "ScatNetHybrid A": (ScatNetHybrid, {"variant": "A", "width": 2, "input_shape": (16, 20, 3)}, (16, 20, 3), 10),
    "ScatNetHybrid B": (ScatNetHybrid, {"variant": "B", "width": 2, "classes": 7, "mixing": "dct"}, (32, 32, 3), 7),
}
SMALL_MODELS = pytest.mark.parametrize(("make", "arguments", "shape", "classes"), SMALL.values(), ids=SMALL)


@SMALL_MODELS
def test_probabilities_and_logits(make, arguments, shape, classes):
    model = make(**arguments)
    assert model.input_shape == (None, *shape) and model.output_shape == (None, classes)
    assert_close(to_numpy(model(images(2, *shape))).sum(-1), np.ones(2))
    assert make(**arguments, classifier_activation=None).layers[-1].activation is keras.activations.linear


@SMALL_MODELS
def test_config_and_files(make, arguments, shape, classes, tmp_path):
    model, x = make(**arguments, name="mine"), images(2, *shape)
    # Other values than the initial ones, also for the statistics of the normalisation.
    model.set_weights([weight + 0.1 for weight in model.get_weights()])
    expected = model(x)
    again = type(model).from_config(model.get_config())
    again.set_weights(model.get_weights())
    assert_close(again(x), expected, 1e-6)
    model.save(tmp_path / "model.keras")
    assert_close(keras.models.load_model(tmp_path / "model.keras")(x), expected, 1e-6)
    model.save_weights(tmp_path / "model.weights.h5")
    loaded = make(**arguments, weights=tmp_path / "model.weights.h5")
    assert_close(loaded(x), expected, 1e-6)
    assert model.name == "mine"


@SMALL_MODELS
def test_training_moves_all_but_the_projection(make, arguments, shape, classes):
    model = make(**arguments)
    model.compile(keras.optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    before = {weight.path: to_numpy(weight) for weight in model.weights}
    for _ in range(2):
        loss = model.train_on_batch(images(4, *shape), np.arange(4))
    assert np.isfinite(to_numpy(loss))
    for weight in model.weights:
        moved = not np.array_equal(before[weight.path], to_numpy(weight))
        assert moved == ("project/" not in weight.path and "seed_generator" not in weight.path), weight.path


@pytest.mark.parametrize("mixing", MIXINGS)
def test_every_mixing(mixing):
    model = InvariantNetMNIST(mixing)
    assert [model.get_layer(name).output.shape[1:] for name in ("inv1", "inv2", "unravel")] == [
        (14, 14, 7),
        (7, 7, 49),
        (2401,),
    ]
    assert VGGInvariant(mixing=mixing, width=2).get_layer("invC").mixing == mixing


def kernels(model):
    """Number of weights of the two layers under study, without biases."""
    return sum(
        int(np.prod(weight.shape)) for layer in model.layers for weight in layer.weights[:1] if layer.name[-1] in "12"
    )


def test_costs_of_table_1_4():
    reference = kernels(ConvNetMNIST())
    assert reference == 9 * 7 * (1 + 49)
    for mixing, cost in {"1x1": 7 / 9, "impulse": 7 / 9, "random": 7 / 9, "3x3": 7, "dct": 7 / 3}.items():
        assert kernels(InvariantNetMNIST(mixing)) == pytest.approx(cost * reference)
    # The paper says 7, too.
    assert kernels(ConvNetMNIST(5, filters=(10, 100))) == 25 * 10 * 101


def test_the_seed_chooses_the_fixed_kernels():
    x = images(2, 28, 28, 1)
    models = [InvariantNetMNIST("random", seed=seed) for seed in (0, 0, 1)]
    for model in models[1:]:
        model.set_weights(models[0].get_weights())
    first, same, other = (to_numpy(model(x)) for model in models)
    assert np.array_equal(first, same) and not np.allclose(first, other)


def test_the_gain_scales_the_initial_weights():
    def weights(**arguments):
        keras.utils.set_random_seed(0)
        return to_numpy(ConvNetMNIST(**arguments).layers[1].weights[0])

    limit = np.sqrt(6 / (9 * (1 + 7)))
    assert_close(weights(gain=3.0), 3 * weights(gain=1.0), 1e-6)
    assert 0.8 * limit < abs(weights(gain=1.0)).max() <= limit


@pytest.mark.parametrize(
    ("swap", "expected"),
    [
        ((), "convA convB poolB convC convD poolD convE convF"),
        (("invA",), "invA convB poolB convC convD poolD convE convF"),
        (("invB", "invD"), "convA invB convC invD convE convF"),
        (("invE", "invF"), "convA convB poolB convC convD poolD invE invF"),
    ],
)
def test_layers_are_swapped(swap, expected):
    model = VGGInvariant("cifar10", swap, width=2)
    assert (
        " ".join(
            layer.name for layer in model.layers if layer.name[:3] in ("con", "inv", "poo") and "_" not in layer.name
        )
        == expected
    )
    shapes = [
        model.get_layer(f"{'inv' if f'inv{letter}' in swap else 'conv'}{letter}").output.shape[1:] for letter in "ACEF"
    ]
    assert shapes == [(32, 32, 2), (16, 16, 4), (8, 8, 8), (8, 8, 8)]


def test_tiny_imagenet_has_eight_layers():
    model = VGGInvariant("tiny_imagenet", ("invF",), width=2)
    assert model.output_shape == (None, 200)
    assert model.get_layer("convH").output.shape == (None, 8, 8, 16)
    assert model.get_layer("invF").strides == 2


def test_the_reference_has_the_parameters_of_its_table():
    C, channels = 64, [3, 64, 64, 128, 128, 256, 256]
    convolutions = sum(9 * a * b + b for a, b in itertools.pairwise(channels))
    assert VGGInvariant(swap=()).count_params() == convolutions + 4 * sum(channels[1:]) + 10 * (4 * C + 1)


@pytest.mark.parametrize(("variant", "paper"), [("A", 2.6), ("B", 2.7), ("C", 3.7), ("D", 4.3)])
def test_hybrid_networks_have_the_size_of_table_1_7(variant, paper):
    model = ScatNetHybrid(variant)
    assert abs(model.count_params() / 1e6 - paper) <= 0.1
    front = {"A": (21, 147), "B": (21, 147), "C": (112, 784), "D": (112, 784)}[variant]
    kind = "scat" if variant in "AC" else "inv"
    found = [model.get_layer(f"{kind}{order}").output.shape[1:] for order in (1, 2)]
    assert found == [(16, 16, front[0]), (8, 8, front[1])]


def test_hybrid_networks_take_any_size():
    model = ScatNetHybrid("D", input_shape=(None, None, 3), width=2)
    for size in (16, 22):
        assert model(images(1, size, size, 3)).shape == (1, 10)


def test_channels_first():
    keras.config.set_image_data_format("channels_first")
    try:
        for make, arguments, (height, width, channels), classes in SMALL.values():
            size = (channels, height, width)
            arguments = arguments | ({"input_shape": (height, width, channels)} if "input_shape" in arguments else {})
            model = make(**arguments)
            assert model.input_shape == (None, *size) and model.output_shape == (None, classes)
    finally:
        keras.config.set_image_data_format("channels_last")


@pytest.mark.parametrize(
    ("make", "arguments", "error", "text"),
    [
        (InvariantNetMNIST, {"mixing": "5x5"}, ValueError, "mixing must be one of '1x1'"),
        (InvariantNetMNIST, {"filters": 7}, ValueError, "filters must be two integers >= 1. Received: filters=7"),
        (
            InvariantNetMNIST,
            {"filters": (7, 0)},
            ValueError,
            "filters must be an integer from 1 to 65536. Received: filters=0",
        ),
        (
            ConvNetMNIST,
            {"kernel_size": 0},
            ValueError,
            "kernel_size must be an integer from 1 to 28. Received: kernel_size=0",
        ),
        (
            VGGInvariant,
            {"dataset": "svhn"},
            ValueError,
            "dataset must be one of 'cifar10', 'cifar100', 'tiny_imagenet'",
        ),
        (VGGInvariant, {"swap": ("convC",)}, ValueError, "swap must be a tuple of names out of invA, invB"),
        (VGGInvariant, {"swap": "invC"}, ValueError, "Received: swap='invC'"),
        (VGGInvariant, {"swap": ("invG",)}, ValueError, "invE, invF. Received: swap=('invG',)"),
        (
            ScatNetHybrid,
            {"variant": "E"},
            ValueError,
            "variant must be one of 'A', 'B', 'C', 'D'. Received: variant='E'",
        ),
        (ScatNetHybrid, {"variant": "A", "classes": 0}, ValueError, "classes must be an integer from 1 to 65536"),
        (ScatNetHybrid, {"variant": "A", "input_shape": (32, 32)}, ValueError, "input_shape must be height, width and"),
        (
            ScatNetHybrid,
            {"variant": "A", "weights": "cifar10"},
            ValueError,
            "weights must be None or the path of a file",
        ),
        (ConvNetMNIST, {"weights": "missing.weights.h5"}, ValueError, "Received: weights='missing.weights.h5'"),
    ],
)
def test_bad_arguments(make, arguments, error, text):
    with pytest.raises(error) as caught:
        make(**arguments)
    assert text in str(caught.value)


def test_weights_of_another_model(tmp_path):
    InvariantNetMNIST("3x3").save_weights(tmp_path / "other.weights.h5")
    with pytest.raises(ValueError, match="weights must be those of a model built with the same arguments, here"):
        InvariantNetMNIST("1x1", weights=tmp_path / "other.weights.h5")
    (tmp_path / "damaged.weights.h5").write_bytes(b"no weights")
    with pytest.raises(ValueError, match="weights must be those of a model built with the same arguments, here"):
        ConvNetMNIST(weights=tmp_path / "damaged.weights.h5")

"""The backbone within KerasHub's detector: weights, levels, training, files, arguments."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from compare import BACKEND, assert_close, images, once, to_numpy

keras_hub = pytest.importorskip("keras_hub", reason="keras-hub is not installed")

from keras_scatter.detection import ScatResNet50Backbone  # noqa: E402
from keras_scatter.models import ScatResNet50  # noqa: E402

SMALL = {"width": 4, "blocks": (1, 1, 1), "L": 4}


def detector(encoder, classes=2, **options):
    levels = {"min_level": 3, "max_level": 6, "use_p5": False, **options}
    backbone = keras_hub.models.RetinaNetBackbone(encoder, image_shape=encoder.image_shape, **levels)
    return keras_hub.models.RetinaNetObjectDetector(backbone, classes, pre_logits_num_conv_layers=1)


def rectangles(number, size=64):
    """Bright upright and lying rectangles, an image each; padded to two boxes."""
    generator = np.random.default_rng(0)
    pictures = generator.uniform(0, 0.2, (number, size, size, 3)).astype("float32")
    boxes, labels = np.full((number, 2, 4), -1, "float32"), np.full((number, 2), -1, "float32")
    for index in range(number):
        top, left = generator.integers(0, size // 2, 2)
        height, width = (32, 16) if index % 2 else (16, 32)
        pictures[index, top : top + height, left : left + width] = 1
        boxes[index, 0], labels[index, 0] = (top, left, top + height, left + width), index % 2
    return pictures, {"boxes": boxes, "labels": labels}


def test_numbers_of_weights(monkeypatch):
    monkeypatch.setattr(
        keras.initializers.VarianceScaling, "__call__", lambda self, *args, **kw: keras.ops.zeros(*args)
    )
    encoder = ScatResNet50Backbone((256, 256, 3))
    assert encoder.count_params() == 25_859_968
    backbone = keras_hub.models.RetinaNetBackbone(encoder, 3, 7, use_p5=False, image_shape=(256, 256, 3))
    whole = keras_hub.models.RetinaNetObjectDetector(backbone, num_classes=20)
    assert whole.count_params() == 34_947_160
    assert sum(int(np.prod(weight.shape)) for weight in whole.trainable_weights) == 34_889_048


def test_the_levels_are_those_of_the_classifier():
    encoder = ScatResNet50Backbone((64, 96, 3), width=2, L=2)
    model = ScatResNet50((64, 96, 3), L=2, width=2)
    groups = [f"group{group}_block{blocks}_relu" for group, blocks in zip((1, 2, 3), (5, 8, 3))]
    inner = keras.Model(model.input, [model.get_layer(name).output for name in groups])
    inner.set_weights(encoder.get_weights())
    x = images(2, 64, 96, 3)
    found = encoder(x)
    assert [f"P{level}" for level in (3, 4, 5)] == list(found)
    for (level, tensor), expected in zip(found.items(), inner(x)):
        stride = 2 ** int(level[1])
        assert tensor.shape[1:3] == (64 // stride, 96 // stride)
        assert_close(tensor, expected)


def test_the_loss_falls_and_files_agree(tmp_path):
    model = detector(ScatResNet50Backbone((64, 64, 3), **SMALL))
    x, y = rectangles(4)
    model.compile(keras.optimizers.Adam(1e-4))
    loss = model.fit(x, y, batch_size=4, epochs=3, verbose=0).history["loss"]
    assert loss[0] > loss[1] > loss[2] > 0
    expected, found = model(x), model.predict(x, verbose=0)
    assert set(found) == {"boxes", "confidence", "labels", "num_detections"}
    model.save(tmp_path / "detector.keras")
    loaded = keras.models.load_model(tmp_path / "detector.keras")
    assert isinstance(loaded.backbone.image_encoder, ScatResNet50Backbone)
    for name, tensor in loaded(x).items():
        assert_close(tensor, expected[name])
    if BACKEND == "torch":  # the others would compile it once more
        again = loaded.predict(x, verbose=0)
        assert set(again) == set(found) and np.max(found["num_detections"]) > 0
        for name, array in again.items():
            np.testing.assert_allclose(array, found[name], rtol=1e-4, atol=1e-4)


def test_config():
    encoder = ScatResNet50Backbone([32, 64, 1], order=2, dtype="mixed_bfloat16", name="eyes", trainable=False, **SMALL)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(encoder))
    assert again.get_config() == encoder.get_config()
    assert again.get_layer("stem").compute_dtype == "bfloat16" and again.image_shape == (32, 64, 1)
    assert not again.trainable_weights and again.count_params() == encoder.count_params()


@once
def test_padding_boxes_change_no_target():
    model = detector(ScatResNet50Backbone((64, 64, 3), **SMALL))
    x, y = rectangles(2)
    targets = model.label_encoder(x, y["boxes"], y["labels"])
    alone = model.label_encoder(x, y["boxes"][:, :1], y["labels"][:, :1])
    assert (to_numpy(targets[1]) >= 0).any()
    for found, expected in zip(targets, alone):
        assert_close(found, expected)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"J": 2}, ValueError, "which lacks P5. Received: J=2"),
        ({"J": 4}, ValueError, "P4, P5 and P6, which lacks P3. Received: J=4"),
        ({"J": 1}, ValueError, "which lacks P4 and P5. Received: J=1"),
        ({"J": 3.0}, TypeError, "J must be an integer >= 1. Received: J=3.0"),
        (
            {"image_shape": (200, 256, 3)},
            ValueError,
            "the first two multiples of 32, such as (800, 800, 3). Received: image_shape=(200, 256, 3)",
        ),
        ({"image_shape": (None, None, 3)}, ValueError, "Received: image_shape=(None, None, 3)"),
        ({"image_shape": 256}, ValueError, "Received: image_shape=256"),
        ({"order": 0}, ValueError, "order must be one of 1, 2. Received: order=0"),
        ({"width": 0}, ValueError, "width must be an integer >= 1. Received: width=0"),
        ({"blocks": (5, 8)}, ValueError, "blocks must be three integers >= 1. Received: blocks=(5, 8)"),
        ({"L": 0}, ValueError, "L must be an integer >= 1. Received: L=0"),
        ({"dtype": "int8"}, ValueError, "dtype must be None, a float type such as"),
        ({"trainable": 1}, TypeError, "trainable must be True or False. Received: trainable=1"),
    ],
)
def test_bad_arguments(arguments, error, text):
    with pytest.raises(error) as caught:
        ScatResNet50Backbone(**arguments)
    assert text in str(caught.value)


@once
def test_without_keras_hub():
    """The core is imported all the same, and the room says how to install it."""
    code = "import sys; sys.modules['keras_hub'] = None; import keras_scatter; print('core'); "
    code += "import keras_scatter.detection"
    result = subprocess.run([sys.executable, "-c", code], env=dict(os.environ), capture_output=True, text=True)
    assert result.stdout.strip() == "core"
    assert "pip install 'keras_scatter[detection]'" in result.stderr

"""Loaders of boxes, from small data sets in the files of TensorFlow Datasets."""

import numpy as np
import pytest
from compare import once

pytest.importorskip("keras_hub", reason="keras-hub is not installed")

from keras_scatter.detection import average_precision, load_boxes
from keras_scatter.detection.load_boxes import DEVIATION, MEAN

pytestmark = once

# Relative top, left, bottom, right; the second one is ignored in scoring.
BOXES = np.array([[0.1, 0.2, 0.5, 0.6], [0, 0, 1, 1], [0.5, 0.5, 0.75, 1]], "float32")
LABELS = np.array([3, 1, 0])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A photograph of 40 x 80 pixels as VOC 2007 and as COCO 2017, in files as a download leaves them."""
    import tensorflow_datasets as tfds

    folder = tmp_path_factory.mktemp("tfds")
    image = np.full((40, 80, 3), 255, "uint8")
    image[:, 40:] = 0
    flags = [False, True, False]
    about = {
        "voc": {"is_difficult": flags, "is_truncated": flags, "pose": [0, 0, 0]},
        "coco": {"is_crowd": flags, "area": [100, 200, 300], "id": [1, 2, 3]},
    }
    for name, builder in (("voc", tfds.builder("voc/2007")), ("coco", tfds.builder("coco/2017"))):
        objects = {"bbox": BOXES, "label": LABELS, **about[name]}
        example = {"image": image, "image/filename": "1.jpg", "objects": objects}
        example |= {"labels": LABELS, "labels_no_difficult": LABELS} if name == "voc" else {"image/id": 1}
        tfds.dataset_builders.store_as_tfds_dataset(
            name=name,
            config="2007" if name == "voc" else "2017",
            version=str(builder.version),
            data_dir=folder,
            features=builder.info.features,
            split_datasets={"train": [(0, example)]},
        )
    return folder


@pytest.mark.parametrize("dataset", ["voc2007", "coco2017"])
def test_training(folder, dataset):
    """Scaled to 64 x 128, on a canvas of 96 x 128, without the ignored object."""
    data = load_boxes(dataset, "train", (96, 128, 3), boxes=4, data_dir=folder)
    ((image, target),) = data.as_numpy_iterator()
    assert image.shape == (96, 128, 3) and image.dtype == np.float32
    white, black = (1 - np.array(MEAN)) / DEVIATION, -np.array(MEAN) / DEVIATION
    assert np.allclose(image[:64, :60], white, atol=0.05) and np.allclose(image[:64, 68:], black, atol=0.05)
    assert np.all(image[64:] == 0)
    assert set(target) == {"boxes", "labels"} and all(value.dtype == np.float32 for value in target.values())
    assert np.allclose(target["boxes"][:2], BOXES[[0, 2]] * [64, 128, 64, 128], atol=1e-4)
    assert np.all(target["boxes"][2:] == -1)
    assert target["labels"].tolist() == [3, 0, -1, -1]


@pytest.mark.parametrize(("dataset", "areas"), [("voc2007", [512, 3200, 400]), ("coco2017", [100, 200, 300])])
def test_scoring(folder, dataset, areas):
    data = load_boxes(dataset, "train", (96, 128, 3), boxes=4, scoring=True, data_dir=folder).batch(1)
    ((_, target),) = data.as_numpy_iterator()
    assert np.allclose(target["areas"], [[*areas, -1]], rtol=1e-4) and target["scales"] == pytest.approx(1.6)
    assert target["ignored"].tolist() == [[False, True, False, False]]
    found = {"boxes": target["boxes"], "labels": target["labels"], "confidence": np.ones((1, 4))}
    assert average_precision(target, found)["ap"] == pytest.approx(1)
    assert average_precision(target, found, "voc2007") == pytest.approx(
        {"map": 1, "ap_0": 1, "ap_1": np.nan, "ap_3": 1}, nan_ok=True
    )


def test_data_that_is_not_there(tmp_path):
    with pytest.raises(ValueError) as caught:
        load_boxes("coco2017", "train", data_dir=tmp_path)
    folder = tmp_path / "coco" / "2017" / "1.1.0"
    assert f"coco2017 is not in {folder}, and nothing was downloaded." in str(caught.value)
    assert "download=True fetches it, 25 GB" in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_failed_download(tmp_path, monkeypatch):
    import tensorflow_datasets as tfds

    def fail(*arguments, **options):
        raise ConnectionError("no route to host")

    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", fail)
    with pytest.raises(ValueError, match=r"voc2007, 0.9 GB, could not be downloaded to .*no route to host"):
        load_boxes("voc2007", "train", data_dir=tmp_path, download=True)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (
            {"dataset": "voc2012"},
            ValueError,
            "one of 'voc2007', 'coco2017'. Received: dataset='voc2012'",
        ),
        ({"split": "trainval"}, ValueError, "split must be made of train. Received: split='trainval'"),
        ({"split": None}, ValueError, "split must be the name of a part, such as 'train'. Received: split=None"),
        ({"image_shape": (64, 64, 1)}, ValueError, "image_shape must be height, width and 3"),
        ({"boxes": 0}, ValueError, "boxes must be an integer >= 1. Received: boxes=0"),
        ({"scoring": 1}, TypeError, "scoring must be True or False. Received: scoring=1"),
        ({"download": "no"}, TypeError, "download must be True or False. Received: download='no'"),
    ],
)
def test_bad_arguments(folder, arguments, error, text):
    with pytest.raises(error) as caught:
        load_boxes(**{"dataset": "voc2007", "split": "train", "data_dir": folder, **arguments})
    assert text in str(caught.value)


def test_too_many_objects(folder):
    data = load_boxes("coco2017", "train", (64, 64, 3), boxes=1, data_dir=folder)
    with pytest.raises(Exception, match=r"boxes must be at least the number of objects in an image. Received: boxes=1"):
        list(data)

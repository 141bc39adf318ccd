import numpy as np
import pytest
from compare import once

pytest.importorskip("keras_hub", reason="keras-hub is not installed")
pytest.importorskip("pycocotools", reason="pycocotools is not installed")

from keras_scatter.detection import average_precision

pytestmark = once

TRUTH = {"boxes": np.array([[[0, 0, 10, 10], [20, 20, 40, 40.0]]]), "labels": np.array([[0, 0]])}
FAR = [60, 60, 70, 70]


def guesses(boxes, labels=None, confidence=None):
    """Detections in one image; earlier ones are the surer ones."""
    number = len(boxes)
    return {
        "boxes": np.array([boxes], "float32"),
        "labels": np.array([labels or [0] * number]),
        "confidence": np.array([confidence or np.linspace(0.9, 0.1, number)]),
    }


def test_by_hand():
    """Precision is 1 up to recall 1/2, and 2/3 up to 1."""
    found = guesses([[0, 0, 10, 10], FAR, [20, 20, 40, 40]])
    expected = (6 + 5 * 2 / 3) / 11
    assert average_precision(TRUTH, found, "voc2007") == pytest.approx({"map": expected, "ap_0": expected})
    coco = average_precision(TRUTH, found)
    assert (coco["ap"], coco["ap_50"]) == pytest.approx(2 * ((51 + 50 * 2 / 3) / 101,))


def test_recalls_that_are_tenths_count():
    """Three of ten objects, all at once: the precisions at the recalls 0, 0.1, 0.2 and 0.3 are 1."""
    boxes = [[20 * i, 0, 20 * i + 10, 10] for i in range(10)]
    truth = {"boxes": [boxes], "labels": [[0] * 10]}
    assert average_precision(truth, guesses(boxes[:3]), "voc2007")["map"] == pytest.approx(4 / 11)


def test_overlaps():
    """A box that overlaps by 0.6 counts at 0.5, 0.55 and 0.6."""
    truth = {"boxes": [[[0, 0, 10, 10]]], "labels": [[3]]}
    found = average_precision(truth, guesses([[0, 0, 10, 6.001]], [3]))
    assert (found["ap"], found["ap_50"], found["ap_75"]) == pytest.approx((0.3, 1, 0))
    assert found["ap_small"] == pytest.approx(0.3) and np.isnan(found["ap_large"])


def test_classes_and_images():
    truth = {"boxes": [[[0, 0, 10, 10]], [[0, 0, 10, 10]]], "labels": [[0], [1]]}
    found = {"boxes": truth["boxes"], "labels": [[0], [0]], "confidence": [[0.5], [0.9]]}
    assert average_precision(truth, found, "voc2007") == pytest.approx({"map": 0.25, "ap_0": 0.5, "ap_1": 0})


def test_padding_does_not_count():
    truth = {"boxes": [[[0, 0, 10, 10], [-1, -1, -1, -1]]], "labels": [[0, -1]]}
    found = guesses([FAR, [0, 0, 10, 10]], [-1, 0])
    assert average_precision(truth, found)["ap"] == pytest.approx(1)
    found = guesses([[0, 0, 10, 10], FAR], [0, 0], [0.1, 0.9]) | {"num_detections": [1]}
    assert average_precision(truth, found)["ap"] == pytest.approx(1)


@pytest.mark.parametrize("protocol", ["coco", "voc2007"])
def test_ignored_objects_neither_help_nor_harm(protocol):
    """An ignored object is found twice, ahead of the other one."""
    truth = TRUTH | {"ignored": [[True, False]]}
    found = guesses([[0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 40, 40]])
    scores = average_precision(truth, found, protocol)
    assert scores["ap" if protocol == "coco" else "map"] == pytest.approx(1)
    # What fills a part of a crowd is no mistake for COCO; for VOC it is one.
    found = guesses([[0, 0, 3, 3], [20, 20, 40, 40]])
    assert average_precision(truth, found)["ap"] == pytest.approx(1)
    assert average_precision(truth, found, "voc2007")["map"] == pytest.approx(0.5)


def test_areas_and_scales():
    truth = {"boxes": [[[0, 0, 20, 20]]], "labels": [[0]]}
    found = guesses([[0, 0, 20, 20]])
    assert average_precision(truth, found)["ap_small"] == pytest.approx(1)
    # The image was four times as large.
    assert average_precision(truth | {"scales": [0.25]}, found)["ap_medium"] == pytest.approx(1)
    assert average_precision(truth | {"areas": [[10_000]]}, found)["ap_large"] == pytest.approx(1)


def test_nothing_found_and_nothing_to_find():
    nothing = {"boxes": np.zeros((1, 0, 4)), "labels": np.zeros((1, 0)), "confidence": np.zeros((1, 0))}
    assert average_precision(TRUTH, nothing, "voc2007") == {"map": 0, "ap_0": 0}
    assert average_precision(TRUTH, nothing)["ap"] == 0
    nobody = {"boxes": np.zeros((1, 0, 4)), "labels": np.zeros((1, 0))}
    assert np.isnan(average_precision(nobody, guesses([FAR]), "voc2007")["map"])
    assert np.isnan(average_precision(nobody, guesses([FAR]))["ap"])


@pytest.mark.parametrize(
    ("truth", "found", "text"),
    [
        ({"boxes": TRUTH["boxes"]}, guesses([FAR]), "truth must be a dict with boxes, labels. Received: boxes"),
        (TRUTH, TRUTH, "detections must be a dict with boxes, labels, confidence. Received: boxes, labels"),
        (
            TRUTH,
            guesses([FAR]) | {"labels": [[0, 1]]},
            "and the others of (n, N). Received: boxes (1, 1, 4)",
        ),
        (TRUTH, guesses([[0, 0, float("nan"), 1]]), "detections['boxes'] must be finite. Received: NaN or infinity"),
        (
            {"boxes": np.zeros((2, 1, 4)), "labels": np.zeros((2, 1))},
            guesses([FAR]),
            "must be of the same images. Received: 2 and 1 images",
        ),
    ],
)
def test_bad_arguments(truth, found, text):
    with pytest.raises(ValueError) as caught:
        average_precision(truth, found)
    assert text in str(caught.value)
    with pytest.raises(ValueError, match=r"protocol must be one of 'coco', 'voc2007'. Received: protocol='voc'"):
        average_precision(TRUTH, guesses([FAR]), "voc")

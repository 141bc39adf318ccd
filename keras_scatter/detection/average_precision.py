"""How well boxes are found."""

import contextlib
import io
from typing import Any

import numpy as np

from keras_scatter.arguments import check_array, check_choice, shown
from keras_scatter.optional import require

PROTOCOLS = ("coco", "voc2007")
COCO_NAMES = ("ap", "ap_50", "ap_75", "ap_small", "ap_medium", "ap_large")
RECALLS = np.arange(11) / 10  # of VOC 2007; multiples of 0.1 would miss recalls such as 3 / 10 by rounding


def average_precision(truth: dict[str, Any], detections: dict[str, Any], protocol: str = "coco") -> dict[str, float]:
    """Average precision of detections, computed by pycocotools.

    `"coco"` is the mean of the areas under the curves of precision against recall, over classes and over the overlaps
    0.50, 0.55, ..., 0.95 from which a box counts as found. `"voc2007"` is the mean over classes at overlap 0.5 of the
    precision at the recalls 0, 0.1, ..., 1; overlaps are those of boxes with real coordinates, and a box that is found
    twice goes to the best object which is still free, while the program of VOC counts pixels and looks at the best one.

    Args:
        truth: dict with `boxes (n, N, 4)` and `labels (n, N)`, of which negative ones are padding; and, if wanted,
            `ignored (n, N)`, True for objects which need not be found (crowds of COCO, difficult objects of VOC),
            `areas (n, N)`, pixels, for what COCO calls small, medium and large (without it, those of the boxes), and
            `scales (n,)`, that boxes were multiplied by. `load_boxes(..., scoring=True)` makes all of it.
        detections: dict as a detector of KerasHub predicts it: `boxes (n, M, 4)`, `labels (n, M)`, `confidence (n, M)`
            and `num_detections (n,)`; without the last one, negative labels are padding.
        protocol: `"coco"` or `"voc2007"`.

        Boxes are top, left, bottom, right (`"yxyx"`).

    Returns:
        Dict of floats. For `"coco"`: `ap`, `ap_50` and `ap_75` at these overlaps, and `ap_small`, `ap_medium`,
        `ap_large` for objects up to 32, up to 96 and above 96 pixels squared. For `"voc2007"`: `map`, and by label
        `ap_0`, `ap_1` and so on. NaN where there is no object to find.

    Raises:
        ImportError: pycocotools is not installed.
        TypeError: boxes, labels or confidences are no numbers.
        ValueError: an array is missing or its shape does not fit, or `protocol` is unknown.

    Example:

    >>> from keras_scatter.detection import average_precision
    >>> truth = {"boxes": [[[0, 0, 10, 10], [20, 20, 40, 40]]], "labels": [[0, 1]]}
    >>> found = {"boxes": [[[1, 0, 10, 10]]], "labels": [[0]], "confidence": [[0.9]]}
    >>> average_precision(truth, found, "voc2007")
    {'map': 0.5, 'ap_0': 1.0, 'ap_1': 0.0}

    Reference:
        T.-Y. Lin et al., Microsoft COCO: Common Objects in Context, ECCV 2014; M. Everingham et al., The PASCAL Visual
        Object Classes (VOC) Challenge, IJCV 88 (2010).
    """
    check_choice("protocol", protocol, PROTOCOLS)
    evaluation = require("pycocotools.cocoeval", "detection").COCOeval
    truth = _checked("truth", truth, ())
    found = _checked("detections", detections, ("confidence",))
    if len(truth["boxes"]) != len(found["boxes"]):
        raise ValueError(
            "truth and detections must be of the same images. "
            f"Received: {len(truth['boxes'])} and {len(found['boxes'])} images"
        )
    number = len(truth["boxes"])
    scales = np.broadcast_to(check_array("scales", truth.get("scales", np.ones(number))), (number,))
    labels = sorted({int(label) for label in truth["labels"].ravel() if label >= 0})
    objects = _annotations(truth, scales, _present(truth))
    guesses = _annotations(found, scales, _present(found))
    kind = evaluation if protocol == "coco" else _plain_overlaps(evaluation)
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools prints its progress and its tables
        scorer = kind(_coco(number, labels, objects), _coco(number, labels, guesses), "bbox")
        return (_of_coco if protocol == "coco" else _of_voc)(scorer)


def _of_coco(scorer):
    scorer.evaluate()
    scorer.accumulate()
    scorer.summarize()
    return {name: _or_nan(value) for name, value in zip(COCO_NAMES, scorer.stats)}


def _of_voc(scorer):
    parameters = scorer.params
    parameters.iouThrs, parameters.recThrs = np.array([0.5]), RECALLS
    parameters.areaRng, parameters.areaRngLbl = parameters.areaRng[:1], parameters.areaRngLbl[:1]
    parameters.maxDets = [max(1, len(scorer.cocoDt.anns))]
    scorer.evaluate()
    scorer.accumulate()
    # (overlap, recall, class, area, number of detections)
    by_class = [_or_nan(value) for value in scorer.eval["precision"][0, :, :, 0, 0].mean(0)]
    mean = float(np.nanmean(by_class)) if np.isfinite(by_class).any() else float("nan")
    return {"map": mean} | {f"ap_{label}": value for label, value in zip(parameters.catIds, by_class)}


def _plain_overlaps(evaluation):
    """COCO's evaluation, but ignored objects overlap as all others do; for COCO a crowd need not be filled."""

    class PlainOverlaps(evaluation):
        def computeIoU(self, image, label):
            objects = self._gts[image, label]
            ignored = [thing["iscrowd"] for thing in objects]
            for thing in objects:
                thing["iscrowd"] = 0
            overlaps = super().computeIoU(image, label)
            for thing, flag in zip(objects, ignored):
                thing["iscrowd"] = flag
            return overlaps

    return PlainOverlaps


def _coco(images, labels, annotations):
    coco = require("pycocotools.coco", "detection").COCO()
    coco.dataset = {
        "images": [{"id": image} for image in range(images)],
        "categories": [{"id": label} for label in labels],
        "annotations": [annotation for annotation in annotations if annotation["category_id"] in labels],
    }
    coco.createIndex()
    return coco


def _annotations(values, scales, present):
    found = []
    for image, index in zip(*np.nonzero(present)):
        top, left, bottom, right = (float(edge) for edge in values["boxes"][image, index] / scales[image])
        height, width = bottom - top, right - left
        annotation = {
            "id": len(found) + 1,
            "image_id": int(image),
            "category_id": int(values["labels"][image, index]),
            "bbox": [left, top, width, height],
            "area": float(values["areas"][image, index]) if "areas" in values else height * width,
            "iscrowd": int(values["ignored"][image, index]) if "ignored" in values else 0,
        }
        if "confidence" in values:
            annotation["score"] = float(values["confidence"][image, index])
        found.append(annotation)
    return found


def _present(values):
    present = values["labels"] >= 0
    if "num_detections" in values:
        present &= np.arange(present.shape[1]) < np.reshape(values["num_detections"], (-1, 1))
    return present


def _checked(argument, values, more):
    """The arrays of a dict, after a check of their names, shapes and numbers."""
    needed = ("boxes", "labels", *more)
    if not isinstance(values, dict) or any(name not in values for name in needed):
        given = ", ".join(map(str, values)) if isinstance(values, dict) else shown(values)
        raise ValueError(f"{argument} must be a dict with {', '.join(needed)}. Received: {given}")
    found = {name: check_array(f"{argument}[{name!r}]", value) for name, value in values.items()}
    shape = found["labels"].shape
    wanted = {"boxes": (*shape, 4), "num_detections": shape[:1]}
    for name in (*needed, "ignored", "areas", "num_detections"):
        right = name not in found or found[name].shape == wanted.get(name, shape)
        if len(shape) != 2 or not right:
            shapes = ", ".join(f"{key} {array.shape}" for key, array in found.items())
            raise ValueError(
                f"{argument} must have boxes of shape (n, N, 4), num_detections of (n,), and the others of (n, N). "
                f"Received: {shapes}"
            )
    for name in ("boxes", *more):
        if not np.isfinite(found[name][found["labels"] >= 0]).all():
            raise ValueError(f"{argument}[{name!r}] must be finite. Received: NaN or infinity")
    return found


def _or_nan(value):
    """pycocotools says -1 where there is nothing to find. Without the rounding errors of its means."""
    return round(float(value), 12) if value > -1 else float("nan")

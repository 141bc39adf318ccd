"""A small detector behind scattering, trained on drawn rectangles. Ours."""

import dataclasses

import keras
import numpy as np

from keras_scatter.optional import require
from keras_scatter.workflows import charts, reports
from keras_scatter.workflows.experiment import QUICK_NOTE, Series, given

CLASSES = ("flat", "lying stripes", "upright stripes")
MOST = 3  # rectangles an image
RATE, BATCH, HELD_OUT = 1e-3, 8, 200
PRIOR = 0.01  # probability of an object that an untrained detector gives every anchor


@dataclasses.dataclass(frozen=True, kw_only=True)
class Detection(Series):
    """Average precision of RetinaNet on `ScatResNet50Backbone` for rectangles that it has not seen.

    Files: `trainings/seed_0.json` and so on, and `trainings/seed_0.png` with what is found in some images.
    """

    extra, needs = "detection", ("keras_hub", "pycocotools", "matplotlib")
    pattern = "trainings/seed_*.json"

    def plan(self, quick, seeds: int | None = None, images: int | None = None, width: int | None = None):
        """As in `Experiment`.

        Args:
            seeds: trainings, with seeds from 0 on (default: 1).
            images: number of images to train on, each seen once (default: 2,400).
            width: channels of the stem (default: 32; that of the paper is 128).
        """
        seeds = given("seeds", seeds, 1)
        protocol = {
            "quick": quick,
            "images": given("images", images, 4 if quick else 2400, minimum=4),
            "width": given("width", width, 2 if quick else 32),
            "size": 64 if quick else 128,
        }
        return protocol, [f"trainings/seed_{seed}" for seed in range(seeds)]

    def parts(self, protocol):
        return ("trainings",)

    def measure(self, job, protocol, data, out, verbose):
        """Train one detector and score it."""
        from keras_scatter.detection import average_precision

        seed, size, count = int(job.split("seed_")[1]), protocol["size"], protocol["images"]
        held_out = 4 if protocol["quick"] else HELD_OUT
        (x, y), (test, truth) = (
            rectangles(number, size, [seed, part]) for part, number in enumerate((count, held_out))
        )
        keras.utils.clear_session()
        keras.utils.set_random_seed(seed)
        model = detector((size, size, 3), protocol["width"], blocks=(1, 1, 1) if protocol["quick"] else (5, 8, 3))
        steps = -(-count // BATCH)
        warm = max(1, steps // 10)
        rate = keras.optimizers.schedules.CosineDecay(0.0, max(1, steps - warm), warmup_target=RATE, warmup_steps=warm)
        # One step is sooner made than compiled.
        model.compile(keras.optimizers.Adam(rate, global_clipnorm=10.0), run_eagerly=protocol["quick"])
        losses = _Losses()
        model.fit(x, y, batch_size=BATCH, epochs=1, callbacks=[losses], verbose=verbose)
        found = model.predict(test, batch_size=BATCH, verbose=0)
        scores = average_precision(truth, found, "voc2007")
        charts.save(_picture(test, truth, found), out / f"{job}.png")
        return {
            "seed": seed,
            "parameters": model.count_params(),
            "measured_on": held_out,
            "loss": losses.ends(),
            "map": scores["map"],
            "by_class": {name: scores.get(f"ap_{label}") for label, name in enumerate(CLASSES)},
            "coco": average_precision(truth, found)["ap"],
        }

    def rows(self, results):
        return results

    def remark(self, protocol):
        return QUICK_NOTE if protocol["quick"] else self.note

    def tables(self, summary):
        header = ["training", "parameters", "first loss", "last loss", "mAP", *CLASSES, "AP of COCO"]
        lines = []
        for name, row in summary["rows"].items():
            found = (row["map"], *row["by_class"].values(), row["coco"])
            scores = ("" if value is None else reports.percent(value) for value in found)
            lines.append((name, f"{row['parameters']:,}", *(f"{loss:.3g}" for loss in row["loss"]), *scores))
        return {None: [header, *lines]}


class _Losses(keras.callbacks.Callback):
    """The loss of the first step, and the mean of the last tenth of all steps."""

    def on_train_begin(self, logs=None):
        self._means = []

    def on_train_batch_end(self, batch, logs=None):
        self._means.append(float(logs["loss"]))  # of all steps up to this one

    def ends(self):
        """Both, as a list."""
        steps = len(self._means)
        part = max(1, steps // 10)
        earlier = self._means[steps - part - 1] * (steps - part) if steps > part else 0.0
        return [self._means[0], (self._means[-1] * steps - earlier) / part]


def rectangles(number, size, seed):
    """Images of up to three rectangles on noise, whose class is their pattern.

    Returns:
        float32 images `(number, size, size, 3)` of mean about 0, and a dict of `boxes (number, 3, 4)`, top, left,
        bottom, right, and `labels (number, 3)`, both padded with -1.

    Example:

    >>> images, targets = rectangles(2, 64, seed=0)
    >>> images.shape, targets["boxes"].shape, targets["labels"].shape
    ((2, 64, 64, 3), (2, 3, 4), (2, 3))
    """
    generator = np.random.default_rng(seed)
    images = generator.normal(0, 0.3, (number, size, size, 3)).astype("float32")
    boxes, labels = np.full((number, MOST, 4), -1, "float32"), np.full((number, MOST), -1, "float32")
    for image, found, kinds in zip(images, boxes, labels):
        taken = np.zeros((size, size), bool)
        for index in range(generator.integers(1, MOST + 1)):
            height, width = generator.integers(size // 5, size // 2, 2)
            top, left = generator.integers(0, size - height), generator.integers(0, size - width)
            window = slice(top, top + height), slice(left, left + width)
            if taken[window].any():
                continue
            taken[window], kind = True, generator.integers(0, len(CLASSES))
            rows, columns = np.indices((height, width))
            pattern = (np.ones((height, width)), rows // 4 % 2, columns // 4 % 2)[kind]
            image[window] += generator.choice([-2, 2]) * pattern[..., None] * generator.uniform(0.5, 1, 3)
            found[index], kinds[index] = (top, left, top + height, left + width), kind
    return images, {"boxes": boxes, "labels": labels}


def detector(shape, width, blocks):
    """RetinaNet on levels 3 to 5, with small heads."""
    from keras_scatter.detection import ScatResNet50Backbone

    hub = require("keras_hub", "detection")
    encoder = ScatResNet50Backbone(shape, width=width, blocks=blocks)
    backbone = hub.models.RetinaNetBackbone(encoder, min_level=3, max_level=5, use_p5=False, image_shape=shape)
    boxes = "yxyx"
    model = hub.models.RetinaNetObjectDetector(
        backbone,
        len(CLASSES),
        bounding_box_format=boxes,
        pre_logits_num_conv_layers=2,
        prediction_decoder=hub.layers.NonMaxSuppression(boxes, from_logits=True, confidence_threshold=0.05),
    )
    # KerasHub gives the bias of this prior to the head of boxes, which does not need it.
    prior = -np.log((1 - PRIOR) / PRIOR)
    for head, value in ((model.classification_head, prior), (model.box_head, 0)):
        bias = head.prediction_layer.bias
        bias.assign(np.full(bias.shape, value, "float32"))
    return model


def _picture(images, truth, found):
    """What is in the first images, and the surest of what is found, as many."""
    patches = require("matplotlib.patches", "plots")
    figure, axes = charts.subplots(1, 4, figsize=(10, 2.8))
    for axis, index in zip(axes, range(4)):
        axis.imshow(np.clip(0.5 + images[index] / 5, 0, 1))
        axis.set_axis_off()
        there = truth["boxes"][index][truth["labels"][index] >= 0]
        sure = found["boxes"][index][np.argsort(-found["confidence"][index])[: len(there)]]
        for boxes, colour, style in ((there, "white", "-"), (sure, "C1", "--")):
            for top, left, bottom, right in boxes:
                place, sides = (left, top), (right - left, bottom - top)
                axis.add_patch(patches.Rectangle(place, *sides, fill=False, color=colour, linestyle=style))
    return figure


EXPERIMENT = Detection(
    module=__name__,
    title="A detector on drawn rectangles",
    note="RetinaNet of KerasHub with levels 3 to 5 behind first-order scattering, from random weights; each image is "
    f"seen once. Scores by pycocotools on {HELD_OUT} images of another seed. The paper's detectors are Faster R-CNN on "
    "VOC and COCO, which these numbers say nothing about.",
)

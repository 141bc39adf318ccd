"""Images with boxes around their objects."""

from collections.abc import Sequence
from typing import Any

from keras_scatter.arguments import check_bool, check_choice, check_integer, shown
from keras_scatter.optional import require
from keras_scatter.typing import PathLike

# Name in TensorFlow Datasets, what marks objects that need not be found, size of the download in GB.
DATASETS = {"voc2007": ("voc/2007", "is_difficult", 0.9), "coco2017": ("coco/2017", "is_crowd", 25)}
# Of the images of ImageNet, by colour: hybrid networks are trained on images standardised by them.
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def load_boxes(
    dataset: str,
    split: str,
    image_shape: Sequence[int] = (800, 800, 3),
    boxes: int = 100,
    scoring: bool = False,
    data_dir: PathLike | None = None,
    download: bool = False,
) -> Any:
    """VOC 2007 or COCO 2017 by TensorFlow Datasets, for a detector of KerasHub.

    Images are scaled such that they just fit `image_shape`, standardised by colour, and pasted into the top left corner
    of zeros: one filter bank serves all sizes.

    Args:
        dataset: `"voc2007"` or `"coco2017"`.
        split: the part, such as `"train+validation"` or `"test[:10%]"`; those of COCO that have boxes are `"train"` and
            `"validation"`.
        image_shape: height, width and channels, which are 3.
        boxes: number of boxes to pad to, not less than an image has.
        scoring: False for training: what is ignored in scoring is left out. True for `average_precision`.
        data_dir: folder of TensorFlow Datasets; None takes the environment variable `TFDS_DATA_DIR`, or
            `~/tensorflow_datasets`.
        download: whether to download what is not there: 0.9 GB for VOC, 25 GB for COCO.

    Returns:
        A `tf.data.Dataset` of `(image, target)`, for `.batch(8)`: a float32 image and a dict of `boxes (boxes, 4)`,
        which are top, left, bottom and right in pixels of `image_shape`, and `labels (boxes,)` from 0 on, both float32
        and padded with -1. For scoring also `ignored (boxes,)`, bool, `areas (boxes,)`, pixels of the image as it was,
        and `scales`, the number that sizes were multiplied by.

    Raises:
        ImportError: TensorFlow Datasets is not installed.
        TypeError: an argument that counts something is no integer, or a bool none.
        ValueError: an argument is out of range, the data is not there, or there is no such part.

    Example:

    >>> from keras_scatter.detection import load_boxes
    >>> load_boxes("voc2007", "train", data_dir="/no/such/folder")
    Traceback (most recent call last):
        ...
    ValueError: voc2007 is not in /no/such/folder/voc/2007/5.0.0, and nothing was downloaded. ...

    Reference:
        M. Everingham et al., The PASCAL Visual Object Classes (VOC) Challenge, IJCV 88 (2010); T.-Y. Lin et al.,
        Microsoft COCO: Common Objects in Context, ECCV 2014.
    """
    name, ignored, size = DATASETS[check_choice("dataset", dataset, tuple(DATASETS))]
    shape, boxes = _check_shape(image_shape), check_integer("boxes", boxes)
    check_bool("scoring", scoring)
    check_bool("download", download)
    tfds = require("tensorflow_datasets", "detection")
    builder = tfds.builder(name, data_dir=data_dir)
    if download:
        _download(builder, dataset, size)
    if not builder.data_path.exists():
        raise ValueError(
            f"{dataset} is not in {builder.data_path}, and nothing was downloaded. If you have it elsewhere, give "
            f"data_dir or set TFDS_DATA_DIR; download=True fetches it, {size} GB. Received: data_dir={data_dir!r}"
        )
    if not isinstance(split, str) or not split:
        raise ValueError(f"split must be the name of a part, such as 'train'. Received: split={shown(split)}")
    try:
        examples = builder.as_dataset(split=split)
    except (ValueError, AssertionError) as error:
        known = ", ".join(builder.info.splits)
        raise ValueError(f"split must be made of {known}. Received: split={split!r} ({error})") from error

    def example(found):
        return _example(found, shape, boxes, ignored, scoring)

    return examples.map(example, num_parallel_calls=-1)


def _example(found, shape, boxes, ignored, scoring):
    """An image on its canvas, and its target."""
    import tensorflow as tf

    objects, height_and_width = found["objects"], tf.cast(tf.shape(found["image"])[:2], "float32")
    scale = tf.reduce_min(tf.constant(shape, "float32") / height_and_width)
    size = tf.clip_by_value(tf.cast(tf.round(scale * height_and_width), "int32"), 1, shape)
    image = tf.image.resize(tf.cast(found["image"], "float32") / 255, size, antialias=True)
    image = tf.image.pad_to_bounding_box((image - MEAN) / DEVIATION, 0, 0, *shape)
    image = tf.ensure_shape(image, (*shape, 3))
    box = objects["bbox"] * tf.tile(tf.cast(size, "float32"), [2])
    target = {"boxes": box, "labels": tf.cast(objects["label"], "float32")}
    if scoring:
        sides = (objects["bbox"][:, 2:] - objects["bbox"][:, :2]) * height_and_width
        areas = tf.cast(objects["area"], "float32") if "area" in objects else tf.reduce_prod(sides, 1)
        target |= {"ignored": objects[ignored], "areas": areas}
    else:
        target = {key: value[~objects[ignored]] for key, value in target.items()}
    message = f"boxes must be at least the number of objects in an image. Received: boxes={boxes}"
    with tf.control_dependencies([tf.debugging.assert_less_equal(tf.shape(target["labels"])[0], boxes, message)]):
        target = {key: _padded(tf, value, boxes) for key, value in target.items()}
    return image, target | ({"scales": scale} if scoring else {})


def _padded(tf, values, length):
    padding = [[0, length - tf.shape(values)[0]], *[[0, 0]] * (values.shape.rank - 1)]
    padded = tf.pad(
        values, padding, constant_values=tf.constant(False if values.dtype == tf.bool else -1, values.dtype)
    )
    return tf.ensure_shape(padded, (length, *values.shape[1:]))


def _download(builder, dataset, size):
    try:
        builder.download_and_prepare()
    except Exception as error:  # of the network, of the disk, or of packages that it lacks
        raise ValueError(
            f"{dataset}, {size} GB, could not be downloaded to {builder.data_path}: {type(error).__name__}: {error}"
        ) from error


def _check_shape(shape):
    try:
        *sizes, channels = (check_integer("image_shape", size) for size in shape)
        right = len(sizes) == 2 and channels == 3
    except (TypeError, ValueError):
        right = False
    if not right:
        raise ValueError(
            f"image_shape must be height, width and 3, such as (800, 800, 3). Received: image_shape={shown(shape)}"
        )
    return tuple(sizes)

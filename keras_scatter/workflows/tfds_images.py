"""Images of TensorFlow Datasets, a part at a time."""

import numpy as np

from keras_scatter.arguments import check_choice, check_positive
from keras_scatter.features.sources import Part, check_image_size, reason, unreadable
from keras_scatter.optional import require
from keras_scatter.workflows.datasets import image_builder


class TfdsImages:
    """The images of a data set, and their labels if it has some, in the order of its files.

    Args:
        name: of the data set.
        split: its part, such as `"train"` or `"test[:1000]"`.
        image_size: height and width that images are scaled to, bilinearly; None leaves them.
        scale: of the pixels.
        on_error: `"fail"` or `"skip"`, for images that cannot be read.
    """

    def __init__(self, name, split="train", image_size=None, scale=1 / 255, on_error="fail"):
        self.image_size, self.scale = check_image_size(image_size), check_positive("scale", scale)
        self.on_error = check_choice("on_error", on_error, ("fail", "skip"))
        self.builder = image_builder(name, "a folder of images, or ", "input")
        self.parts, self.split = _parts(self.builder, split), split
        self.count = sum(last - first for _, first, last in self.parts)
        height, width, channels = self.builder.info.features["image"].shape
        self.shape = (*(self.image_size or (height, width)), channels)
        if not self.count:
            raise ValueError(f"split must hold images. Received: split={split!r}")
        if None in self.shape:
            raise ValueError(f"image_size must be given for images of many sizes. Received: None for {name}")

    def describe(self):
        """What the data are, a dict that JSON can hold."""
        size = self.image_size and list(self.image_size)
        found = {"kind": "tfds", "name": self.builder.info.full_name, "split": self.split, "images": self.count}
        return found | {"image_size": size, "scale": self.scale, "on_error": self.on_error}

    def read(self, first, last):
        """The images from `first` up to `last`, without it; see `Part`.

        Raises:
            ValueError: some cannot be read, and are not to be skipped.
        """
        import tensorflow as tf

        split, skipped = self._cut(first, last), {}
        try:
            examples = list(self.builder.as_dataset(split=split).as_numpy_iterator())
        except tf.errors.InvalidArgumentError:  # which does not say where
            examples, skipped = self._one_by_one(split)
        if skipped and self.on_error == "fail":
            raise unreadable("input", skipped)
        images = [self._pixels(example["image"]) for example in examples]
        labels = [example["label"] for example in examples if "label" in example]
        labelled = "label" in self.builder.info.features
        return Part(
            np.stack(images) if images else np.zeros((0, *self.shape), "float32"),
            np.array(labels, "int64") if labelled else None,
            skipped=skipped,
        )

    def _one_by_one(self, split):
        """The examples whose image can be read, and why the others cannot, by file and number."""
        tfds = require("tensorflow_datasets", "datasets")
        encoded = {"decoders": {"image": tfds.decode.SkipDecoding()}, "read_config": tfds.ReadConfig(add_tfds_id=True)}
        decode, examples, skipped = self.builder.info.features["image"].decode_example, [], {}
        for example in self.builder.as_dataset(split=split, **encoded).as_numpy_iterator():
            try:
                examples.append(example | {"image": np.asarray(decode(example["image"]))})
            except Exception as error:  # TensorFlow and its data sets raise some three kinds
                skipped[example["tfds_id"].decode()] = reason(error)
        return examples, skipped

    def _cut(self, first, last):
        """The split of those images."""
        found, before = [], 0
        for name, start, end in self.parts:
            low, high = start + max(first - before, 0), min(end, start + last - before)
            before += end - start
            found += [f"{name}[{low}:{high}]"] * (low < high)
        return "+".join(found)

    def _pixels(self, image):
        if self.image_size and image.shape[:2] != self.image_size:
            pillow = require("PIL.Image", "datasets")
            image = pillow.fromarray(image.squeeze(-1) if image.shape[-1] == 1 else image)
            image = np.asarray(image.resize(self.image_size[::-1], pillow.Resampling.BILINEAR)).reshape(self.shape)
        return image.astype("float32") * np.float32(self.scale)


def _parts(builder, split):
    """Names of splits, and from which to which image, that `split` stands for."""
    instruction = require("tensorflow_datasets", "datasets").core.ReadInstruction
    infos = builder.info.splits
    try:
        found = instruction.from_spec(split).to_absolute(infos)
    except (ValueError, AssertionError, KeyError) as error:
        raise ValueError(f"split must be of {', '.join(infos)}. Received: split={split!r} ({error})") from error
    return [
        (part.splitname, part.from_ or 0, infos[part.splitname].num_examples if part.to is None else part.to)
        for part in found
    ]

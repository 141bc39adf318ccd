"""Random shifts of training images."""

from typing import Any

import keras
from keras import ops

from keras_scatter.arguments import check_integer, check_seed
from keras_scatter.layers.base_transform import BaseTransform
from keras_scatter.typing import ArrayLike, Shape, Tensors


@keras.saving.register_keras_serializable(package="keras_scatter")
class RandomShift(BaseTransform):
    """Shift every image by whole pixels at random, in training; what falls free mirrors the image at its border.

    It is the usual augmentation of small images, "pad by reflection, crop at random". The outermost row is not
    repeated.

    Args:
        pixels: largest shift to each side; the protocols have 4 for CIFAR-10 and 8 for STL-10.
        seed: None, or an integer for the same shifts in every program.
        data_format: `"channels_last"` or `"channels_first"`; None takes Keras's setting.
        **kwargs: `name`, `dtype` and other arguments of `keras.layers.Layer`.

    Call arguments:
        images: batch of real images.
        training: shift if True, as in `fit`; else images stay as they are.

    Input shape:
        `(batch, H, W, C)`, or `(batch, C, H, W)` with `data_format="channels_first"`. H and W larger than `pixels`.

    Output shape:
        That of the input.

    Raises:
        TypeError: an argument is no integer, or the images are complex or strings.
        ValueError: `pixels` is less than 1, or the images are too small.

    Example:

    >>> layer = keras_scatter.preprocessing.RandomShift(4, seed=0)
    >>> tuple(layer(np.ones((2, 32, 32, 3)), training=True).shape)
    (2, 32, 32, 3)
    """

    def __init__(self, pixels: int = 4, seed: int | None = None, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        self.pixels = check_integer("pixels", pixels)
        self.seed = None if seed is None else check_seed("seed", seed)
        self.generator = keras.random.SeedGenerator(self.seed)

    def call(self, images: ArrayLike, training: bool = False) -> Tensors:
        if not training:
            return images
        for axis in (1, 2) if self._channels_last else (2, 3):
            images = self._shifted(images, axis)
        return images

    def compute_output_shape(self, input_shape: Shape) -> Any:
        sizes = self._split_shape(input_shape)[2:]
        if any(size is not None and size <= self.pixels for size in sizes):
            raise ValueError(
                f"Images must be larger than the shift, {self.pixels} pixels. "
                f"Received: input shape {tuple(input_shape)}"
            )
        return tuple(input_shape)

    def build(self, input_shape: Shape) -> None:
        self.compute_output_shape(input_shape)
        self.built = True

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "pixels": self.pixels, "seed": self.seed}

    def _shifted(self, images, axis):
        batch, size = ops.shape(images)[0], ops.shape(images)[axis]
        shift = keras.random.randint((batch, 1), -self.pixels, self.pixels + 1, seed=self.generator)
        source = ops.abs(ops.arange(size, dtype="int32") - shift)
        source = ops.minimum(source, 2 * size - 2 - source)
        shape = [1, 1, 1, 1]
        shape[0], shape[axis] = -1, size
        return ops.take_along_axis(images, ops.reshape(source, shape), axis)

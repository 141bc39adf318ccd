"""What the scattering layers share: arguments, paths, shapes and the layout of their output."""

from keras import ops

from keras_scatter.arguments import check_integer
from keras_scatter.filters.paths import scattering_paths
from keras_scatter.functional.padding import check_images
from keras_scatter.layers.base_image_layer import BaseImageLayer


class BaseScattering(BaseImageLayer):
    """A layer that turns images into scattering paths, plane by plane.

    Subclasses set `_J` and `_padding` and implement `scatter(planes)`, from `(N, H, W)` to `(N, K, h, w)`.
    """

    def __init__(self, J, L, order, padding, data_format=None, **kwargs):
        super().__init__(data_format, **kwargs)
        self._J = check_integer("J", J)
        self.L = check_integer("L", L)
        self.order = check_integer("order", order)
        self._padding = padding
        self._paths = scattering_paths(self._J, self.L, self.order)

    @property
    def paths(self):
        """The K scattering paths of one image channel, in output order: tuples `(order, scales, angles)`."""
        return self._paths

    def call(self, images):
        images = ops.cast(images, self._working_dtype())
        if self.data_format == "channels_last":
            images = ops.transpose(images, (0, 3, 1, 2))
        _, channels, height, width = ops.shape(images)
        check_images((height, width), self._J, self._padding)
        maps = self.scatter(ops.reshape(images, (-1, height, width)))
        height, width = ops.shape(maps)[2:]
        if self.data_format == "channels_first":
            maps = ops.reshape(maps, (-1, channels * len(self._paths), height, width))
        else:
            maps = ops.reshape(maps, (-1, channels, len(self._paths), height, width))
            maps = ops.reshape(ops.transpose(maps, (0, 3, 4, 1, 2)), (-1, height, width, channels * len(self._paths)))
        return ops.cast(maps, self.compute_dtype)

    def scatter(self, planes):
        raise NotImplementedError

    def compute_output_shape(self, input_shape):
        first = self.data_format == "channels_first"
        batch, channels, height, width = input_shape if first else [input_shape[i] for i in (0, 3, 1, 2)]
        check_images((height, width), self._J, self._padding)
        height, width = (None if size is None else size // 2**self._J for size in (height, width))
        features = None if channels is None else channels * len(self._paths)
        return (batch, features, height, width) if first else (batch, height, width, features)

    def get_config(self):
        return {**super().get_config(), "L": self.L, "order": self.order}

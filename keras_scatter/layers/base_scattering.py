"""What the scattering layers share: arguments, paths, shapes and the layout of their output."""

import keras
from keras import ops

from keras_scatter.arguments import check_choice, check_integer
from keras_scatter.filters.paths import scattering_paths
from keras_scatter.functional.padding import check_images


class BaseScattering(keras.layers.Layer):
    """A layer that turns images into scattering paths, plane by plane.

    Subclasses set `_J` and `_padding` and implement `scatter(planes)`, from `(N, H, W)` to `(N, K, h, w)`.
    """

    def __init__(self, J, L, order, padding, data_format=None, **kwargs):
        super().__init__(**kwargs)
        self._J = check_integer("J", J)
        self.L = check_integer("L", L)
        self.order = check_integer("order", order)
        self._padding = padding
        check_choice("data_format", data_format, (None, "channels_last", "channels_first"))
        self.data_format = data_format or keras.config.image_data_format()
        self._paths = scattering_paths(self._J, self.L, self.order)
        self.input_spec = keras.layers.InputSpec(ndim=4)
        _check_float64(self.compute_dtype)

    @property
    def paths(self):
        """The K scattering paths of one image channel, in output order: tuples `(order, scales, angles)`."""
        return self._paths

    def __call__(self, images, *args, **kwargs):
        _check_dtype(images)
        return super().__call__(images, *args, **kwargs)

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
        return {**super().get_config(), "L": self.L, "order": self.order, "data_format": self.data_format}

    def _working_dtype(self):
        """The dtype of the computation."""
        return self.compute_dtype


def _check_dtype(images):
    dtype = getattr(images, "dtype", None)
    if dtype is None:
        return
    name = str(getattr(dtype, "name", dtype)).removeprefix("torch.")
    if not any(kind in name for kind in ("int", "float", "bool")):
        raise TypeError(
            f"images must be real numbers: floats, or integers, which are cast unscaled. Received: dtype={name}"
        )


def _check_float64(dtype):
    if dtype == "float64" and keras.backend.backend() == "jax":
        import jax

        if not jax.config.jax_enable_x64:
            raise ValueError(
                'dtype="float64" needs JAX_ENABLE_X64=1 in the environment, or '
                'jax.config.update("jax_enable_x64", True): JAX computes in float32 without it. '
                "Received: dtype='float64'"
            )

"""What layers that read images share: the layout of their input, and checks of its dtype and of theirs."""

import keras

from keras_scatter.arguments import check_choice


class BaseImageLayer(keras.layers.Layer):
    """A layer of real images with a data format."""

    def __init__(self, data_format=None, **kwargs):
        super().__init__(**kwargs)
        check_choice("data_format", data_format, (None, "channels_last", "channels_first"))
        self.data_format = data_format or keras.config.image_data_format()
        self.input_spec = keras.layers.InputSpec(ndim=4)
        _check_float64(self.compute_dtype)

    def __call__(self, images, *args, **kwargs):
        for array in keras.tree.flatten(images):
            _check_dtype(array)
        return super().__call__(images, *args, **kwargs)

    def get_config(self):
        return {**super().get_config(), "data_format": self.data_format}

    @property
    def _channels_last(self):
        return self.data_format == "channels_last"

    def _split_shape(self, shape):
        """Batch, channels, height and width of an image shape in the data format."""
        return tuple(shape[i] for i in ((0, 3, 1, 2) if self._channels_last else (0, 1, 2, 3)))

    def _join_shape(self, batch, channels, height, width):
        return (batch, height, width, channels) if self._channels_last else (batch, channels, height, width)

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

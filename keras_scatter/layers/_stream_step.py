"""One step of a stream as a layer."""

import keras

from keras_scatter.functional.channels import Layout
from keras_scatter.functional.streaming import step, streaming


@keras.saving.register_keras_serializable(package="keras_scatter")
class StreamStep(keras.layers.Layer):
    """From signals and states to features and the next states, see `ComplexModulusConv1D.streaming_model`.

    Args:
        layer: the `ComplexModulusConv1D`.
    """

    def __init__(self, layer, **kwargs):
        kwargs.setdefault("dtype", layer.dtype_policy)
        super().__init__(**kwargs)
        self.layer = layer

    def build(self, input_shape):
        if not self.layer.built:
            signals = input_shape[0]
            # The layer takes no signals as short as a block.
            batch, channels, _ = self.layer._split_shape(signals)
            self.layer.build(self.layer._join_shape(batch, channels, None))
        self.built = True

    def call(self, inputs):
        layer, (signals, *states) = self.layer, inputs
        names = list(streaming(layer._plan).states)
        layout = Layout(1, layer._channels_last, layer._kernel_dtype(), layer.compute_dtype)
        features, after = step(signals, dict(zip(names, states)), layer._arrays(None), layer._plan, layout)
        return [features, *(after[name] for name in names)]

    def compute_output_shape(self, input_shape):
        signals, *states = input_shape
        batch, channels, size = self.layer._split_shape(signals)
        count = None if size is None else size >> self.layer._plan.level
        features = self.layer._join_shape(batch, channels * len(self.layer.paths), count)
        return [features, *map(tuple, states)]

    def get_config(self):
        return {**super().get_config(), "layer": keras.saving.serialize_keras_object(self.layer)}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "layer": keras.saving.deserialize_keras_object(config["layer"])})

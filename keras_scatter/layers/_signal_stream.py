"""Signals that arrive block by block."""

import keras
import numpy as np

from keras_scatter.functional.channels import Layout
from keras_scatter.functional.streaming import step, streaming
from keras_scatter.layers.base_transform import check_dtype

MOST_OUTPUTS = 64  # that one program computes at a time, a power of two


class SignalStream:
    """What `ComplexModulusConv1D.stream` returns: features of a signal that arrives in blocks.

    Attributes:
        layer: the layer.
        latency: samples from the one at the centre of a feature until it is ready, so that the features centred at
            sample t come as soon as `t + latency` samples were given.
        closed: whether `close` was called.
    """

    def __init__(self, layer):
        self.layer = layer
        self._plan = layer._plan
        self.latency = (streaming(self._plan).delay + 1) * self._stride
        self.closed = False
        self._states = self._waiting = None
        self._given = self._returned = 0
        self._late = streaming(self._plan).delay

    @property
    def _stride(self):
        return 2**self._plan.level

    @property
    def _axis(self):
        return 1 if self.layer._channels_last else 2

    def push(self, block):
        """Take the next samples.

        Args:
            block: `(batch, time, C)`, or with channels in second place as the layer has them; of any length, also 0.
                Batch and C are those of the first block.

        Returns:
            The features that are ready now, `(batch, n, C * K)` as the layer would give them, a NumPy array; n may
            be 0.

        Raises:
            ValueError: the stream was closed, or the block has another batch, number of channels or rank.
        """
        self._check(np.shape(block))
        block = np.asarray(keras.ops.convert_to_numpy(block))
        check_dtype(block, "signals")
        return self._process(block)

    def close(self):
        """The features that remain, as if zeros followed. Nothing can be pushed afterwards.

        Raises:
            ValueError: the stream was closed already, or nothing was ever given.
        """
        if self._waiting is None or self.closed:
            fault = "it was closed before" if self.closed else "nothing was given"
            raise ValueError(f"A stream must be closed once, after the last block. Received: {fault}")
        shape = list(self._waiting.shape)
        wanted = -(-self._given // self._stride)
        shape[self._axis] = self.latency + self._stride
        found = self._process(np.zeros(shape, self._waiting.dtype), wanted)
        self.closed = True
        return found

    def _check(self, shape):
        if self.closed:
            raise ValueError(f"A stream takes no blocks after it was closed. Received: a block of shape {tuple(shape)}")
        layout = "(batch, time, C)" if self.layer._channels_last else "(batch, C, time)"
        if len(shape) != 3:
            raise ValueError(f"block must have the shape {layout}. Received: shape {tuple(shape)}")
        if self._waiting is not None:
            expected = [size for i, size in enumerate(self._waiting.shape) if i != self._axis]
            if [size for i, size in enumerate(shape) if i != self._axis] != expected:
                raise ValueError(
                    f"block must have batch and channels {tuple(expected)} as the first one, {layout}. "
                    f"Received: shape {tuple(shape)}"
                )

    def _process(self, block, wanted=None):
        layer = self.layer
        if self._waiting is None:
            self._start(block)
        waiting = np.concatenate([self._waiting, block.astype(self._waiting.dtype)], axis=self._axis)
        if wanted is None:
            self._given += block.shape[self._axis]
        features = []
        dtype = layer._kernel_dtype()
        layout = Layout(1, layer._channels_last, dtype, layer.compute_dtype)
        while (count := waiting.shape[self._axis] // self._stride) > 0:
            # Blocks of few lengths, so that there are few programs.
            count = min(MOST_OUTPUTS, 2 ** (count.bit_length() - 1))
            now, waiting = np.split(waiting, [count * self._stride], axis=self._axis)
            found, self._states = step(
                keras.ops.convert_to_tensor(now), self._states, layer._arrays(None), self._plan, layout
            )
            features.append(keras.ops.convert_to_numpy(found))
        self._waiting = waiting
        return self._ready(features, wanted)

    def _start(self, block):
        layer = self.layer
        batch, channels, _ = layer._split_shape(block.shape)
        if not layer.built:
            # The length is not that of the block, which may be shorter than the layer takes.
            layer.build(layer._join_shape(batch, channels, None))
        dtype = "float64" if layer.compute_dtype == "float64" else "float32"
        self._waiting = np.zeros([0 if i == self._axis else n for i, n in enumerate(block.shape)], dtype)
        self._states = {
            name: keras.ops.zeros((batch, channels * rows, samples), layer._kernel_dtype())
            for name, (rows, samples) in streaming(self._plan).states.items()
        }

    def _ready(self, features, wanted):
        """New features without those that are centred before the first sample."""
        if not features:
            batch, channels, _ = self.layer._split_shape(self._waiting.shape)
            shape = self.layer._join_shape(batch, channels * len(self._plan.paths), 0)
            return keras.ops.convert_to_numpy(keras.ops.zeros(shape, self.layer.compute_dtype))
        found = np.concatenate(features, axis=self._axis)
        count = found.shape[self._axis]
        first = min(self._late, count)
        self._late -= first
        last = count if wanted is None else first + wanted - self._returned
        self._returned += last - first
        return found[(slice(None),) * self._axis + (slice(first, last),)]

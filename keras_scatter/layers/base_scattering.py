"""What the scattering layers share: paths, outputs, shapes and the layout of features."""

import keras
from keras import ops

from keras_scatter.arguments import check_choice
from keras_scatter.backend.sizes import is_static
from keras_scatter.layers.base_transform import BaseTransform
from keras_scatter.plan.tree import select

OUTPUTS = ("scattering", "modulus", "wavelet")


class BaseScattering(BaseTransform):
    """A layer that turns every channel into scattering paths.

    Subclasses set `_transform`, a function of planes `(N, *sizes)`, arrays, plan and kind of output that returns what
    `functional.cascade.scatter` does, and implement `_arrays(axes)`, which makes its arrays.

    Args:
        make_plan: function from a tuple of paths, or None for all, to a `plan.tree.Plan`.
        paths, output, data_format: arguments of the layer.
    """

    feature_order = "channel"  # feature c * K + k is path k of channel c; "path" would be k * C + c

    def __init__(self, make_plan, paths=None, output="scattering", data_format=None, **kwargs):
        super().__init__(data_format, **kwargs)
        self._output = check_choice("output", output, OUTPUTS)
        self._plan = make_plan(None)
        self._selected = None
        if paths is not None:
            self._selected = select(self._plan.paths, paths)
            self._plan = make_plan(self._selected)
        # Without an average, coefficients are moduli.
        self._kind = "modulus" if self._plan.average is None and output == "scattering" else self._output

    @property
    def paths(self):
        """The K scattering paths of one channel, in output order."""
        return self._plan.paths

    def call(self, inputs):
        batch, channels, *sizes = self._split_shape(ops.shape(inputs))
        self._check_sizes(sizes, self._plan.scale, self._plan.padding == "periodic")
        if is_static(batch) and batch == 0:
            return self._nothing(inputs.shape)
        planes = self._channels_second(ops.cast(inputs, self._working_dtype()))
        arrays = self._arrays(self._plan.axes(sizes))
        found = self._transform(ops.reshape(planes, (-1, *sizes)), arrays, self._plan, self._kind)
        return self._features(found, channels) if self._kind == "scattering" else self._maps(found, channels)

    def compute_output_shape(self, input_shape):
        batch, channels, *sizes = self._split_shape(input_shape)
        self._check_sizes(sizes, self._plan.scale, self._plan.padding == "periodic")
        if self._kind == "scattering":
            features = None if channels is None else channels * len(self.paths)
            return self._join_shape(batch, features, *self._plan.output_shape(sizes, self._plan.level))
        shapes = {}
        for path, level in self._plan.levels:
            shape = self._join_shape(batch, channels, *self._plan.output_shape(sizes, level))
            if self._kind == "modulus":
                shapes[path] = shape
            elif path.order:
                shapes[path] = (shape, shape)
        return shapes

    def get_config(self):
        selected = None if self._selected is None else [list(path) for path in self._selected]
        return {**super().get_config(), "paths": selected, "output": self._output}

    def _features(self, maps, channels):
        """Maps `(N, K, *sizes)` as features of images, in the data format."""
        _, paths, *sizes = ops.shape(maps)
        if self._channels_last:
            maps = ops.reshape(maps, (-1, channels, paths, *sizes))
            maps = ops.transpose(maps, (0, *range(3, 3 + len(sizes)), 1, 2))
        return ops.cast(ops.reshape(maps, (-1, *self._join_shape(0, channels * paths, *sizes)[1:])), self.compute_dtype)

    def _maps(self, found, channels):
        """Maps `(N, *sizes)` of paths as a dict of arrays with the channels of the input."""
        paths = [path for path in self.paths if path.order or self._kind == "modulus"]
        return {
            path: keras.tree.map_structure(lambda part: self._features(part[:, None], channels), maps)
            for path, maps in zip(paths, found)
        }

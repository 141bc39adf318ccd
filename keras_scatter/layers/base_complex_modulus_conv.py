"""What the distilled layers of images and of signals share: a filter group as weights."""

import functools
import warnings
from collections.abc import Callable
from typing import Any, Self

import keras
import numpy as np
from keras import ops

from keras_scatter import saved_filters
from keras_scatter.arguments import shown
from keras_scatter.backend.convolutions import has_bfloat16
from keras_scatter.filters.groups import OF_SIGNALS, designed_group, group_shapes
from keras_scatter.layers._initial import check_initializer, constant, distinct
from keras_scatter.layers.base_scattering import BaseScattering
from keras_scatter.layers.base_transform import NAMES
from keras_scatter.typing import KerasObject, PathLike, Selection


class BaseComplexModulusConv(BaseScattering):
    """A scattering layer whose filters are the kernels of a group.

    Subclasses set `_design`, the module with `program_for`.

    Args:
        make_plan: as in `BaseScattering`.
        group_config: a result of `filters.groups.resolve`.
        kernel_initializer, weights, paths, output, data_format: arguments of the layer.
    """

    def __init__(
        self,
        make_plan: Callable[..., Any],
        group_config: dict[str, Any],
        kernel_initializer: KerasObject = "morlet",
        weights: PathLike | None = None,
        paths: Selection = None,
        output: str = "scattering",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(make_plan, paths, output, data_format, **kwargs)
        self.kernel_initializer = _check_initializer(kernel_initializer)
        self.group_config = group_config
        self._loaded_group = None if weights is None else saved_filters.load_matching(weights, group_config)

    @classmethod
    def from_group(cls, weights: PathLike, **kwargs: Any) -> Self:
        """The layer that a filter group was made for, with its filters.

        Args:
            weights: the name of a shipped group, or the path of a file of `save_filters`.
            **kwargs: other arguments of the layer, such as `paths`, `data_format`, `dtype` and `name`.

        Raises:
            TypeError: `weights` is neither a name nor a path.
            ValueError: there is no such group, its file is damaged, or it is one of another layer.

        Example:

        >>> ComplexModulusConv.from_group("morlet_J3_o2").J
        3
        """
        config, _ = saved_filters.load(weights)
        if (config["design"] in OF_SIGNALS) != (cls.rank == 1):
            what = NAMES[cls.rank][0]
            raise ValueError(f"weights must be a filter group of {what}. Received: weights={shown(weights)}")
        given = {name: value for name, value in config.items() if cls.rank == 2 or name != "design"}
        return cls(**given, weights=weights, **kwargs)

    @property
    def filters(self) -> dict[str, keras.Variable]:
        """The filter group as a dict of variables by name."""
        return {variable.name: variable for variable in self.weights}

    def _add_filters(self, channels=1):
        """Make the weights.

        Args:
            channels: those of the inputs, for groups that do not share filters.
        """
        shapes = group_shapes(self.group_config, channels)
        initial = self._initial_values(shapes, channels)
        for name, shape in shapes.items():
            self.add_weight(name=name, shape=shape, initializer=initial[name])

    def _program_for(self, axes):
        return self._design.program_for(self._plan, axes, self._kernel_dtype(), self._kind)

    def _arrays(self, axes):
        return {name: ops.cast(variable, self._kernel_dtype()) for name, variable in self.filters.items()}

    def _kernel_dtype(self):
        """The dtype of the convolutions: float32 where bfloat16 would take more time."""
        if self.compute_dtype == "bfloat16" and not has_bfloat16():
            _warn_of_bfloat16(self.dtype_policy.name)
            return "float32"
        return self.compute_dtype

    def _working_dtype(self):
        # Order 0 and the means of planes are computed in float32.
        return "float32" if self.compute_dtype == "bfloat16" else self.compute_dtype

    def is_as_drawn(self) -> bool:
        """Whether the filters of the built layer are random numbers, as its initializer drew them."""
        if self._loaded_group is not None or self.kernel_initializer == "morlet":
            return False
        initial = self._initial_values(self.filters, None)
        drawn = ((initial[name](variable.shape, variable.dtype), variable) for name, variable in self.filters.items())
        return all(np.array_equal(*map(ops.convert_to_numpy, pair)) for pair in drawn)

    def scale_filters(self, factors: dict[str, float]) -> None:
        """Multiply kernels.

        Args:
            factors: dict of numbers by the names of kernels, such as `"lowpass_1"`, and `"psi_0"` for both its parts.
        """
        for name, variable in self.filters.items():
            factor = factors.get(name.removesuffix("_real").removesuffix("_imag"), 1.0)
            variable.assign(variable * ops.cast(factor, variable.dtype))

    def save_filters(self, path: PathLike, overwrite: bool = False, **about: Any) -> None:
        """Write the filter group to `path`, to be read by `weights=path` or by any framework.

        Args:
            path: ends in `.weights.h5` (Keras's weights file, which `load_weights` reads too) or in `.npz` (NumPy,
                plain array names).
            overwrite: replace a file that exists.
            **about: what else to write beside the config: data set, epochs, errors; anything JSON can hold.

        The file holds a checksum, which is compared when it is read.

        Raises:
            ValueError: the ending is another one, the layer is not built, a filter is not finite, or the file exists.
        """
        if not self.built:
            raise ValueError("save_filters needs a layer with filters: call the layer or build it first.")
        arrays = {name: ops.convert_to_numpy(variable) for name, variable in self.filters.items()}
        saved_filters.write(path, self.group_config, arrays, overwrite=overwrite, about=about)

    def get_config(self) -> dict[str, Any]:
        initializer = self.kernel_initializer
        serialized = initializer if initializer == "morlet" else keras.initializers.serialize(initializer)
        return {**super().get_config(), "kernel_initializer": serialized}

    def _initial_values(self, shapes, channels):
        """An array or an initializer for every kernel."""
        if self._loaded_group is not None:
            return {name: constant(self._loaded_group[name]) for name in shapes}
        if self.kernel_initializer == "morlet":
            designed = designed_group(self.group_config, channels)
            return {name: constant(designed[name]) for name in shapes}
        return {name: distinct(self.kernel_initializer, index) for index, name in enumerate(shapes)}


@functools.cache
def _warn_of_bfloat16(policy):
    """Say once what becomes of a policy."""
    warnings.warn(
        f'With dtype="{policy}" convolutions of keras_scatter run in float32 here, because the processor, or the '
        "backend on it, has no fast bfloat16. The outputs are bfloat16.",
        stacklevel=2,
    )


def _check_initializer(initializer):
    if isinstance(initializer, str) and initializer == "morlet":
        return initializer
    return check_initializer("kernel_initializer", initializer, '"morlet" or a Keras initializer')

"""What the scattering layers share: paths, outputs, shapes and the layout of features."""

from collections.abc import Callable
from typing import Any

from keras import ops

from keras_scatter.arguments import check_choice, check_integer
from keras_scatter.backend.sizes import is_static
from keras_scatter.functional.channels import Layout, Transform, transform
from keras_scatter.layers._paths import WithPaths
from keras_scatter.layers.base_transform import NAMES, BaseTransform
from keras_scatter.plan.tree import select
from keras_scatter.typing import Selection, Shape, Tensors

OUTPUTS = ("scattering", "modulus", "wavelet")
FORMS = ("auto", "native", "matmul")


class BaseScattering(WithPaths, BaseTransform):
    """A layer that turns every channel into scattering paths.

    Subclasses implement `_arrays(axes)`, which makes the arrays of the program. They set `_programs`, a module with a
    `program`, and one of products with `matrices`, and call `_set_fft`; or they implement `_program_for(axes)`.

    Args:
        make_plan: function from a tuple of paths, or None for all, to a `plan.tree.Plan`.
        paths, output, data_format: arguments of the layer.
    """

    fft = None

    def __init__(
        self,
        make_plan: Callable[..., Any],
        paths: Selection = None,
        output: str = "scattering",
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format, **kwargs)
        self._output = check_choice("output", output, OUTPUTS)
        self._plan = make_plan(None)
        self._selected = None
        if paths is not None:
            self._selected = select(self._plan.paths, paths)
            self._plan = make_plan(self._selected)
        # Without an average, coefficients are moduli.
        self._kind = "modulus" if self._plan.average is None and output == "scattering" else self._output

    def _set_fft(self, fft, chunk_size):
        """Take the arguments `fft` and `chunk_size`."""
        self.fft = check_choice("fft", fft, FORMS)
        self.chunk_size = None if chunk_size is None else check_integer("chunk_size", chunk_size)
        self._transform_by(self.fft)

    def _transform_by(self, form):
        """Compute by products with matrices, `"matmul"`, or else by the FFTs of the backend."""
        self._by_products = form == "matmul"

    def _program_for(self, axes):
        """The program for inputs of some sizes, its chunk and its axis of rows, see `functional.channels.Transform`."""
        if not self._has_products(*(axis.length for axis in axes)):
            return self._programs.program, self.chunk_size, 1
        # What is exported shall hold no loop.
        return self._programs.program_of_products, self.chunk_size or 0, 1

    def _has_products(self, *sizes):
        # TensorFlow traces a model that is exported also for its own sizes, for a function that nobody uses.
        return self._by_products and is_static(*sizes)

    def _matrices(self, axes):
        """The matrices of Fourier transforms by products, or None."""
        if not self._has_products(*(axis.length for axis in axes)):
            return None
        return self._programs.matrices(self._plan, axes, self._working_dtype())

    def call(self, inputs: Tensors) -> Tensors:
        batch, _, *sizes = self._split_shape(ops.shape(inputs))
        self._check_sizes(sizes, self._plan.scale, self._plan.padding == "periodic")
        if is_static(batch) and batch == 0:
            return self._nothing(inputs.shape)
        axes = self._plan.axes(sizes)
        arrays = self._arrays(axes)
        program, chunk, row_axis = self._program_for(axes)
        of_planes = Transform(program, self._plan, self._kind, chunk, row_axis)
        layout = Layout(self.rank, self._channels_last, self._working_dtype(), self.compute_dtype)
        found = transform(inputs, arrays, of_planes, layout)
        return found if self._kind == "scattering" else self._by_path(found)

    def _check_sizes(self, sizes, J, multiple=False, argument="J"):
        super()._check_sizes(sizes, J, multiple, argument)
        for name, size in zip(NAMES[self.rank][1], sizes):
            if self.fft == "matmul" and not is_static(size):
                raise ValueError(f'{name} must be known with fft="matmul". Received: {name}={size}')

    def compute_output_shape(self, input_shape: Shape) -> Any:
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

    def get_config(self) -> dict[str, Any]:
        selected = None if self._selected is None else [list(path) for path in self._selected]
        return {**super().get_config(), "paths": selected, "output": self._output}

    def _by_path(self, found):
        paths = [path for path in self.paths if path.order or self._kind == "modulus"]
        return dict(zip(paths, found))

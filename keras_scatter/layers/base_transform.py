"""What all layers share that read arrays with channels: layout, dtype, sizes, planes."""

import difflib
import inspect
import threading
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_scatter.arguments import check_choice, check_size, shown
from keras_scatter.backend import sizes as run_time
from keras_scatter.backend.constants import check_float64, constants
from keras_scatter.layers._own_variables import load, save
from keras_scatter.typing import Shape, Tensors

# By rank: what is transformed, its axes, and what they are counted in.
NAMES = {
    1: ("signals", ("Signal length",), "samples"),
    2: ("images", ("Image height", "Image width"), "pixels"),
    3: ("volumes", ("Volume depth", "Volume height", "Volume width"), "voxels"),
}
OF_KERAS = {"name", "dtype", "trainable", "autocast", "activity_regularizer", "input_shape", "input_dim"}
# Arguments of other packages.
ELSEWHERE = {
    "max_order": "max_order is called order here.",
    "shape": "Sizes are those of the inputs.",
    "backend": "The backend is Keras's.",
}
# Arguments that the repr of a layer always has, in this order; others are there if they are not the default.
SHOWN = ("J", "J_fr", "L", "Q", "Q_fr", "T", "order", "levels", "filters", "mixing", "design", "wavelets")
PLAIN = (bool, int, float, str, tuple)  # kinds of arguments that are shown
BUILDING = threading.RLock()  # held while a layer makes its weights


class BaseTransform(keras.layers.Layer):
    """A layer of real arrays `(batch, *sizes, channels)`, or with the channels in second place.

    Subclasses of another rank than 2 set `rank`, the number of sizes. Those with weights implement
    `_make_weights(input_shape)`.
    """

    rank = 2
    built: bool

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        check_policy(kwargs.get("dtype"))
        _check_names(type(self), kwargs)
        super().__init__(**kwargs)
        check_choice("data_format", data_format, (None, "channels_last", "channels_first"))
        self.data_format = data_format or keras.config.image_data_format()
        self.input_spec = keras.layers.InputSpec(ndim=self.rank + 2)
        check_float64(self.compute_dtype)

    def __repr__(self) -> str:
        parameters = inspect.signature(type(self).__init__).parameters
        usual = {name: parameter.default for name, parameter in parameters.items()}
        usual["data_format"] = keras.config.image_data_format()
        given = {name: getattr(self, name, None) for name in (*SHOWN, *parameters) if name in parameters}
        plan = getattr(self, "_plan", None)
        if plan and "J" in given:
            given["J"] = plan.scale if given["J"] is None else given["J"]
        told = {name: x for name, x in given.items() if isinstance(x, PLAIN) and (name in SHOWN or x != usual[name])}
        words = [f"{name}={value!r}" for name, value in told.items() if name != "paths"]
        words += [f"paths={len(plan.paths)}"] if plan else []
        return f"{type(self).__name__}({', '.join(words)})"

    def __call__(self, inputs: Tensors, *args: Any, **kwargs: Any) -> Tensors:
        for array in keras.tree.flatten(inputs):
            check_dtype(array, NAMES[self.rank][0])
        return super().__call__(keras.tree.map_structure(self._as_tensor, inputs), *args, **kwargs)

    def _as_tensor(self, array):
        """Keras would convert NumPy arrays without a dtype, see `constants`. JAX itself warns of float64."""
        if not isinstance(array, np.ndarray) or array.dtype == "float64":
            return array
        return constants([array])[0]

    def build(self, input_shape: Shape) -> None:
        # Several threads may call a new layer at once; one of them builds it.
        with BUILDING:
            if not self.built:
                self._make_weights(input_shape)
                self.built = True

    def _make_weights(self, input_shape):
        """Add weights, if there are any."""

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}

    def save_own_variables(self, store: Any) -> None:
        save(store, self._own_variables, self._made_with())

    def load_own_variables(self, store: Any) -> None:
        load(store, self._own_variables, self._made_with())

    @property
    def _own_variables(self):
        return [*self._trainable_variables, *self._non_trainable_variables]

    def _made_with(self):
        """The arguments that give weights their meaning, but change no shape; files hold them."""
        return {}

    @property
    def _channels_last(self):
        return self.data_format == "channels_last"

    def _split_shape(self, shape):
        """Batch, channels and sizes of a shape in the data format."""
        if len(shape) != self.rank + 2:
            raise ValueError(
                f"The shape of {NAMES[self.rank][0]} must have {self.rank + 2} axes, {self.data_format}. "
                f"Received: {tuple(shape)}"
            )
        batch, *others = shape
        *sizes, channels = others if self._channels_last else [*others[1:], others[0]]
        if channels == 0:
            raise ValueError(f"The number of channels must be at least 1. Received: input shape {tuple(shape)}")
        return batch, channels, *sizes

    def _join_shape(self, batch, channels, *sizes):
        return (batch, *sizes, channels) if self._channels_last else (batch, channels, *sizes)

    def _check_sizes(self, sizes, J, multiple=False, argument="J"):
        """Check that sizes are at least 2**J, or multiples; those that only a graph knows, when it runs."""
        what, names, unit = NAMES[self.rank]
        hint = ""
        if self._channels_last and run_time.is_static(sizes[0]) and sizes[0] in (1, 2, 3):
            hint = f'; data_format="channels_first" is for {what} with their channels in front'
        for name, size in zip(names, sizes):
            if size is None or run_time.is_static(size):
                check_size(name, size, J, multiple, argument, unit, hint)
                continue
            power = f"2**{argument} = " if argument else ""
            run_time.check_at_least(name, size, 2**J, f"must be at least {power}{2**J} {unit}")
            if multiple:
                run_time.check_multiple(
                    name, size, 2**J, f'must be a multiple of 2**J = {2**J} with padding="periodic"'
                )

    def _nothing(self, shape):
        """The outputs for an empty batch."""
        shapes = self.compute_output_shape(tuple(shape))
        return keras.tree.map_shape_structure(lambda shape: ops.zeros(shape, self.compute_dtype), shapes)

    def _working_dtype(self):
        """The dtype of a computation that needs float32 at least."""
        return "float64" if self.compute_dtype == "float64" else "float32"


def _check_names(layer, given):
    """Refuse arguments that neither the layer nor Keras has, with what may have been meant."""
    known = [name for name in inspect.signature(layer.__init__).parameters if name not in ("self", "kwargs")]
    for name in given:
        if name in OF_KERAS:
            continue
        near = difflib.get_close_matches(name, known, 1)
        hint = ELSEWHERE.get(name, f"Did you mean {near[0]}?" if near else "")
        raise ValueError(
            f"The arguments of {layer.__name__} must be out of {', '.join(known)}, and those of keras.layers.Layer. "
            f"{hint}{' ' * bool(hint)}Received: {name}={shown(given[name])}"
        )


def check_dtype(array, what):
    """Refuse arrays that are no real numbers; `what` they are called in the error."""
    dtype = getattr(array, "dtype", None)
    if dtype is None:
        return
    name = str(getattr(dtype, "name", dtype)).removeprefix("torch.")
    if not any(kind in name for kind in ("int", "float", "bool")):
        raise TypeError(
            f"{what} must be real numbers: floats, or integers, which are cast unscaled. Received: dtype={name}"
        )


def check_policy(dtype):
    """The policy that the argument `dtype` asks for, if it computes in a float type."""
    try:
        policy = keras.dtype_policies.get(dtype)
        known = "float" in policy.compute_dtype
    except (TypeError, ValueError, AttributeError):
        known = False
    if not known:
        raise ValueError(
            'dtype must be None, a float type such as "float64", or a policy such as "mixed_bfloat16". '
            f"Received: dtype={shown(dtype)}"
        )
    return policy

"""Wavelet moduli mixed by learned weights, in the place of a convolution."""

import functools
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_scatter.arguments import check_bool, check_choice, check_integer, check_number, check_object, check_seed
from keras_scatter.backend.recomputation import recomputed
from keras_scatter.backend.sizes import is_static
from keras_scatter.cache import cached
from keras_scatter.filters import morlet
from keras_scatter.filters.dtcwt_taps import BIORT_NAMES, FilterNames
from keras_scatter.functional.banded import products
from keras_scatter.functional.dual_tree import Scattering, scatter, scattering_steps
from keras_scatter.functional.invariant import (
    lowpass_kernel,
    mix,
    mixed_dual_tree,
    morlet_kernels,
    morlet_moduli,
    upsample,
)
from keras_scatter.layers._initial import check_initializer, constant
from keras_scatter.layers._mixings import MIXINGS
from keras_scatter.layers.base_transform import BaseTransform
from keras_scatter.plan.dual_tree import ORIENTATIONS, scattering_plan
from keras_scatter.plan.tree import MOST_PATHS
from keras_scatter.typing import ArrayLike, KerasObject, Shape, Tensors

LARGEST_WAVELET = 15
PARAMETERS = ("theta", "xi", "sigma", "slant")


@keras.saving.register_keras_serializable(package="keras_scatter")
class LocallyInvariantLayer(BaseTransform):
    """Wavelet moduli mixed by learned weights: a layer that takes the place of a convolution.

    `y(f, u) = sum_q (z(q) * k_f,q)(u) + bias(f)`, where z holds, at half size, the low-pass of each of the C input
    channels and then, for each of K orientations, the moduli of all channels, `|z| = sqrt(re^2 + im^2 + b^2) - b`.
    The kernels k are made of the learned weights A = `mixing_kernel`:

    * `"1x1"`: k = A, 7 C F weights (with K = 6);
    * `"3x3"`: k = A, fully learned, 63 C F weights;
    * `"impulse"`, `"gaussian"`, `"random"`: A times a fixed 3 x 3 kernel for each q and f, drawn once from `seed`: a
      shifted impulse, a shifted Gaussian, normally distributed taps, all of norm 1;
    * `"dct"`: the first three cosine functions on 3 x 3, each with weights of its own, 21 C F.

    Only the input is kept for the gradient: moduli are computed again, so that a layer holds H W C numbers. In a
    TensorFlow model that is compiled with `jit_compile=True`, XLA chooses what is kept.

    Args:
        filters: number F of output channels; None means that of z, `(1 + K) * C`.
        mixing: one of the names above.
        wavelet: `"dtcwt"`, the dual-tree complex wavelets of level 1, K = 6; or `"morlet"`, the kernels of scale 0 of
            `ComplexModulusConv`, K = L, computed at every other pixel.
        strides: 2, or 1 to bring the output to the size of the input by bilinear interpolation.
        biort: filters of `wavelet="dtcwt"`, a name that `DTCWT` takes.
        magnitude_bias: b, a number >= 0. With 0 the modulus is exact, and its gradient at zero is zero.
        gain: factor of the initial mixing weights, a number >= 0.
        mixing_initializer: initializer of `mixing_kernel`; `"identity"`, for `mixing="1x1"` and as many filters as z
            has channels, leaves z as it is.
        use_bias: whether to add a bias to each output channel.
        activation: activation function, applied before interpolation; None for none.
        L: number of angles of `wavelet="morlet"`, an integer from 1 to 100,000.
        wavelet_size: odd size of the Morlet kernels, 3 to 15.
        learnable_wavelets: train direction, frequency, width and slant of each Morlet wavelet: weights `theta`, `xi`,
            `sigma` and `slant`, each of shape `(L,)`.
        seed: integer from 0 to 2**32 - 1 for the fixed kernels. They are drawn again from it when a model is loaded; a
            file of weights keeps it, with `mixing`, `wavelet` and `biort`, and loads into no layer of others.
        bias_initializer, mixing_regularizer, bias_regularizer, activity_regularizer: as in `keras.layers.Conv2D`.
        mixing_constraint, bias_constraint: likewise. `NonExpansive` keeps the mixing from amplifying differences.
        data_format: `"channels_last"` or `"channels_first"`; None takes Keras's setting.
        **kwargs: `name`, `dtype`, `trainable` and other arguments of `keras.layers.Layer`. Half precision policies
            compute the wavelets in float32 and the mixing in half precision.

    Attributes:
        mixing_kernel: variable A, `(1, 1, Q, F)` for Q channels of z; `(3, 3, Q, F)` for `"3x3"`; `(3, 1, Q, F)` for
            `"dct"`, constant, along the width, along the height.
        bias: variable `(F,)`, or None.

    Call arguments:
        images: batch of real images. Integers are cast without scaling; NaN stays NaN.

    Input shape:
        `(batch, H, W, C)`, or `(batch, C, H, W)` with `data_format="channels_first"`. H and W at least 2, or None.

    Output shape:
        `(batch, ceil(H / 2), ceil(W / 2), F)`, with `strides=1` `(batch, H, W, F)`; or with F in second place.

    Raises:
        TypeError: an argument is not a number or no bool, or the images are complex or strings.
        ValueError: an argument is out of range, the images are too small or have another number of channels than
            before, or a file holds weights of other shapes or arguments.

    Example:

    >>> images = np.random.default_rng(0).uniform(size=(2, 32, 32, 3))
    >>> layer = LocallyInvariantLayer(64, mixing="impulse", activation="relu")
    >>> tuple(layer(images).shape), tuple(layer.mixing_kernel.shape)
    ((2, 16, 16, 64), (1, 1, 21, 64))
    >>> propagator = LocallyInvariantLayer(mixing_initializer="identity")
    >>> bool(keras.ops.max(keras.ops.abs(propagator(images) - DTCWTScattering(J=1)(images))) < 1e-5)
    True

    Reference:
        A Learnable ScatterNet: Locally Invariant Convolutional Layers, equations 1.3.1 to 1.3.6, 1.5.1 and 1.5.2.
    """

    def __init__(
        self,
        filters: int | None = None,
        mixing: str = "1x1",
        wavelet: str = "dtcwt",
        strides: int = 2,
        biort: str = "near_sym_a",
        magnitude_bias: float = 1e-2,
        gain: float = 1.0,
        mixing_initializer: KerasObject = "glorot_uniform",
        use_bias: bool = True,
        activation: KerasObject = None,
        L: int = 8,
        wavelet_size: int = 7,
        learnable_wavelets: bool = False,
        seed: int = 0,
        bias_initializer: KerasObject = "zeros",
        mixing_regularizer: KerasObject = None,
        bias_regularizer: KerasObject = None,
        activity_regularizer: KerasObject = None,
        mixing_constraint: KerasObject = None,
        bias_constraint: KerasObject = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        # Wavelets need float32 at least, so inputs must not be cast to half precision.
        kwargs.setdefault("autocast", False)
        regularizer = _of_keras("activity_regularizer", activity_regularizer)
        super().__init__(data_format, activity_regularizer=regularizer, **kwargs)
        self.filters = None if filters is None else check_integer("filters", filters)
        self.mixing = check_choice("mixing", mixing, tuple(MIXINGS))
        self.wavelet = check_choice("wavelet", wavelet, ("dtcwt", "morlet"))
        self.strides = check_choice("strides", strides, (1, 2))
        self.biort = check_choice("biort", biort, BIORT_NAMES)
        self.magnitude_bias = check_number("magnitude_bias", magnitude_bias)
        self.gain = check_number("gain", gain)
        self.L = check_integer("L", L, maximum=MOST_PATHS)
        self.wavelet_size = _check_wavelet_size(wavelet_size)
        self.learnable_wavelets = check_bool("learnable_wavelets", learnable_wavelets)
        self.seed = check_seed("seed", seed)
        self.use_bias = check_bool("use_bias", use_bias)
        self.activation = _of_keras("activation", activation)
        identity = isinstance(mixing_initializer, str) and mixing_initializer == "identity"
        self.mixing_initializer = (
            "identity" if identity else check_initializer("mixing_initializer", mixing_initializer)
        )
        self.bias_initializer = check_initializer("bias_initializer", bias_initializer)
        self.mixing_regularizer = _of_keras("mixing_regularizer", mixing_regularizer)
        self.bias_regularizer = _of_keras("bias_regularizer", bias_regularizer)
        self.mixing_constraint = _of_keras("mixing_constraint", mixing_constraint)
        self.bias_constraint = _of_keras("bias_constraint", bias_constraint)
        if identity and not MIXINGS[self.mixing].pointwise:
            raise ValueError(f'mixing must be "1x1" with mixing_initializer="identity". Received: mixing={mixing!r}')
        if self.learnable_wavelets and wavelet != "morlet":
            raise ValueError(f'wavelet must be "morlet" with learnable_wavelets=True. Received: wavelet={wavelet!r}')

    def _make_weights(self, input_shape):
        self.compute_output_shape(input_shape)
        channels = self._split_shape(input_shape)[1]
        if channels is None:
            raise ValueError(f"The number of channels must be known. Received: input shape {tuple(input_shape)}")
        inputs = channels * (1 + self._orientations)
        outputs = inputs if self.filters is None else self.filters
        if self.mixing_initializer == "identity" and outputs != inputs:
            raise ValueError(
                f'filters must be None or {inputs} with mixing_initializer="identity". Received: filters={outputs}'
            )
        self._mixing = MIXINGS[self.mixing](inputs, outputs, self.seed)
        self._add_weights(outputs)
        # The moduli are many and cheap to compute again, the input is kept by the layer before anyway.
        self._mixed = recomputed(self._transform, self._is_one_program)
        self.input_spec = keras.layers.InputSpec(ndim=4, axes={-1 if self._channels_last else 1: channels})

    def call(self, images: ArrayLike) -> Tensors:
        if is_static(ops.shape(images)[0]) and ops.shape(images)[0] == 0:
            return self._nothing(images.shape)
        dtype = self._working_dtype()
        images = ops.cast(images, dtype)
        if not self._channels_last:
            images = ops.transpose(images, (0, 2, 3, 1))
        shape = ops.shape(images)[1:3]
        self._check_sizes(shape, 1, argument=None)
        kernel = self._mixing.kernel(ops.cast(self.mixing_kernel, self.compute_dtype))
        mixed = self._mixed(images, kernel, *(ops.cast(part, dtype) for part in self._wavelets()))
        if self.use_bias:
            mixed = mixed + ops.cast(self.bias, self.compute_dtype)
        # Some of Keras's activations return float32 for float64 under JAX and PyTorch.
        mixed = ops.cast(self.activation(mixed), self.compute_dtype)
        if self.strides == 1:
            mixed = upsample(mixed, shape)
        return mixed if self._channels_last else ops.transpose(mixed, (0, 3, 1, 2))

    def compute_output_shape(self, input_shape: Shape) -> Any:
        batch, channels, *shape = self._split_shape(input_shape)
        self._check_sizes(shape, 1, argument=None)
        height, width = (size if size is None or self.strides == 1 else -(-size // 2) for size in shape)
        outputs = self.filters
        if outputs is None and channels is not None:
            outputs = channels * (1 + self._orientations)
        return self._join_shape(batch, outputs, height, width)

    def get_config(self) -> dict[str, Any]:
        initializer = self.mixing_initializer
        return {
            **super().get_config(),
            "filters": self.filters,
            "mixing": self.mixing,
            "wavelet": self.wavelet,
            "strides": self.strides,
            "biort": self.biort,
            "magnitude_bias": self.magnitude_bias,
            "gain": self.gain,
            "mixing_initializer": (
                initializer if initializer == "identity" else keras.initializers.serialize(initializer)
            ),
            "use_bias": self.use_bias,
            "activation": keras.activations.serialize(self.activation),
            "L": self.L,
            "wavelet_size": self.wavelet_size,
            "learnable_wavelets": self.learnable_wavelets,
            "seed": self.seed,
            "bias_initializer": keras.initializers.serialize(self.bias_initializer),
            "mixing_regularizer": keras.regularizers.serialize(self.mixing_regularizer),
            "bias_regularizer": keras.regularizers.serialize(self.bias_regularizer),
            "activity_regularizer": keras.regularizers.serialize(self.activity_regularizer),
            "mixing_constraint": keras.constraints.serialize(self.mixing_constraint),
            "bias_constraint": keras.constraints.serialize(self.bias_constraint),
        }

    def _add_weights(self, outputs):
        self.mixing_kernel = self.add_weight(
            name="mixing_kernel",
            shape=self._mixing.shape,
            initializer=self._initial_mixing,
            regularizer=self.mixing_regularizer,
            constraint=self._mixing.constraint(self.mixing_constraint),
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(outputs,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )
        if self.learnable_wavelets:
            for name, values in self._morlet_parameters().items():
                setattr(self, name, self.add_weight(name=name, shape=(self.L,), initializer=constant(values)))

    def _made_with(self):
        made_with = {"mixing": self.mixing, "wavelet": self.wavelet}
        if MIXINGS[self.mixing].drawn:
            made_with["seed"] = self.seed
        if self.wavelet == "dtcwt":
            made_with["biort"] = self.biort
        return made_with

    @property
    def _orientations(self):
        return ORIENTATIONS if self.wavelet == "dtcwt" else self.L

    @property
    def _is_one_program(self):
        """Whether mixing goes with the moduli into one program; XLA is slow at larger kernels."""
        return self.wavelet == "dtcwt" and self._mixing.pointwise

    def _transform(self, images, kernel, *wavelets):
        """Moduli of images with channels last, mixed, in the compute dtype."""
        if self.wavelet == "dtcwt":
            plan, filters = scattering_plan(1), FilterNames(self.biort)
            found = products(scattering_steps(ops.shape(images)[1:3], filters, 1), self._working_dtype())
            options = Scattering(plan, bias=self.magnitude_bias)
            if self._is_one_program:
                return mixed_dual_tree(images, kernel, found, options)
            moduli = scatter(images, found, options)
        else:
            lowpass, *parts = wavelets
            pair = morlet_kernels(*parts, self.wavelet_size) if self.learnable_wavelets else parts
            moduli = morlet_moduli(images, lowpass, *pair, bias=self.magnitude_bias)
        return mix(ops.cast(moduli, self.compute_dtype), kernel)

    def _wavelets(self):
        """The low-pass and the wavelets of `wavelet="morlet"`, or the variables they are made of."""
        if self.wavelet == "dtcwt":
            return ()
        lowpass = lowpass_kernel(morlet.SIGMA, self.wavelet_size)
        if self.learnable_wavelets:
            return lowpass, *(getattr(self, name) for name in PARAMETERS)
        return lowpass, *_sampled_wavelets(self.L, self.wavelet_size)

    def _morlet_parameters(self):
        full = functools.partial(np.full, self.L)
        values = (
            morlet.angle(np.arange(self.L), self.L),
            full(morlet.XI),
            full(morlet.SIGMA),
            full(morlet.slant(self.L)),
        )
        return dict(zip(PARAMETERS, values))

    def _initial_mixing(self, shape, dtype):
        """Equation 1.5.1 for the Glorot initializer."""
        return ops.convert_to_tensor(self._mixing.initial(self.mixing_initializer, dtype), dtype) * self.gain


@cached
def _sampled_wavelets(L, size):
    """Real and imaginary kernels `(size, size, 1, L)` for correlation, NumPy."""
    psi = morlet.morlet(0, L, size // 2)[:, ::-1, ::-1].transpose(1, 2, 0)[:, :, None]
    return psi.real, psi.imag


def _check_wavelet_size(size):
    size = check_integer("wavelet_size", size, minimum=3)
    if size % 2 == 0 or size > LARGEST_WAVELET:
        raise ValueError(f"wavelet_size must be odd and from 3 to {LARGEST_WAVELET}. Received: wavelet_size={size!r}")
    return size


def _of_keras(name, value):
    """The activation, regularizer or constraint that an argument asks for."""
    kind = name.split("_")[-1]
    module = {
        "activation": keras.activations,
        "regularizer": keras.regularizers,
        "constraint": keras.constraints,
    }[kind]
    return check_object(name, value, module.get, f"None or a Keras {kind}")

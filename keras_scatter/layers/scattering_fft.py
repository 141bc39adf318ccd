"""The exact scattering layer."""

import functools
from typing import Any

import keras

from keras_scatter.arguments import check_choice, check_integer
from keras_scatter.backend.constants import constants
from keras_scatter.functional import fourier
from keras_scatter.functional.image_bank import image_bank
from keras_scatter.functional.smoothing import by_level
from keras_scatter.layers.base_scattering import BaseScattering
from keras_scatter.plan.images import image_plan
from keras_scatter.typing import Selection


@keras.saving.register_keras_serializable(package="keras_scatter")
class ScatteringFFT(BaseScattering):
    """The exact wavelet scattering transform of images, computed by FFT.

    `S[p] x = | ... | x * psi_{j1,t1} | * psi_{j2,t2} | ... | * phi_J`, sampled every 2**J pixels, for all paths p of
    at most `order` Morlet wavelets with increasing scales. The filters are Kymatio's, and so are the numbers: they
    agree to 1e-7 of the largest coefficient. The layer has no weights; filters follow from J, L and the image size.
    They are kept for the next call, unless they take more than 64 MiB.

    Under TensorFlow and JAX the transform is compiled by XLA. A SavedModel keeps that: the TensorFlow that loads it
    must be built with XLA for its device (`tf.test.is_built_with_xla()`).

    Args:
        J: scale of the low-pass: features are averaged over about 2**J pixels. Integer >= 1.
        L: number of angles. Integer >= 1.
        order: largest number of wavelets on a path. Integer >= 1; paths longer than J do not exist.
        padding: `"reflect"` mirrors the image at its border (Kymatio's way), `"zeros"` extends it by zeros as far,
            `"periodic"` wraps it around and takes only sizes that are multiples of 2**J.
        data_format: `"channels_last"` or `"channels_first"`; None takes Keras's setting.
        chunk_size: number of image planes that are transformed at a time, an integer >= 1: memory grows with it. None
            takes as many as fit the cache of a processor.
        paths: None for all paths; or those that are wanted, a sequence out of `layer.paths` or a function of a path.
            Only these and what leads to them are computed.
        output: `"scattering"`; `"modulus"` for the moduli in front of the average, the image itself for order 0; or
            `"wavelet"` for the complex waves of these as (real, imaginary), for paths that have a wavelet.
        fft: `"native"` takes the FFTs of the backend. `"matmul"` takes products with matrices instead, for runtimes
            without FFTs or complex numbers: sizes must be known, and a `chunk_size` of None means all planes. `"auto"`
            is `"native"`, except in files that `keras_scatter.export` writes for such runtimes.
        **kwargs: `name`, `dtype` and other arguments of `keras.layers.Layer`. Half precision policies are computed
            in float32 and the result is cast.

    Attributes:
        paths: tuple of the K paths `(order, scales, angles)` of one channel, in output order.

    Call arguments:
        images: batch of real images. Integers are cast without scaling; NaN stays NaN.

    Input shape:
        `(batch, H, W, C)`, or `(batch, C, H, W)` with `data_format="channels_first"`. H and W at least 2**J, or None
        in an `Input`; fix them before a model is exported, or the filters are computed again in every call.

    Output shape:
        `(batch, H // 2**J, W // 2**J, C * K)`, or `(batch, C * K, H // 2**J, W // 2**J)`. Feature `c * K + k` is path
        k of channel c. `K = 1 + J L + L**2 J (J - 1) / 2` for order 2. The dtype is the policy's compute dtype. For
        other kinds of output a dict by path of `(batch, H // 2**j, W // 2**j, C)`, j the last scale of the path. The
        outputs of an exported file must be single arrays with string names, such as `path.name`.

    Raises:
        TypeError: an argument is not an integer, or the images are complex or strings.
        ValueError: an argument is out of range, or the images are too small.

    Example:

    >>> images = np.random.default_rng(0).uniform(size=(2, 32, 32, 3))
    >>> layer = ScatteringFFT(J=2, L=8, order=2)
    >>> tuple(layer(images).shape)
    (2, 8, 8, 243)
    >>> layer.paths[17]
    Path(order=2, scales=(0, 1), angles=(0, 0))

    Reference:
        J. Bruna, S. Mallat, Invariant Scattering Convolution Networks, IEEE TPAMI 35 (2013), equations 2 to 6.
        M. Andreux et al., Kymatio: Scattering Transforms in Python, JMLR 21 (2020).
    """

    _programs = fourier

    def __init__(
        self,
        J: int = 2,
        L: int = 8,
        order: int = 2,
        padding: str = "reflect",
        data_format: str | None = None,
        chunk_size: int | None = None,
        paths: Selection = None,
        output: str = "scattering",
        fft: str = "auto",
        **kwargs: Any,
    ) -> None:
        # The transform needs float32 at least, so inputs must not be cast to half precision.
        kwargs.setdefault("autocast", False)
        self.J = check_integer("J", J)
        self.L = check_integer("L", L)
        self.order = check_integer("order", order)
        self.padding = check_choice("padding", padding, ("reflect", "periodic", "zeros"))
        make_plan = functools.partial(image_plan, self.J, self.L, self.order, self.padding)
        super().__init__(make_plan, paths, output, data_format, **kwargs)
        self._set_fft(fft, chunk_size)

    def _arrays(self, axes):
        dtype = self._working_dtype()
        bank = constants(image_bank(self._plan, axes, dtype))
        return fourier.Arrays(bank, by_level(self._plan, axes, dtype), self._matrices(axes))

    def get_config(self) -> dict[str, Any]:
        arguments = {"J": self.J, "L": self.L, "order": self.order, "padding": self.padding}
        return {**super().get_config(), **arguments, "chunk_size": self.chunk_size, "fft": self.fft}

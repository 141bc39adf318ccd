"""The inverse dual-tree complex wavelet transform."""

import itertools
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_scatter.arguments import check_integer
from keras_scatter.backend.sizes import is_static
from keras_scatter.functional.inverse_dual_tree import backward, ways_back
from keras_scatter.layers.base_dtcwt import BaseDTCWT
from keras_scatter.plan.dual_tree import ORIENTATIONS
from keras_scatter.typing import Tensors


@keras.saving.register_keras_serializable(package="keras_scatter")
class InverseDTCWT(BaseDTCWT):
    """The inverse of `DTCWT`: the image back from its low-pass and its complex subbands.

    Reconstruction is exact for all filters, also where other programs have none or an inexact one: what the published
    synthesis filters cannot undo, those of `"farras"`, `"near_sym_a2"`, `"qshift_32"` and the band-pass on the
    diagonals of `"near_sym_b_bp"` and `"qshift_b_bp"`, is solved as a system of linear equations along each axis.

    Args:
        biort: filters of level 1, as given to `DTCWT`.
        qshift: filters of later levels, as given to `DTCWT`.
        data_format: `"channels_last"` or `"channels_first"`; None takes Keras's setting.
        **kwargs: `name`, `dtype` and other arguments of `keras.layers.Layer`. Half precision policies are computed
            in float32 and the result is cast.

    Call arguments:
        coefficients: `(low, high)`, as `DTCWT` returns them; their number of levels is that of `high`.
        size: height and width of the image, to drop the sample that was added to an odd axis; None for an even one.

    Input shape:
        `low` `(batch, H, W, C)` and `high[j]` a pair of `(batch, h, w, 6, C)`, or `(batch, C, H, W)` and
        `(batch, C, 6, h, w)` with `data_format="channels_first"`. Sizes may be None in an `Input`, except for the
        filters named above.

    Output shape:
        `(batch, height, width, C)`, or `(batch, C, height, width)`. The dtype is the policy's compute dtype.

    Raises:
        TypeError: coefficients are complex or strings, or `size` is not two integers.
        ValueError: coefficients do not belong together, or `size` is not theirs.

    Example:

    >>> images = np.random.default_rng(0).uniform(size=(1, 35, 20, 1)).astype("float32")
    >>> coefficients = DTCWT(levels=3)(images)
    >>> again = InverseDTCWT()(coefficients, size=(35, 20))
    >>> bool(keras.ops.max(keras.ops.abs(again - images)) < 1e-5)
    True

    Reference:
        I. W. Selesnick, R. G. Baraniuk, N. G. Kingsbury, The dual-tree complex wavelet transform, IEEE Signal
        Processing Magazine 22 (2005).
    """

    def __init__(
        self, biort: str = "near_sym_a", qshift: str = "qshift_a", data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(biort, qshift, data_format=data_format, **kwargs)
        self.input_spec = None

    def call(self, coefficients: Tensors, size: Sequence[int] | None = None) -> Tensors:
        dtype = self._working_dtype()
        low, high = _structure(coefficients)
        low, high = keras.tree.map_structure(lambda part: ops.cast(part, dtype), (low, high))
        self._check(low.shape, [tuple(part.shape for part in pair) for pair in high])
        shapes = [self._subband_shape(ops.shape(real))[:2] for real, _ in high]
        size = _image_size(size, shapes[0])
        images = backward(low, high, ways_back(shapes, size, self._filters, dtype), self._channels_last)
        return ops.cast(images, self.compute_dtype)

    def compute_output_shape(self, coefficients_shape: Any, size: Sequence[int] | None = None) -> Any:
        low, high = _structure(coefficients_shape)
        (batch, channels), shapes = self._check(low, high)
        return self._join_shape(batch, channels, *_image_size(size, shapes[0]))

    def compute_output_spec(self, coefficients: Tensors, size: Sequence[int] | None = None) -> keras.KerasTensor:
        low, high = _structure(coefficients)
        shapes = low.shape, [tuple(part.shape for part in pair) for pair in high]
        return keras.KerasTensor(self.compute_output_shape(shapes, size), dtype=self.compute_dtype)

    def _check(self, low, high):
        """Batch size and channels, and height and width of the subbands of each level."""
        if len(low) != 4 or any(len(part) != 5 for pair in high for part in pair):
            raise ValueError(
                "low must be a batch of images, and high pairs of subbands with an axis more. "
                f"Received: low of shape {tuple(low)}, high of shapes {[tuple(map(tuple, pair)) for pair in high]}"
            )
        batch, channels, *outer = self._split_shape(low)
        shapes = []
        for real, imag in high:
            h, w, orientations, inner = self._subband_shape(real)
            if tuple(real) != tuple(imag) or (orientations, inner) != (ORIENTATIONS, channels):
                raise ValueError(
                    f"high must hold pairs of equal shape with {ORIENTATIONS} orientations and the channels of low. "
                    f"Received: low of shape {tuple(low)}, a pair of shapes {tuple(real)}, {tuple(imag)}"
                )
            shapes.append((h, w))
        _check_sizes(outer, shapes)
        return (batch, channels), shapes

    def _subband_shape(self, shape):
        """Height, width, orientations and channels."""
        return tuple(shape[i] for i in ((1, 2, 3, 4) if self._channels_last else (3, 4, 2, 1)))


def _structure(coefficients):
    try:
        low, high = coefficients
        high = [(real, imag) for real, imag in high]
    except (TypeError, ValueError):
        high = ()
    if not high:
        raise ValueError(
            "coefficients must be (low, high), high a sequence of pairs (real, imag), one a level. "
            f"Received: {type(coefficients).__name__}"
        )
    return low, high


def _check_sizes(low, shapes):
    """Each low-pass is twice its subbands, and may have had a sample more on both sides for the next level."""
    for axis in (0, 1):
        sizes = [shape[axis] for shape in shapes]
        if not all(map(is_static, (low[axis], *sizes))):
            continue
        fits = low[axis] == 2 * sizes[-1]
        fits = fits and all(4 * later in (2 * size, 2 * size + 2) for size, later in itertools.pairwise(sizes))
        if not fits:
            raise ValueError(
                "Sizes of coefficients must halve from level to level, and end in half of those of low. "
                f"Received: low {tuple(low)}, high {shapes}"
            )


def _image_size(size, shape):
    """Height and width of the image; `shape` is that of the subbands of level 1."""
    if size is None:
        return tuple(None if n is None else 2 * n for n in shape)
    if not isinstance(size, (tuple, list)) or len(size) != 2:
        raise TypeError(f"size must be None or two integers, height and width. Received: size={size!r}")
    size = tuple(check_integer("size", n) for n in size)
    if any(is_static(n) and length not in (2 * n - 1, 2 * n) for length, n in zip(size, shape)):
        raise ValueError(
            "size must be that of the image, twice that of the subbands of level 1 or one less. "
            f"Received: size={size}, subbands {tuple(shape)}"
        )
    return size

"""Margins of the image planes: once around the image, then everything is periodic."""

import keras
from keras import ops

from keras_scatter.arguments import check_size
from keras_scatter.functional.indexing import take


def is_static(size):
    """Whether an axis length is known now; under TensorFlow it can be a tensor that is known only at run time."""
    return isinstance(size, int)


def margins(size, J, padding):
    """Samples added before and after an axis of `size` samples, Kymatio's: a multiple of 2**J results.

    Example:

    >>> margins(33, J=3, padding="reflect")
    (7, 8)
    """
    if padding == "periodic":
        return 0, 0
    total = ((size + 2**J) // 2**J + 1) * 2**J - size
    return total // 2, (total + 1) // 2


def padded_shape(shape, J, padding):
    """Height and width after `pad_planes`, ints where the sizes are."""
    return tuple(sum(margins(size, J, padding)) + size for size in shape)


def pad_planes(planes, J, padding):
    """Extend planes `(N, H, W)` as the exact transform does; sizes become multiples of 2**J."""
    for axis in (1, 2):
        planes = _pad_axis(planes, axis, J, padding)
    return planes


def _pad_axis(planes, axis, J, padding):
    size = ops.shape(planes)[axis]
    before, after = margins(size, J, padding)
    if padding == "periodic":
        return planes
    if padding == "zeros":
        return ops.pad(planes, [(before, after) if i == axis else (0, 0) for i in range(3)])
    # A triangle wave, so that margins longer than the image bounce to and fro.
    position = ops.arange(-before, size + after, dtype="int32") % (2 * size - 2)
    return take(planes, ops.minimum(position, 2 * size - 2 - position), axis=axis)


def wrap_planes(planes, before, after):
    """Periodic extension of the two middle axes of `(N, H, W, P)` by `before` and `after` samples.

    Margins longer than the planes are allowed: the planes repeat.
    """
    rows, columns = ops.shape(planes)[1:3]
    if all(is_static(size) and size >= max(before, after) for size in (rows, columns)):
        # TensorFlow joins slices four times as fast as it gathers.
        planes = ops.concatenate([planes[:, rows - before :], planes, planes[:, :after]], axis=1)
        return ops.concatenate([planes[:, :, columns - before :], planes, planes[:, :, :after]], axis=2)
    for axis, size in ((1, rows), (2, columns)):
        position = ops.arange(-before, size + after, dtype="int32") % size
        planes = take(planes, position, axis=axis)
    return planes


def check_images(shape, J, padding="reflect", argument="J"):
    """Check height and width of images; one that only TensorFlow's graph knows is checked when the graph runs."""
    for name, size in zip(("Image height", "Image width"), shape):
        if size is None or is_static(size):
            check_size(name, size, J, padding == "periodic", argument)
        elif keras.backend.backend() == "tensorflow":
            _check_at_run_time(name, size, J, padding, argument)


def _check_at_run_time(name, size, J, padding, argument):
    import tensorflow as tf

    power = f"2**{argument} = " if argument else ""
    tf.debugging.assert_greater_equal(size, 2**J, f"{name} must be at least {power}{2**J} pixels")
    if padding == "periodic":
        message = f'{name} must be a multiple of 2**J = {2**J} with padding="periodic"'
        tf.debugging.assert_equal(size % 2**J, 0, message)

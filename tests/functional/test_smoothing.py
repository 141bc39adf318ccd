import numpy as np
import numpy_twin
import pytest
from compare import assert_close, images
from keras import ops

from keras_scatter.backend.constants import constants
from keras_scatter.backend.programs import compiled
from keras_scatter.filters.morlet import gaussian_spectrum
from keras_scatter.filters.morlet_1d import gaussian_1d
from keras_scatter.filters.spectra import low_band
from keras_scatter.functional.smoothing import (
    Blocks,
    block_matrices,
    lowpass_matrix,
    matrices,
    smooth,
    smooth_channels,
    total,
)
from keras_scatter.plan.images import image_plan


@pytest.mark.parametrize(("J", "level"), [(1, 0), (2, 0), (2, 1), (3, 2)])
@pytest.mark.parametrize("padding", ["reflect", "periodic"])
def test_equals_filtering_by_fft(J, level, padding):
    plan = image_plan(J, 1, 1, padding)
    axes = plan.axes((3 * 2**J, 2 * 2**J))
    shape = tuple(axis.length for axis in axes)
    plane = images(1, *(size >> level for size in shape))
    phi = numpy_twin.level(np.fft.fft2(numpy_twin.gabor(*shape, 0.8 * 2 ** (J - 1), 0, 0, 1)).real, level)
    expected = np.fft.ifft2(numpy_twin.decimate(np.fft.fft2(plane[0]) * phi, 2 ** (J - level))).real
    found = smooth(ops.convert_to_tensor(plane[None]), matrices(plan, axes, level, "float32"))[0, 0]
    assert_close(found, expected if padding == "periodic" else expected[1:-1, 1:-1], 1e-6)


def test_constant_planes_keep_their_value():
    """Each column sums to the gain of one axis, the square root of pi / 3.1415."""
    matrix = lowpass_matrix(low_band(gaussian_spectrum(3, 64), 1, (-1,), np), 4, (0, 8))
    assert_close(matrix.sum(0), np.full(8, (np.pi / 3.1415) ** 0.5), 1e-9)


def test_sizes_that_are_tensors_give_the_same_matrix():
    spectrum = gaussian_spectrum(2, 24)
    found = lowpass_matrix(ops.convert_to_tensor(spectrum, "float32"), 4, (1, 4), ops)
    assert_close(found, lowpass_matrix(spectrum, 4, (1, 4)), 1e-6)


@pytest.mark.parametrize(("size", "step", "kept"), [(8192, 64, (3, 20)), (8192, 1024, (0, 8)), (6144, 512, (2, 9))])
def test_long_axes_are_smoothed_in_blocks(size, step, kept):
    spectrum = gaussian_1d(0.1 / step, size)
    matrix, sums = block_matrices(np.fft.ifft(spectrum).real, step, kept)
    x = np.random.default_rng(0).uniform(size=(2, 3, size))
    expected = np.fft.ifft(np.fft.fft(x) * spectrum).real[..., ::step][..., kept[0] : sum(kept)]
    blocks = Blocks(*constants((matrix.astype("float32"), sums.astype("float32"))))
    assert_close(smooth(ops.convert_to_tensor(x.astype("float32")), (blocks,)), expected, 1e-6)
    assert matrix.size <= 24 * step


@pytest.mark.parametrize("in_blocks", [False, True])
def test_maps_with_channels_are_smoothed_alike(in_blocks):
    maps, spectrum = images(2, 3, 24, 16), gaussian_spectrum(2, 16)
    rows = lowpass_matrix(gaussian_spectrum(2, 24), 4, (1, 4)).astype("float32")
    if in_blocks:
        columns = block_matrices(np.fft.ifft(spectrum).real, 4, (1, 2))
        columns = Blocks(*constants(tuple(matrix.astype("float32") for matrix in columns)))
    else:
        (columns,) = constants([lowpass_matrix(spectrum, 4, (1, 2)).astype("float32")])
    both = (*constants([rows]), columns)
    expected = smooth(ops.convert_to_tensor(maps), both)
    found = smooth_channels(ops.convert_to_tensor(np.moveaxis(maps, 1, -1)), both)
    assert_close(ops.moveaxis(found, -1, 1), expected, 1e-6)


@pytest.mark.parametrize("shape", [(1024, 1024), (128, 128, 64)])
def test_sums_of_a_million_numbers_are_exact(shape):
    maps = images(2, *shape)
    found = compiled(xla_under_tensorflow=True)(total)(ops.convert_to_tensor(maps), rank=len(shape))
    expected = maps.astype("float64").sum(tuple(range(1, 1 + len(shape))), keepdims=True)
    assert found.shape == expected.shape
    assert_close(found, expected, 2e-7)

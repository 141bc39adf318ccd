import numpy as np
import pytest
from compare import assert_close, gradient, images, to_numpy
from keras import ops

from keras_scatter.backend import fourier


@pytest.fixture(params=["native", "matmul"])
def form(request):
    """Function of sizes that gives the transforms: those of the backend, or products with matrices."""

    def transforms(forward, inverse, dtype="float32"):
        return fourier.transforms(fourier.matrices([forward], [inverse], dtype) if request.param == "matmul" else None)

    return transforms


@pytest.mark.parametrize("factor", [1, 2, 4])
def test_folding_a_spectrum_decimates_the_planes(factor):
    plane = images(3, 16, 24)
    spectrum = np.fft.fft2(plane) / factor**2
    found = [fourier.fold(ops.convert_to_tensor(part), (factor, factor)) for part in (spectrum.real, spectrum.imag)]
    expected = np.fft.fft2(plane[:, ::factor, ::factor])
    for part, other in zip(found, (expected.real, expected.imag), strict=True):
        assert_close(part, other, 1e-6)


@pytest.mark.parametrize("factors", [(2, 2), (1, 4), (1, 1)])
def test_convolution_is_circular_and_decimated(factors, form):
    planes, filters = images(2, 3, 12, 8), images(5, 12, 8, seed=1)
    fourier = form((12, 8), (12 // factors[0], 8 // factors[1]))
    spectrum = fourier.spectrum(ops.convert_to_tensor(planes), 2)
    product = fourier.product(spectrum, fourier.filters(ops.convert_to_tensor(filters)), factors)
    found = fourier.inverse(product, 2)
    expected = np.fft.ifft2(np.fft.fft2(planes)[:, :, None] * filters)[..., :: factors[0], :: factors[1]]
    expected = expected.reshape(2, 15, *expected.shape[3:]) * np.prod(factors)
    for part, other in zip(fourier.parts(found), (expected.real, expected.imag), strict=True):
        assert_close(part, other, 1e-5)
    assert_close(fourier.modulus(found), abs(expected), 1e-5)


@pytest.mark.parametrize("sizes", [(4, 6, 8), (3, 5, 7)])
def test_filters_of_volumes_are_sums_of_products(sizes, form):
    """Even along the last axis, of which there is half of the spectrum; times -i."""
    fourier = form(sizes, sizes)
    bins = sizes[2] // 2 + 1
    volumes, first, last = images(2, 1, *sizes) - 0.5, images(4, 3, *sizes[:2], seed=1), images(4, bins, seed=2)
    half = fourier.turned(fourier.spectrum(ops.convert_to_tensor(volumes), 3))
    product = fourier.product_of_terms(half, ops.convert_to_tensor(first), ops.convert_to_tensor(last))
    filters = np.einsum("kbzy,kx->bzyx", first, last)
    expected = np.fft.irfftn(-1j * np.fft.rfftn(volumes, axes=(2, 3, 4)) * filters, sizes, axes=(2, 3, 4))
    assert_close(fourier.real_inverse(product, sizes), expected, 1e-5)


@pytest.mark.parametrize("sizes", [(4, 3, 6), (3, 2, 5)])
def test_gradients_of_real_transforms_of_volumes(sizes, form, float64):
    """Any half spectrum may come out of a product, so that bins without a mirror image matter too."""
    fourier = form(sizes, sizes, "float64")
    generator = np.random.default_rng(0)
    x, direction, weights = (generator.normal(size=(1, 1, *sizes)) for _ in range(3))
    shapes = (1, 2, *sizes[:2]), (1, sizes[2] // 2 + 1)
    first, last = (ops.convert_to_tensor(generator.normal(size=shape)) for shape in shapes)

    def value(x):
        product = fourier.product_of_terms(fourier.turned(fourier.spectrum(x, 3)), first, last)
        return ops.sum(fourier.real_inverse(product, sizes) ** 2 * ops.convert_to_tensor(weights))

    step = 1e-6
    ahead, behind = (to_numpy(value(ops.convert_to_tensor(x + sign * step * direction))) for sign in (1, -1))
    difference = (ahead - behind) / (2 * step)
    assert abs((gradient(value, x) * direction).sum() - difference) <= 1e-6 * abs(difference)


@pytest.mark.parametrize("size", [16, 18])
@pytest.mark.parametrize("factor", [1, 2])
@pytest.mark.parametrize(("first", "count"), [(0, 5), (2, 3), (-3, 4), (-3, 8), (6, 5), (5, 8), (-7, 16), (-2, 2)])
def test_filters_that_vanish_on_most_bins(first, count, factor, size, form):
    """Negative bins, and those beyond half the sampling rate, are conjugates of others; all fall on a coarser grid."""
    fourier = form((size,), (size // factor,))
    x, filters = images(2, 3, size) - 0.5, images(4, count, seed=1)
    half = fourier.spectrum(ops.convert_to_tensor(x), 1)
    bins = first, fourier.filters(ops.convert_to_tensor(filters))
    found = fourier.inverse(fourier.product_of_bins(half, bins, size, factor), 1)
    whole = np.zeros((4, size))
    whole[:, np.arange(first, first + count) % size] = filters
    expected = factor * np.fft.ifft(np.fft.fft(x)[:, :, None] * whole)[..., ::factor].reshape(2, 12, -1)
    for part, other in zip(fourier.parts(found), (expected.real, expected.imag), strict=True):
        assert_close(part, other, 1e-5)


@pytest.mark.parametrize("size", [15, 16])
def test_the_whole_of_a_half_spectrum(size, form):
    fourier = form((size,), (size,))
    x = images(2, 1, size)
    whole = fourier.whole(fourier.spectrum(ops.convert_to_tensor(x), 1), size)
    found = fourier.inverse(fourier.product(whole, fourier.filters(ops.ones((1, size))), (1,)), 1)
    assert_close(fourier.parts(found)[0], x, 1e-5)

import numpy as np
import numpy_twin_3d
import pytest
from compare import assert_close, once

from keras_scatter.filters.solid_harmonic import axis_factors, harmonic_polynomials, reaches_nyquist

pytestmark = once


def real_wavelets(shape, width, degree, half):
    factors = (axis_factors(size, width, degree)[half] for size in shape)
    return np.einsum("mabc,az,by,cx->mzyx", harmonic_polynomials(degree), *factors)


@pytest.mark.parametrize("degree", range(6))
@pytest.mark.parametrize("shape", [(6, 8, 10), (5, 7, 8)])
def test_complex_wavelets_are_mixed_from_the_real_ones(shape, degree):
    complex_ones, real_ones = numpy_twin_3d.wavelets(shape, 1.3, degree), real_wavelets(shape, 1.3, degree, 0)
    assert_close((real_ones**2).sum(0), (abs(complex_ones) ** 2).sum(0), 1e-14)
    if degree:
        mixed = (-1j) ** degree * (real_ones[-1] - 1j * real_ones[0]) / np.sqrt(2)
        assert_close(mixed, complex_ones[0], 1e-14)


@pytest.mark.parametrize("shape", [(4, 6, 3), (5, 2, 8)])
def test_the_second_half_is_the_mirror_image(shape):
    for degree in (0, 2, 3):
        mirrored = np.flip(real_wavelets(shape, 0.7, degree, 0), (1, 2, 3))
        for axis in (1, 2, 3):
            mirrored = np.roll(mirrored, 1, axis)
        assert_close((-1) ** degree * real_wavelets(shape, 0.7, degree, 1), mirrored, 1e-14)


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_what_is_left_out_at_the_nyquist_frequency_is_negligible(degree):
    """Wavelets without a mirror image differ from their halves by less than what is promised, and only those."""
    for width in (1.0, 1.5, 2.0, 2.5):
        ours, mirrored = (real_wavelets((8, 8, 8), width, degree, half) for half in (0, 1))
        error = abs(ours - mirrored).max() / abs(ours).max()
        assert reaches_nyquist(width, degree, "float32") or error < 2e-6
        assert not reaches_nyquist(width, degree, "float32") or error > 1e-9

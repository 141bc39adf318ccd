import keras
import numpy as np
import pytest
from compare import assert_close, gradient, to_numpy
from keras import ops

from keras_scatter.layers import HarmonicScattering3D
from keras_scatter.molecules import gaussian_densities, valence_charges

generator = np.random.default_rng(0)
POSITIONS = generator.normal(scale=1.5, size=(2, 4, 3)).astype("float32")
CHARGES = generator.uniform(1, 8, size=(2, 4, 2)).astype("float32")
SHAPE = (12, 13, 15)


def one_by_one(positions, charges, sigma):
    grid = np.stack(np.meshgrid(*(np.arange(n) - n // 2 for n in SHAPE), indexing="ij"), -1)
    found = np.zeros((len(positions), *SHAPE, charges.shape[-1]))
    for density, atoms, weights in zip(found, positions, charges):
        for centre, weight in zip(atoms, weights):
            bell = np.exp(-((grid - centre) ** 2).sum(-1) / (2 * sigma**2)) / ((2 * np.pi) ** 1.5 * sigma**3)
            density += bell[..., None] * weight
    return found


def test_densities_are_sums_of_gaussians():
    assert_close(gaussian_densities(POSITIONS, CHARGES, SHAPE, 0.9), one_by_one(POSITIONS, CHARGES, 0.9), 1e-6)
    alone = gaussian_densities(POSITIONS, CHARGES[..., 0], SHAPE, 0.9)
    assert_close(alone, one_by_one(POSITIONS, CHARGES[..., :1], 0.9), 1e-6)


def test_dtypes(float64):
    assert keras.backend.standardize_dtype(gaussian_densities([[[0, 0, 1]]], [[1]], SHAPE).dtype) == "float32"
    double = gaussian_densities(POSITIONS, CHARGES, SHAPE, dtype="float64")
    assert keras.backend.standardize_dtype(double.dtype) == "float64"
    assert_close(double, one_by_one(POSITIONS, CHARGES, 1), 1e-12)


def test_positions_have_gradients():
    """Far from the border a shift changes no sum, but it moves the centre of mass by the charge."""
    at = np.arange(12) - 6.0

    def moment(positions):
        density = gaussian_densities(positions, CHARGES[:1, :1, 0], (12, 12, 12))
        return ops.sum(density * ops.convert_to_tensor(at.astype("float32").reshape(1, 12, 1, 1, 1)))

    expected = np.zeros((1, 1, 3))
    expected[..., 0] = CHARGES[0, 0, 0]
    assert_close(gradient(moment, np.zeros((1, 1, 3), "float32")), expected, 1e-4)


@pytest.mark.filterwarnings("ignore:Volumes of sizes")
def test_turning_a_molecule_changes_no_scattering_coefficient():
    turned = POSITIONS[..., [1, 0, 2]] * [1, -1, 1]
    # The power 0.5 would show the rounding of float32 where a volume is empty.
    layer = HarmonicScattering3D(J=1, L=2, order=1, integral_powers=(1.0, 2.0))
    plain, other = (layer(gaussian_densities(p, CHARGES[..., 0], (17, 17, 17))) for p in (POSITIONS, turned))
    assert_close(other, to_numpy(plain), 1e-5)


def test_valence_and_core():
    charges = np.array([[1, 2, 3, 10], [11, 18, 0, 6]])
    assert valence_charges(charges).tolist() == [[1, 2, 1, 8], [1, 8, 0, 4]]
    with pytest.raises(ValueError, match="charges must be integers from 0 to 18"):
        valence_charges([19])


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ((POSITIONS, CHARGES, (4, 4)), ValueError, r"shape must be three integers.* Received: shape=\(4, 4\)"),
        ((POSITIONS, CHARGES, (4, 4, 2.5)), TypeError, r"shape\[2\] must be an integer"),
        ((POSITIONS, CHARGES, SHAPE, 0), ValueError, r"sigma must be a number > 0. Received: sigma=0"),
        ((POSITIONS, CHARGES, SHAPE, 1, "float16"), ValueError, r"dtype must be one of 'float32', 'float64'"),
        ((POSITIONS[0], CHARGES, SHAPE), ValueError, r"positions must have the shape \(batch, atoms, 3\)"),
        ((POSITIONS, CHARGES[:, :3], SHAPE), ValueError, r"charges of shape \(2, 3, 2\)"),
    ],
)
def test_bad_arguments(arguments, error, text):
    with pytest.raises(error, match=text):
        gaussian_densities(*arguments)

import keras
import numpy as np
import pytest
from compare import assert_close, images, to_numpy

from keras_scatter.layers import LocallyInvariantLayer, NonExpansive

pytestmark = pytest.mark.keras_version


def operator_norm(kernel, size=12):
    """Largest gain of the convolution at any frequency of a periodic grid."""
    spectrum = np.fft.fft2(kernel, (size, size), axes=(0, 1))
    return np.linalg.norm(spectrum, 2, axis=(2, 3)).max()


@pytest.mark.parametrize("shape", [(1, 1, 21, 8), (1, 1, 3, 40), (3, 3, 7, 5)])
def test_a_large_kernel_is_scaled_down(shape):
    kernel = np.random.default_rng(0).normal(size=shape).astype("float32")
    found = to_numpy(NonExpansive()(kernel))
    assert operator_norm(found) <= 1 + 1e-5
    if shape[0] == 1:
        assert operator_norm(found) == pytest.approx(1, abs=1e-5)
    assert_close(found / np.linalg.norm(found), kernel / np.linalg.norm(kernel))


@pytest.mark.parametrize("limit", [0.5, 3.0])
def test_a_small_kernel_is_left_alone(limit):
    kernel = np.eye(4, dtype="float32")[None, None] * limit * 0.9
    assert_close(NonExpansive(limit)(kernel), kernel, 1e-7)


def test_limits():
    kernel = np.random.default_rng(0).normal(size=(1, 1, 6, 6)).astype("float32")
    assert operator_norm(to_numpy(NonExpansive(2.5)(kernel))) == pytest.approx(2.5, rel=1e-5)
    assert np.array_equal(to_numpy(NonExpansive()(np.zeros((1, 1, 3, 3), "float32"))), np.zeros((1, 1, 3, 3)))


@pytest.mark.parametrize("scale", [1e-30, 1e25, 1e36])
def test_squares_may_overflow(scale):
    kernel = np.random.default_rng(0).normal(size=(3, 3, 4, 5)).astype("float32")
    found = to_numpy(NonExpansive()(kernel * np.float32(scale)))
    assert_close(found, to_numpy(NonExpansive()(kernel)) if scale > 1 else kernel * np.float32(scale))


def test_bad_limit():
    with pytest.raises(ValueError, match=r"limit must be a number >= 0\. Received: limit=-1"):
        NonExpansive(-1)


def test_config():
    again = keras.constraints.deserialize(keras.constraints.serialize(NonExpansive(0.7)))
    assert isinstance(again, NonExpansive) and again.limit == 0.7


@pytest.mark.parametrize("mixing", ["1x1", "3x3", "impulse", "gaussian", "random", "dct"])
def test_mixing_stays_non_expansive_in_training(mixing):
    """Large steps: without the constraint the kernel that is applied would grow beyond 1."""
    layer = LocallyInvariantLayer(5, mixing, gain=3.0, mixing_constraint=NonExpansive())
    model = keras.Sequential([keras.Input((8, 8, 2)), layer])
    model.compile(keras.optimizers.SGD(10.0), "mse")
    model.fit(images(4, 8, 8, 2), 50 * images(4, 4, 4, 5, seed=1), verbose=0)
    norm = operator_norm(to_numpy(layer._mixing.kernel(layer.mixing_kernel.value)))
    assert 0.05 < norm <= 1 + 1e-4

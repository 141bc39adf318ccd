import keras
import numpy as np
import pytest
from compare import images, to_numpy

from keras_scatter.models import RelativeError

pytestmark = pytest.mark.keras_version


def test_is_the_ratio_of_sums_over_all_batches():
    reference, found = images(6, 4), images(6, 4, seed=1)
    metric = RelativeError()
    metric.update_state(reference[:2], found[:2])
    metric.update_state(reference[2:], found[2:])
    expected = np.linalg.norm(found - reference) / np.linalg.norm(reference)
    assert float(to_numpy(metric.result())) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("reference", "found", "expected"),
    [([0.0, 0.0], [0.0, 0.0], 0), ([0.0, 0.0], [1.0, 0.0], np.inf), ([1.0, 2.0], [np.nan, 2.0], np.nan)],
)
def test_corner_cases(reference, found, expected):
    metric = RelativeError()
    metric.update_state(np.array(reference), np.array(found))
    assert np.array_equal(to_numpy(metric.result()), expected, equal_nan=True)


def test_reset_and_weights():
    metric = RelativeError()
    metric.update_state(np.array([1.0]), np.array([5.0]))
    metric.reset_state()
    metric.update_state(np.array([1.0, 1.0]), np.array([1.5, 9.0]), sample_weight=np.array([1.0, 0.0]))
    assert float(to_numpy(metric.result())) == pytest.approx(0.5)


def test_round_trip():
    metric = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(RelativeError(name="error")))
    assert isinstance(metric, RelativeError) and metric.name == "error"

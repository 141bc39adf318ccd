import math

import pytest
from compare import once

from keras_scatter.workflows.reports import accuracy, by_order, percent
from keras_scatter.workflows.reproduce import find

pytestmark = once


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (0.0, "0.00 %"),
        (9e-6, "0.00 %"),
        (0.000123, "0.0123 %"),
        (0.0095449, "0.954 %"),
        (0.4101, "41.0 %"),
        (0.99999, "100 %"),
        (6.517433, "652 %"),
        (33.528, "3353 %"),
        (math.inf, "inf %"),
        (math.nan, "nan %"),
    ],
)
def test_percent(error, shown):
    assert percent(error) == shown


def test_errors_and_accuracies():
    assert by_order([0.0, 0.0048, 0.00954]) == "0.00 % / 0.480 % / 0.954 %"
    assert accuracy(59.69, 0.218) == "59.7 ± 0.22"
    assert accuracy(59.69, None) == "59.7"
    assert accuracy(None, None) == ""


def test_learned_filters_before_and_after():
    """The images are those that were there, not those that were asked for."""
    config, images = {"dataset": "random", "images": 100}, {"train": [90, 32, 32, 1]}
    summary = {"config": config, "images": images, "relative_error": {"after": [0.5], "before": [2.0]}}
    header, *lines = find("fig5").tables(summary)[None]
    assert header == ["trained on", "random kernels", "trained kernels"]
    assert lines == [("90 images of random", "200 %", "50.0 %")]

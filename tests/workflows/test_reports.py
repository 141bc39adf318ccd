import math

import pytest
from compare import once

from keras_scatter.workflows.reports import accuracy, by_order, downstream_rows, learned_filter_rows, percent

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
    header, lines = learned_filter_rows(summary, summary)
    assert header == ["trained on", "random kernels", "trained kernels"]
    assert lines == 2 * [("90 images of random", "200 %", "50.0 %")]


def test_classifiers_that_were_not_trained_leave_a_gap():
    entry = {"accuracy": 50.0, "deviation": 1.0, "each": [49.0, 50.0, 51.0]}
    rows = {"exact-linear": {"100": entry, "500": entry}, "pixels-cnn": {"500": entry}}
    header, lines = downstream_rows({"rows": {"mnist": rows}}, "mnist")
    assert header == ["features", "100", "500"]
    assert lines == [("exact-linear", "50.0 ± 1.00", "50.0 ± 1.00"), ("pixels-cnn", "", "50.0 ± 1.00")]

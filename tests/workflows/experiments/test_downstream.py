import json
import pathlib

import numpy as np
import pytest
from compare import on_torch

from keras_scatter.cli import main
from keras_scatter.workflows.experiments.distilled_filters import downstream

pytestmark = on_torch


def test_the_quick_form(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    options = ["reproduce", "downstream", "--quick", "--only", "pixels-linear"]
    assert main(options) == 0
    assert "The accuracies measure nothing." in capsys.readouterr().out
    out = pathlib.Path("runs/downstream-quick")
    summary = json.loads((out / "summary.json").read_text())
    assert set(summary["rows"]) == {"mnist", "cifar10"}
    assert 0 <= summary["rows"]["mnist"]["pixels-linear"]["100"]["accuracy"] <= 100
    assert (out / "accuracy.png").exists()
    kept = (out / "mnist" / "pixels-linear" / "all_0.json").stat().st_mtime_ns
    assert main([*options, "--resume", "--seeds", "2"]) == 0
    assert (out / "mnist" / "pixels-linear" / "all_0.json").stat().st_mtime_ns == kept
    summary = json.loads((out / "summary.json").read_text())
    assert len(summary["rows"]["mnist"]["pixels-linear"]["100"]["each"]) == 2
    assert main(options) == 2
    assert "--resume continues the run in it" in capsys.readouterr().err


@pytest.mark.parametrize("head", [downstream.linear, downstream.mlp])
def test_a_classifier_learns(head):
    """Classes that a linear classifier can tell: two bright rows each."""
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 8, 400)
    images = generator.uniform(size=(400, 16, 16, 1)).astype("float32")
    for image, label in zip(images, labels):
        image[2 * label : 2 * label + 2] += 1
    train, test = (images[:200], labels[:200]), (images[200:], labels[200:])
    assert downstream.train_classifier(head, train, test, 160, seed=0, steps=100) > 70


@pytest.mark.parametrize("count", [10, 25, 60])
def test_draws_are_balanced(count):
    labels = np.repeat(np.arange(10), 10)
    chosen = downstream.balanced_draw(labels, count, seed=0)
    counts = np.bincount(labels[chosen], minlength=10)
    assert len(set(chosen)) == count and counts.max() - counts.min() <= 1
    assert not np.array_equal(chosen, downstream.balanced_draw(labels, count, seed=1))


def test_all_labels():
    assert np.array_equal(downstream.balanced_draw(np.zeros(4), None, seed=0), np.arange(4))


def test_the_figure():
    entry = {"accuracy": 90.0, "deviation": None, "each": [90.0]}
    figure = downstream.EXPERIMENT.draw({"rows": {"mnist": {"exact-linear": {"100": entry, "500": entry}}}})
    assert figure.axes[0].get_title() == "mnist"
    assert figure.axes[0].get_legend().get_texts()[0].get_text() == "exact-linear"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--only", "exact-cnn"], "only must be one of 'pixels-linear'"),
        (["--seeds", "0"], "seeds must be an integer >= 1. Received: seeds=0"),
        (["--images", "5"], "images must be an integer >= 100. Received: images=5"),
    ],
)
def test_bad_options(options, text, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["reproduce", "downstream", *options]) == 2
    assert text in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_classifiers_that_were_not_trained_leave_a_gap():
    entry = {"accuracy": 50.0, "deviation": 1.0, "each": [49.0, 50.0, 51.0]}
    rows = {"exact-linear": {"100": entry, "500": entry}, "pixels-cnn": {"500": entry}}
    header, *lines = downstream.EXPERIMENT.tables({"rows": {"mnist": rows}})["mnist"]
    assert header == ["features", "100", "500"]
    assert lines == [("exact-linear", "50.0 ± 1.00", "50.0 ± 1.00"), ("pixels-cnn", "", "50.0 ± 1.00")]

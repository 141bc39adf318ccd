import json
import pathlib

import pytest
from compare import on_torch

from keras_scatter.cli import main

pytestmark = on_torch


def test_the_quick_form(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    options = ["reproduce", "private-learning", "--quick", "--dataset", "mnist", "--only", "pixels-linear"]
    assert main(options) == 0
    assert "The accuracies measure nothing." in capsys.readouterr().out
    out = pathlib.Path("runs/private-learning-quick")
    rows = json.loads((out / "summary.json").read_text())["rows"]
    assert list(rows) == ["mnist"] and 0 <= rows["mnist"]["pixels-linear"]["3.0"]["accuracy"] <= 100
    found = json.loads((out / "mnist" / "pixels-linear" / "3_0.json").read_text())
    assert 0 < found["spent"] <= 3 and found["steps"] == 5 and found["delta"] == 1e-5
    assert (out / "accuracy.png").exists()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--dataset", "cifar100"], "dataset must be one of 'mnist', 'cifar10'"),
        (["--epsilon", "0"], "epsilon must be a number > 0. Received: epsilon=0"),
        (["--only", "pixels-cnn"], "only must be one of 'exact-linear', 'pixels-linear'"),
    ],
)
def test_bad_options(options, text, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["reproduce", "private-learning", *options]) == 2
    assert text in capsys.readouterr().err
    assert not list(tmp_path.iterdir())

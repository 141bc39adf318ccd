import json

import numpy as np
import pytest
from compare import on_torch

from keras_scatter.cli import main
from keras_scatter.workflows.frontier import best


def test_best_points_are_those_that_no_other_beats():
    costs, errors = (3, 1, 2, 4), (0.2, 0.5, 0.6, 0.1)
    points = [{"multiply_adds": cost, "relative_error": [0.0, error]} for cost, error in zip(costs, errors)]
    assert best(points, lambda point: point["multiply_adds"]) == [points[1], points[0], points[3]]


@on_torch
def test_command(tmp_path, capsys):
    out = tmp_path / "frontier" / "small.json"
    options = ["frontier", "--quick", "--L=2", "--order=1", "--size=12", f"--out={out}"]
    assert main(options) == 0
    assert "Results are in" in capsys.readouterr().out
    result = json.loads(out.read_text())
    assert {(point["kernel_size"], point["lowpass_filters"]) for point in result["points"]} == {
        (3, 1),
        (3, 2),
        (5, 1),
        (5, 2),
    }
    for point in result["points"]:
        assert len(point["relative_error"]) == 2 and np.isfinite(point["relative_error"]).all()
        assert point["milliseconds_per_image"]["student"] > 0
    assert out.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert main(options) == 2
    assert "--overwrite replaces it" in capsys.readouterr().err


@pytest.mark.parametrize(("option", "text"), [("--J=5", "J must be from 1 to 4"), ("--repetitions=0", "repetitions")])
def test_bad_options(tmp_path, capsys, option, text):
    assert main(["frontier", "--quick", option, f"--out={tmp_path / 'out.json'}"]) == 2
    assert text in capsys.readouterr().err

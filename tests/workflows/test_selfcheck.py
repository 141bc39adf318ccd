import json
import time

import keras
import numpy as np
import pytest
from compare import once

from keras_scatter import files, layers
from keras_scatter.cli import main
from keras_scatter.layers import ScatteringFFT, ScatteringFFT1D
from keras_scatter.workflows import selfcheck, selfcheck_cases
from keras_scatter.workflows.selfcheck_cases import CLEAR, OTHER, RIGHT, Case, case_of, outcome

IMAGES = Case("values", "ScatteringFFT", {"J": 2, "L": 1, "data_format": "channels_first"}, (1, 9, 8, 2))


@once
def test_cases_follow_from_seed_and_number():
    for number in range(100):
        first, again = case_of(3, number), case_of(3, number)
        assert first.code() == again.code() and np.array_equal(first.inputs(), again.inputs())
    kinds = {(case.kind, case.layer) for case in (case_of(0, number) for number in range(400))}
    assert len(kinds) == 3 * len(selfcheck_cases.ARGUMENTS) + 1


@once
def test_every_layer_has_cases():
    others = {"InverseDTCWT", "NonExpansive"}  # the one goes with DTCWT, the other is a constraint
    assert set(selfcheck_cases.ARGUMENTS) == set(layers.__all__) - others


@pytest.mark.parametrize(
    "case",
    [
        IMAGES,
        Case("values", "ScatteringFFT", {"J": 1, "L": 2, "padding": "zeros", "output": "modulus"}, (1, 5, 6, 1)),
        Case("values", "ScatteringFFT1D", {"J": 3, "Q": 2, "T": "global"}, (1, 20, 1)),
        Case("values", "ScatteringFFT1D", {"J": 3, "padding": "periodic", "stride": 2}, (1, 24, 2)),
        Case("values", "DTCWT", {"levels": 2, "data_format": "channels_first"}, (2, 7, 6, 2)),
        Case("values", "DTCWTScattering", {"J": 1, "dtype": "mixed_bfloat16"}, (1, 7, 6, 2)),
        Case("values", "ComplexModulusConv", {"L": 2, "order": 1, "paths": [(1, (0,), (1,))]}, (1, 7, 6, 2)),
        Case("values", "LocallyInvariantLayer", {"filters": 2, "mixing": "dct"}, (1, 7, 6, 2)),
        Case("values", "ScatteringCovariance2D", {"J": 1, "L": 2, "data_format": "channels_first"}, (2, 7, 6, 2)),
        Case("values", "ScatteringSpectra1D", {"J": 2}, (1, 20, 2)),
    ],
    ids=lambda case: case.layer,
)
@pytest.mark.usefixtures("float64")
def test_layers_are_right(case):
    assert outcome(case) == (RIGHT, "")


@pytest.mark.parametrize("layer", [ScatteringFFT, ScatteringFFT1D])
@pytest.mark.usefixtures("float64")
def test_a_wrong_number_is_found(monkeypatch, layer):
    """In one path alone, a hundredth of it."""
    case = IMAGES if layer is ScatteringFFT else Case("values", layer.__name__, {"J": 2}, (1, 16, 1))
    call = layer.call

    def wrong(self, inputs):
        found = call(self, inputs)
        return found * keras.ops.cast(1 + 1e-2 * (np.arange(found.shape[-1]) == 0), found.dtype)

    monkeypatch.setattr(layer, "call", wrong)
    kind, said = outcome(case)
    assert kind == OTHER and "the largest error is 0.0" in said


@once
@pytest.mark.parametrize(
    ("case", "kind"),
    [
        (Case("argument", "ScatteringFFT", {"J": None}, (1, 8, 8, 1)), CLEAR),
        (Case("argument", "ScatteringFFT", {"chunk_size": None}, (1, 8, 8, 1)), RIGHT),
        (Case("argument", "NoSuchLayer", {}, (1, 8, 8, 1)), OTHER),
        *((Case("input", "DTCWT", {}, (2, 8, 8, 1), seed), None) for seed in range(20)),
        *((Case("file", "ComplexModulusConv", {"L": 1, "order": 1}, (1, 8, 8, 1), seed), None) for seed in range(40)),
    ],
)
def test_hostile_cases(case, kind):
    assert outcome(case)[0] in ([kind] if kind else [RIGHT, CLEAR])


@once
def test_files_read_with_other_numbers_are_found(monkeypatch):
    monkeypatch.setattr(files, "checksum", lambda arrays: "0")
    monkeypatch.setattr("keras_scatter.saved_filters.checksum", lambda arrays: "0")
    case = Case("file", "ComplexModulusConv", {"order": 1, "design": "paper", "kernel_size": 15}, (1, 8, 8, 1))
    found = [outcome(Case(case.kind, case.layer, case.arguments, case.shape, seed)) for seed in range(30)]
    assert any("was read with other numbers" in said for kind, said in found)


@once
def test_what_hangs_is_a_failure(monkeypatch):
    monkeypatch.setattr(selfcheck, "SECONDS", 0.05)
    monkeypatch.setattr(layers.DTCWT, "call", lambda self, inputs: time.sleep(30))
    with selfcheck._limited(0.05):
        kind, said = outcome(Case("values", "DTCWT", {}, (1, 8, 8, 1)))
    assert kind == OTHER and "it took more than 0.05 seconds" in said


def test_code_of_a_case_can_be_pasted(capsys):
    space = {}
    exec(IMAGES.code(), space)
    assert space["layer"].J == 2 and np.array_equal(space["x"], IMAGES.inputs())
    assert "float(" in Case("argument", "DTCWT", {"levels": float("nan")}).code()


@once
def test_command(tmp_path, capsys, monkeypatch):
    out = tmp_path / "runs" / "check.json"
    options = ["selfcheck", "--minutes=0.02", f"--out={out}"]
    assert main(options) == 0
    first = json.loads(out.read_text())
    assert first["cases"] >= 1 and "cases of seed 0 on" in capsys.readouterr().out
    assert main(options) == 2
    assert "--overwrite replaces it" in capsys.readouterr().err
    assert main([*options, "--resume", "--seed=1"]) == 2
    assert "out must be of the same seed" in capsys.readouterr().err
    monkeypatch.setattr(selfcheck, "outcome", lambda case: (OTHER, "wrong"))
    assert main([*options, "--resume"]) == 1
    second = json.loads(out.read_text())
    assert second["failures"][0]["case"] == first["cases"] < second["cases"]
    assert second["failures"][0]["code"] in capsys.readouterr().out


@once
@pytest.mark.parametrize("option", ["--minutes=0", "--minutes=nan", "--seed=-1"])
def test_bad_options(tmp_path, capsys, option):
    assert main(["selfcheck", option, f"--out={tmp_path / 'a.json'}"]) == 2
    assert option.split("=")[0][2:] in capsys.readouterr().err

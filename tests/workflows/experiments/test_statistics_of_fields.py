import json
import pathlib

import numpy as np
import pytest
from compare import on_torch

from keras_scatter.cli import main
from keras_scatter.workflows.classifiers import linear
from keras_scatter.workflows.experiments.statistics import fields, textures

pytestmark = on_torch


def test_the_quick_form_of_textures(tmp_path, monkeypatch):
    pytest.importorskip("skimage")
    monkeypatch.chdir(tmp_path)
    assert main(["reproduce", "statistics/textures", "--quick"]) == 0
    out = pathlib.Path("runs/statistics/textures-quick")
    rows = json.loads((out / "summary.json").read_text())["rows"]["brick"]
    assert set(rows) == set(textures.MODELS) and (out / "samples.png").exists()
    assert all(np.isfinite(row[key]) for row in rows.values() for key in ("relative_error", *textures.MEASURED))


def test_the_picture_names_the_models(tmp_path):
    sample = {"sample": [[0.0, 1.0]], "target": [[1.0, 0.0]]}
    for texture in ("brick", "grass"):
        for model in textures.MODELS:
            path = tmp_path / texture / f"{model.replace(' ', '-')}_0.json"
            path.parent.mkdir(exist_ok=True)
            path.write_text(json.dumps(sample))
    rows = dict.fromkeys(("brick", "grass"), dict.fromkeys(textures.MODELS))
    figure = textures.EXPERIMENT.draw({"rows": rows, "folder": str(tmp_path)})
    titles = [axis.get_title() for axis in figure.axes]
    assert titles == ["target", *textures.MODELS, *[""] * 4]
    assert [axis.get_ylabel() for axis in figure.axes[::4]] == ["brick", "grass"]


def test_differences():
    generator = np.random.default_rng(0)
    target = generator.normal(size=(64, 64))
    other = generator.normal(size=(64, 64))
    found = textures.differences(other, target)
    assert found["histogram"] < 0.1 and found["gradients"] < 0.1 and abs(found["correlation"]) < 0.1
    louder = textures.differences(2 * target, target)
    assert louder["spectrum"] == pytest.approx(np.log(4)) and louder["correlation"] == pytest.approx(1)
    assert louder["gradients"] == pytest.approx(1, rel=1e-6)


def test_the_quick_form_of_fields(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["reproduce", "statistics/fields", "--quick", "--only", "log-normal", "--only", "parameter"]) == 0
    summary = json.loads(pathlib.Path("runs/statistics/fields-quick/summary.json").read_text())
    assert set(summary["rows"]) == {"log-normal", "parameter"}
    assert all(set(row) == set(fields.FEATURES) for row in summary["rows"].values())


@pytest.mark.parametrize("task", fields.TASKS)
def test_all_fields_have_one_spectrum(task):
    found, values = fields.make(task, 3, 32, [0, 0])
    power = np.abs(np.fft.fft2(found[..., 0])) ** 2
    assert found.shape == (6, 32, 32, 1) and len(values) == 6
    assert np.allclose(power, power[:1], rtol=1e-2, atol=1e-3 * power.max())
    assert not np.array_equal(found, fields.make(task, 3, 32, [0, 1])[0])


def test_only_covariances_and_scattering_tell_them_apart():
    (seen, labels), (others, wanted) = (fields.make("filaments", 30, 32, [1, part]) for part in (0, 1))

    def accuracy(features):
        return (linear(features(seen), labels, features(others), each=True) == wanted).mean()

    assert accuracy(fields.covariance) > 0.9 and accuracy(fields.power) < 0.75

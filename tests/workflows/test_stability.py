import json

import keras
import numpy as np
import pytest
from compare import assert_close, images

from keras_scatter.cli import main
from keras_scatter.layers import ComplexModulusConv, ScatteringFFT
from keras_scatter.workflows.datasets import dead_leaves
from keras_scatter.workflows.stability import measure


def test_distances_of_the_identity_are_those_of_the_images():
    found = measure(keras.layers.Identity(), images(4, 24, 24, 3))
    assert set(found) == {"noise", "shift", "deformation"}
    for row in found.values():
        assert row["images"] > 0.1
        assert_close(row["features"], row["images"], 1e-6)


def test_noise_is_relative_to_the_images():
    for scale in (1, 255):
        found = measure(keras.layers.Identity(), scale * images(4, 64, 64, 1), noise=0.7)
        assert_close(found["noise"]["images"], 0.7, 0.02)


def test_nothing_moved_gives_zero():
    found = measure(ScatteringFFT(J=1, L=2), images(2, 16, 16, 1), noise=0, shift=(0, 0), deformation=0)
    assert [row["features"] for row in found.values()] == [0, 0, 0]


def test_constant_images_do_not_see_shifts_and_deformations():
    found = measure(ScatteringFFT(J=2, L=4), np.ones((2, 16, 16, 1)))
    assert found["shift"]["features"] == 0 and found["deformation"]["features"] < 1e-6


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_the_student_is_as_stable_as_the_teacher(data_format):
    x = dead_leaves(16, size=32)
    x = x if data_format == "channels_last" else x.transpose(0, 3, 1, 2)
    options = {"L": 8, "order": 2, "data_format": data_format}
    layers = ScatteringFFT(J=2, **options), ComplexModulusConv(**options)
    teacher, student = (measure(layer, x, data_format=data_format) for layer in layers)
    for name in teacher:
        assert_close(student[name]["features"], teacher[name]["features"], 0.02)


def test_command(tmp_path, capsys):
    out = tmp_path / "some" / "stability.json"
    options = ["stability", "morlet_o1", "random_o1", "--images=8", "--size=16", f"--out={out}"]
    assert main(options) == 0
    printed = capsys.readouterr().out
    result = json.loads(out.read_text())
    layers = ["exact, J=1, L=8, order 1", "morlet_o1", "random_o1"]
    assert list(result["distances"]) == list(result["littlewood_paley"]) == layers
    assert all(name.split(",")[0] in printed for name in layers) and out.with_suffix(".png").stat().st_size > 1000
    assert 0 < result["littlewood_paley"]["morlet_o1"]["least"] < result["littlewood_paley"]["morlet_o1"]["most"] < 1.1
    assert main(options) == 2
    assert "out exists; --overwrite replaces it" in capsys.readouterr().err
    assert main([*options, "--overwrite"]) == 0


def test_an_unknown_group_is_named(tmp_path, capsys):
    assert main(["stability", "morlet_o9", f"--out={tmp_path / 'stability.json'}"]) == 2
    assert "morlet_o2" in capsys.readouterr().err

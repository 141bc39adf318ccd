import json

import keras
import numpy as np
import pytest

from keras_scatter.cli import main
from keras_scatter.workflows.synthesize import read_picture

pytest.importorskip("PIL")


@pytest.fixture
def picture(tmp_path):
    """A file with noise, twice as wide as high."""
    path = tmp_path / "noise.png"
    values = np.random.default_rng(0).uniform(0, 255, (20, 40, 3))
    keras.utils.save_img(path, values, data_format="channels_last", scale=False)
    return path


def test_a_picture_is_read_from_its_middle(picture):
    found = read_picture(picture, 16)
    assert found.shape == (1, 16, 16, 1) and found.dtype == "float32" and 100 < found.mean() < 150


def test_command(picture, tmp_path, capsys):
    out = tmp_path / "some" / "synthesis.json"
    options = ["synthesize", str(picture), "--size=16", "--iterations=3", "--L=2", f"--out={out}"]
    assert main(options) == 0
    printed = capsys.readouterr().out
    result = json.loads(out.read_text())
    assert result["iterations"] == 3 and len(result["relative_error"]) == 4 and result["settings"]["J"] == 2
    assert set(result["errors"]) == {"mean", "P00", "S1", "C01", "C11", "variance"}
    assert all(kind in printed for kind in result["errors"])
    with np.load(out.with_suffix(".npz")) as arrays:
        assert arrays["samples"].shape == (2, 16, 16) and np.isfinite(arrays["samples"]).all()
        assert np.array_equal(arrays["target"], read_picture(picture, 16)[0, ..., 0])
    assert out.with_suffix(".png").stat().st_size > 1000
    assert main(options) == 2
    assert "out exists; --overwrite replaces it" in capsys.readouterr().err
    assert main([*options, "--overwrite", "--reduction=isotropic"]) == 0


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--size=4"], "size must be an integer >= 8"),
        (["--wavelets=haar"], 'Invalid value "haar" for --wavelets. Choose from: "bump", "morlet".'),
        (["--count=0"], "count must be an integer >= 1"),
        (["--out=a.png"], "must not end in .png"),
    ],
)
def test_bad_options(picture, tmp_path, monkeypatch, capsys, options, text):
    monkeypatch.chdir(tmp_path)
    assert main(["synthesize", str(picture), *options]) == 2
    assert text in capsys.readouterr().err


@pytest.mark.parametrize("name", ["nothing.png", "text.png"])
def test_files_that_are_no_pictures(tmp_path, monkeypatch, capsys, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.png").write_text("no picture")
    assert main(["synthesize", name]) == 2
    assert name in capsys.readouterr().err

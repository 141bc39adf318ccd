import json
import pathlib

import numpy as np
import pytest
from compare import on_torch, once

from keras_scatter.cli import main
from keras_scatter.workflows.experiments.kymatio import qm7, spoken_digits


@on_torch
@pytest.mark.parametrize("name", ["qm7", "spoken-digits"])
def test_the_quick_form(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(spoken_digits, "PENALTIES", (1.0, 0.1))
    assert main(["reproduce", f"kymatio/{name}", "--quick"]) == 0
    out = pathlib.Path(f"runs/kymatio/{name}-quick")
    rows = json.loads((out / "summary.json").read_text())["rows"]
    assert list(rows) == (qm7.JOBS if name == "qm7" else list(spoken_digits.ROWS))
    numbers = [row["mae" if name == "qm7" else "accuracy"] for row in rows.values()]
    assert all(0 <= number < 1e4 for number in numbers)
    assert len(list(out.glob("*.png"))) == 1
    assert "Results and figure are in" in capsys.readouterr().out
    # What is missing is made from the features that are there.
    first = next(iter(rows))
    job = first if name == "qm7" else f"{first}_0"
    (out / f"{job}.json").unlink()
    kept = {path: path.stat().st_mtime_ns for path in out.rglob("*.npy")}
    assert main(["reproduce", f"kymatio/{name}", "--quick", "--resume"]) == 0
    assert kept == {path: path.stat().st_mtime_ns for path in out.rglob("*.npy")} and kept
    assert (out / f"{job}.json").exists()


@once
def test_regressions_find_their_own_kind():
    """A linear one what is linear in the features, a bilinear one products of two."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(400, 4))
    folds, penalty = qm7.folds_of(400), np.array([1e-6])
    wanted = {"ridge": 3 + x @ [1.0, 2.0, 0.0, -1.0], "bilinear": 3 + x[:, 0] * x[:, 1] - x[:, 2] ** 2}
    for regression, energies in wanted.items():
        found = qm7.cross_validated(x, energies, folds, penalty, regression)
        assert qm7.errors(found, energies)["mae"] < 1e-3
    found = qm7.cross_validated(x, wanted["bilinear"], folds, penalty, "ridge")
    assert qm7.errors(found, wanted["bilinear"])["mae"] > 0.5


@once
@pytest.mark.filterwarnings("error")
def test_a_penalty_that_is_too_small_is_not_chosen():
    """Of a kernel of a lower rank than there are examples."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(60, 2))
    energies = x[:, 0] * x[:, 1]
    found = qm7.cross_validated(x, energies, qm7.folds_of(60), [1e-6, 1e-25], "bilinear")
    assert abs(found - energies).max() < 1e-3


@once
def test_the_penalty_is_not_chosen_on_what_is_measured(monkeypatch):
    seen = []

    def fitted(features, energies, train, others, penalties, regression):
        seen.append((train.copy(), others.copy()))
        return [np.full(others.sum(), 1.0)] * len(penalties)

    monkeypatch.setattr(qm7, "fitted", fitted)
    qm7.cross_validated(np.zeros((50, 1)), np.arange(50.0), qm7.folds_of(50), [1.0, 2.0], "ridge")
    for (train, validation), (again, held_out) in zip(seen[::2], seen[1::2]):
        assert not (held_out & (train | validation | again)).any() and (again == train | validation).all()


@once
def test_molecules_are_aligned():
    generator = np.random.default_rng(0)
    positions = generator.normal(size=(1, 5, 3)).astype("float32")
    charges = np.array([[1, 6, 1, 8, 0]])
    rotation = np.linalg.qr(generator.normal(size=(3, 3)))[0].astype("float32")
    first, second = (qm7.aligned(p, charges, 1.0) for p in (positions, positions @ rotation + 1))
    np.testing.assert_allclose(abs(first), abs(second), atol=1e-4)
    extents = np.ptp(first[0, :4], axis=0)
    assert extents[0] > extents[2] and (first[0, 4] == 0).all()
    np.testing.assert_allclose(first[0, :4].max(0), -first[0, :4].min(0), atol=1e-9)
    # exp(-r^2 / (8 sigma^2)) of the closest two is the overlap that is allowed.
    closest = min(np.linalg.norm(a - b) for i, a in enumerate(first[0, :4]) for b in first[0, :i])
    assert np.exp(-(closest**2) / 8) == pytest.approx(qm7.OVERLAP, rel=1e-5)


@once
def test_segments_are_equal_parts_of_a_recording():
    signal = np.zeros((1, 16), "float32")
    signal[0, 4:12] = 1
    maps = np.arange(8.0)[None, :, None]  # a frame of two samples each
    found = np.exp(spoken_digits.segments(maps, signal, 2)) - spoken_digits.FLOOR
    np.testing.assert_allclose(found, [[2.5, 4.5]], rtol=1e-5)
    found = np.exp(spoken_digits.segments(maps, signal, 3)) - spoken_digits.FLOOR
    np.testing.assert_allclose(found, [[(2 + 3 / 3) * 3 / 4, 3.5, (4 / 3 + 5) * 3 / 4]], rtol=1e-5)
    assert np.isfinite(spoken_digits.segments(maps, np.zeros((1, 16)), 4)).all()


@once
def test_files_that_are_missing(tmp_path, capsys):
    for options, text in (
        ([], "file must be qm7.mat, or an .npz file of molecules. Received: file=None"),
        (["--file", str(tmp_path / "no")], "file must be qm7.mat"),
    ):
        assert main(["reproduce", "kymatio/qm7", "--out", str(tmp_path / "out"), *options]) == 2
        assert text in capsys.readouterr().err

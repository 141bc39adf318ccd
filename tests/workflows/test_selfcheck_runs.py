import pathlib
import shutil

import pytest
from compare import on_torch

from keras_scatter import files
from keras_scatter.testing import is_clear_error
from keras_scatter.workflows import selfcheck_runs
from keras_scatter.workflows.distill import DistillConfig, distill

pytestmark = on_torch


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A small distillation, to its end."""
    out = tmp_path_factory.mktemp("runs") / "run"
    config = selfcheck_runs.CONFIG | {"images": 10, "epochs": 3}
    distill(DistillConfig(**config), out, verbose=0)
    return config, out


@pytest.fixture
def interrupted(finished, tmp_path, monkeypatch):
    """The same before its results were written."""
    config, out = finished
    found = tmp_path / "run"
    shutil.copytree(out, found)
    for name in ("report.json", "filters.npz", "filters.weights.h5", "filters.png", "loss.png"):
        (found / name).unlink()
    whole = selfcheck_runs._content("distill", out), 1.0
    monkeypatch.setattr(selfcheck_runs, "CONFIG", config)
    monkeypatch.setattr(selfcheck_runs, "_unbroken", lambda name: whole)
    monkeypatch.setattr(selfcheck_runs, "_interrupted", lambda: found)
    monkeypatch.setattr(selfcheck_runs, "_resume", lambda out: resume(config, out))
    return found


def resume(config, out):
    """In this process, which is faster."""
    distill(DistillConfig(**config), out, resume=True, verbose=0)


@pytest.mark.parametrize("seed", range(6))
def test_damaged_folders_are_refused_or_harmless(interrupted, seed):
    try:
        assert selfcheck_runs.damaged_run(seed) is None
    except ValueError as error:
        assert is_clear_error(error)


def test_other_filters_are_found(interrupted, monkeypatch):
    monkeypatch.setattr(selfcheck_runs, "_difference", lambda found, wanted: "other numbers")
    for seed in range(20):
        try:
            assert "other numbers" in selfcheck_runs.damaged_run(seed)
            break
        except ValueError:
            continue
    else:
        pytest.fail("every flipped bit was refused")


@pytest.mark.parametrize(("content", "error"), [("{", ValueError), (None, RuntimeError)])
def test_what_a_resumed_run_says(tmp_path, monkeypatch, content, error):
    command = selfcheck_runs._command("distill", tmp_path, "--resume")
    if content is None:
        command = [selfcheck_runs.sys.executable, "-c", "raise SystemExit(3)"]
    else:
        (tmp_path / "config.json").write_text(content)
    monkeypatch.setattr(selfcheck_runs, "_command", lambda *arguments: command)
    with pytest.raises(error, match=r"config.json is damaged: " if content else None):
        selfcheck_runs._resume(tmp_path)


def test_differences():
    whole = {"a", "b"}, {"psi": [1.0], "phi": [2.0]}
    assert selfcheck_runs._difference(whole, whole) is None
    assert "['b']" in selfcheck_runs._difference(({"a"}, whole[1]), whole)
    assert "['phi']" in selfcheck_runs._difference((whole[0], {"psi": [1.0], "phi": [2.5]}), whole)


@pytest.mark.parametrize("how", selfcheck_runs.STOPS)
def test_stopped_runs(tmp_path, monkeypatch, how):
    """A command that writes a file in two steps."""
    script = tmp_path / "command.py"
    script.write_text(
        "import json, pathlib, signal, sys, time\n"
        "signal.signal(signal.SIGINT, lambda *_: sys.exit(130))\n"
        "out = pathlib.Path(sys.argv[1])\n"
        "out.mkdir(exist_ok=True)\n"
        "(out / 'partial').write_text('')\n"
        "time.sleep(0.5)\n"
        "(out / 'partial').unlink()\n"
        "(out / 'summary.json').write_text(json.dumps({'rows': {'a': 1}}))\n"
    )
    make = lambda name, out, *options: [selfcheck_runs.sys.executable, str(script), str(out), *options]  # noqa: E731
    monkeypatch.setattr(selfcheck_runs, "_command", make)
    monkeypatch.setattr(selfcheck_runs, "_unbroken", lambda name: (({"summary.json"}, {"a": 1}), 0.4))
    assert selfcheck_runs.stopped_run("reproduce", how, 0) is None
    monkeypatch.setattr(selfcheck_runs, "_unbroken", lambda name: (({"summary.json"}, {"a": 2}), 0.4))
    assert "other numbers" in selfcheck_runs.stopped_run("reproduce", how, 0)
    script.write_text("import sys, time\ntime.sleep(0.5)\nsys.exit(3)")
    said = {"killed": "it could not be resumed", "interrupted": "Ctrl-C ended with status"}
    assert said[how] in selfcheck_runs.stopped_run("reproduce", how, 0)


def test_features_are_compared_byte_by_byte(tmp_path):
    (tmp_path / "shard-000000.npz").write_bytes(b"a")
    whole = selfcheck_runs._content("features", tmp_path)
    (tmp_path / "shard-000000.npz").write_bytes(b"b")
    assert "shard-000000.npz" in selfcheck_runs._difference(selfcheck_runs._content("features", tmp_path), whole)


def test_features_are_made_of_images(tmp_path):
    pytest.importorskip("PIL.Image")
    command = selfcheck_runs._command("features", tmp_path)
    folder = next(part for part in command if part.startswith("--input=")).removeprefix("--input=")
    assert len(list(pathlib.Path(folder).iterdir())) == selfcheck_runs.IMAGES and f"--output={tmp_path}" in command


def test_the_content_of_a_run(finished):
    names, numbers = selfcheck_runs._content("distill", finished[1])
    assert {"report.json", "history.csv", "filters.npz"} <= names and "psi_0_real" in numbers
    assert files.read_json(finished[1] / "report.json")["finished"]

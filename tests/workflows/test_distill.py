import dataclasses
import os
import shutil
import signal

import pytest
from compare import assert_close, images

from keras_scatter import files, saved_filters
from keras_scatter.cli import main
from keras_scatter.layers import ComplexModulusConv
from keras_scatter.models import ScatteringDistiller
from keras_scatter.workflows import distill as distillation
from keras_scatter.workflows.datasets import load_images
from keras_scatter.workflows.distill import DistillConfig, distill, relative_errors
from keras_scatter.workflows.folders import claimed

SMALL = {"L": 2, "order": 1, "kernel_size": 5, "images": 60, "held_out": 20, "size": 12, "epochs": 2}
SMALL_OPTIONS = [f"--{name.replace('_', '-')}={value}" for name, value in SMALL.items()]
FILES = {
    "filters.weights.h5",
    "filters.npz",
    "filters.png",
    "loss.png",
    "history.csv",
    "report.json",
    "config.json",
    "state",
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "finished"
    return out, distill(DistillConfig(**SMALL), out, verbose=0)


def test_everything_is_written(finished):
    out, report = finished
    assert {path.name for path in out.iterdir()} == FILES
    assert report == files.read_json(out / "report.json")
    assert report["finished"] and report["config"]["L"] == 2
    for state in ("before", "after"):
        assert len(report["relative_error"][state]) == 2
    assert report["relative_error"]["after"][1] <= report["relative_error"]["before"][1]
    assert set(report["milliseconds_per_image"]) == {"teacher", "student"}


def test_random_kernels_are_trained_and_stored(tmp_path):
    config = DistillConfig(**{**SMALL, "epochs": 1}, design="paper", initializer="glorot_uniform")
    report = distill(config, tmp_path / "run", verbose=0)
    errors = report["relative_error"]
    assert report["best_epoch"] == 1 and errors["after"][1] < errors["before"][1]
    group, _ = saved_filters.load(tmp_path / "run" / "filters.npz")
    assert group["design"] == "paper"
    distiller = ScatteringDistiller(ComplexModulusConv(**group, weights=tmp_path / "run" / "filters.npz"))
    distiller.compile()
    _, held_out = load_images(config.dataset, config.images, config.held_out, config.size, config.seed)
    assert_close(relative_errors(distiller, held_out), errors["after"], 1e-5)


def test_every_field_of_the_config_is_an_option(monkeypatch):
    given = {
        **{"dataset": "random", "order": 1, "L": 4, "J": 3, "design": "paper", "kernel_size": 5, "lowpass_filters": 1},
        **{"initializer": "zeros", "loss": "mse", "epochs": 3, "images": 4, "held_out": 5, "size": 16, "seed": 6},
    }
    assert set(given) == {field.name for field in dataclasses.fields(DistillConfig)}
    asked = []

    def record(config, *arguments, **options):
        asked.append(config)
        raise KeyboardInterrupt

    monkeypatch.setattr("keras_scatter.workflows.distill.distill", record)
    assert main(["distill", *(f"--{name.replace('_', '-')}={value}" for name, value in given.items())]) == 130
    assert asked == [DistillConfig(**given)]


def test_both_filter_files_hold_the_same_group(finished):
    out, _ = finished
    x = images(1, 12, 12, 1)
    config, _ = saved_filters.load(out / "filters.npz")
    layers = [ComplexModulusConv(**config, weights=out / name) for name in ("filters.npz", "filters.weights.h5")]
    assert_close(layers[0](x), layers[1](x), 0)


def test_an_existing_run_is_not_touched(finished):
    out, report = finished
    with pytest.raises(ValueError, match=r"out must be a new or empty folder; --resume .* --overwrite"):
        distill(DistillConfig(**SMALL), out, verbose=0)
    assert report == files.read_json(out / "report.json")


def test_resuming_a_finished_run_reads_it(finished):
    out, report = finished
    assert distill(DistillConfig(**SMALL), out, resume=True, verbose=0) == report


def test_resume_and_overwrite_exclude_each_other(finished):
    out, _ = finished
    with pytest.raises(ValueError, match="resume and overwrite exclude each other"):
        distill(DistillConfig(**SMALL), out, resume=True, overwrite=True, verbose=0)


def test_resume_shows_what_differs(finished):
    out, _ = finished
    with pytest.raises(ValueError, match=r"another config \(seed: 0 there, 5 now\)"):
        distill(DistillConfig(**SMALL, seed=5), out, resume=True, verbose=0)


def test_overwrite_starts_anew(tmp_path):
    config = DistillConfig(**{**SMALL, "epochs": 1})
    first = distill(config, tmp_path / "run", verbose=0)
    second = distill(DistillConfig(**{**SMALL, "epochs": 1, "seed": 2}), tmp_path / "run", overwrite=True, verbose=0)
    assert first["config"]["seed"] == 0 and second["config"]["seed"] == 2
    assert len((tmp_path / "run" / "history.csv").read_text().splitlines()) == 2


def test_an_interrupted_run_goes_on_where_it_was(tmp_path, monkeypatch):
    class Stop(distillation.EpochLog):
        """Ctrl-C within the second epoch, after its first batch."""

        def on_train_batch_end(self, batch, logs=None):
            if self._rows:
                os.kill(os.getpid(), signal.SIGINT)

    config = DistillConfig(**{**SMALL, "initializer": "glorot_uniform", "epochs": 3})
    whole = distill(config, tmp_path / "whole", verbose=0)
    with monkeypatch.context() as patch:
        patch.setattr(distillation, "EpochLog", Stop)
        part = distill(config, tmp_path / "part", verbose=0)
    assert not part["finished"] and part["best_epoch"] == 1
    resumed = distill(config, tmp_path / "part", resume=True, verbose=0)
    assert resumed["finished"] and resumed["best_epoch"] == whole["best_epoch"] > 1
    lines = (tmp_path / "part" / "history.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["epoch", "0", "1", "2"]
    (_, expected), (_, found) = (saved_filters.load(tmp_path / name / "filters.npz") for name in ("whole", "part"))
    for name in expected:
        assert_close(found[name], expected[name], 1e-6)


def test_no_epochs_means_the_design(tmp_path):
    report = distill(DistillConfig(**{**SMALL, "epochs": 0}), tmp_path / "run", verbose=0)
    assert report["relative_error"]["before"] == report["relative_error"]["after"]
    assert report["best_epoch"] == 0


def test_command(tmp_path, capsys):
    out = str(tmp_path / "run")
    assert main(["distill", *SMALL_OPTIONS, "--out", out]) == 0
    printed = capsys.readouterr().out
    assert "Relative error on held-out images" in printed and "Milliseconds per image" in printed
    assert main(["distill", *SMALL_OPTIONS, "--out", out, "--resume"]) == 0
    assert main(["distill", *SMALL_OPTIONS, "--out", out]) == 2
    assert "out must be a new or empty folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--order=0"], "order must be an integer >= 1. Received: order=0"),
        (["--design=best"], 'Invalid value "best" for --design. Choose from: "faithful", "paper".'),
        (["--dataset=nothing"], "dataset must be dead_leaves, random, a folder of images"),
        (["--initializer=clever"], "clever"),
        (["--loss=l1"], 'Invalid value "l1" for --loss. Choose from: "balanced", "mse".'),
        (["--images=0"], "images must be an integer >= 1. Received: images=0"),
        (["--held-out=0"], "held_out must be an integer >= 1. Received: held_out=0"),
        (["--epochs=-1"], "epochs must be an integer >= 0. Received: epochs=-1"),
    ],
)
def test_bad_options_leave_nothing_behind(tmp_path, capsys, options, text):
    out = tmp_path / "run"
    assert main(["distill", *SMALL_OPTIONS, *options, "--out", str(out)]) == 2
    assert text in capsys.readouterr().err
    assert not out.exists()


def test_the_paper_design_learns_two_orders_from_random_kernels(tmp_path):
    config = DistillConfig(**{**SMALL, "design": "paper", "initializer": "glorot_uniform", "order": 2, "epochs": 8})
    errors = distill(config, tmp_path / "run", verbose=0)["relative_error"]
    assert all(after < before for after, before in zip(errors["after"], errors["before"], strict=True))


def test_two_processes_do_not_share_a_run(finished):
    out, _ = finished
    with claimed(out / "run"), pytest.raises(ValueError, match="out must not be in use by another process"):
        distill(DistillConfig(**SMALL), out, resume=True, verbose=0)


@pytest.mark.parametrize("name", ["config.json", "report.json", "history.csv", "state/best.npz"])
@pytest.mark.parametrize("content", [b"", b"{", b"\x89PNG\x00\xff"])
def test_a_damaged_file_is_named(finished, tmp_path, capsys, name, content):
    """Nothing escapes but the command's own message."""
    out = shutil.copytree(finished[0], tmp_path / "run")
    if name not in ("config.json", "report.json"):
        (out / "report.json").unlink()
    (out / name).write_bytes(content)
    status = main(["distill", *SMALL_OPTIONS, "--out", str(out), "--resume"])
    if (name, content) in (("history.csv", b""), ("history.csv", b"{")):
        # An empty log, and one whose first row was cut.
        assert status == 0
    else:
        assert status == 2 and f"{name} is damaged: " in capsys.readouterr().err


def test_overwrite_leaves_what_no_run_made(tmp_path, capsys):
    (tmp_path / "history.csv").write_text("mine")
    assert main(["distill", *SMALL_OPTIONS, "--out", str(tmp_path), "--overwrite"]) == 2
    assert "out must be a new or empty folder, or that of a run" in capsys.readouterr().err
    assert (tmp_path / "history.csv").read_text() == "mine"


@pytest.mark.parametrize("kind", ["file", "below a file", "dangling link"])
def test_an_out_that_cannot_be_a_folder(tmp_path, capsys, kind):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    out = {"file": "file", "below a file": "file/run", "dangling link": "link"}[kind]
    assert main(["distill", *SMALL_OPTIONS, "--out", str(tmp_path / out)]) == 2
    assert "--out must" in capsys.readouterr().err
    assert (tmp_path / "file").read_text() == "mine" and not (tmp_path / "nothing").exists()

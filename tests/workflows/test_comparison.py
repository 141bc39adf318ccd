"""What all comparisons share, with a classifier that takes no time."""

import dataclasses
import json

import keras
import pytest
from compare import once

from keras_scatter.workflows import charts, comparison
from keras_scatter.workflows.comparison import Architecture, Comparison
from keras_scatter.workflows.folders import claimed
from keras_scatter.workflows.training import Recipe


def linear(recipe, seed, width):
    return keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10)])


RECIPE = Recipe(0.01, 0.5, 1e-3, 1.0, epochs=20)
COMPARED = Comparison(
    module="tests.linear",
    alias="linear",
    title="Linear classifiers",
    note="As in the paper.",
    dataset="mnist",
    shape=(8, 8, 1),
    splits=("train", "test"),
    architectures={
        "one": Architecture(linear, RECIPE, 97.0, 0.2, Recipe(0.5, 0.5, 1e-3, 1.0)),
        "two": Architecture(linear, RECIPE),
        "three": Architecture(linear, RECIPE),
    },
    quick=("one", "two"),
)


def run(out, **options):
    return COMPARED.run(out, quick=True, images=40, verbose=0, **options)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs") / "linear"
    return out, run(out, seeds=2)


def test_what_is_written(finished):
    out, _ = finished
    assert {path.name for path in out.iterdir()} == {"config.json", "summary.json", "accuracy.png", "one", "two"}
    assert {path.name for path in (out / "one").iterdir()} == {"seed_0", "seed_0.json", "seed_1", "seed_1.json"}
    assert {path.name for path in (out / "one" / "seed_0").iterdir()} == {"history.csv", "tensorboard"}
    result = json.loads((out / "one" / "seed_1.json").read_text())
    assert result["seed"] == 1 and result["architecture"] == "one" and result["quick"]
    assert result["trained_on"] == result["measured_on"] == 40 and result["parameters"] == 650
    assert result["hyperparameters"]["learning_rate"] == 0.01 and result["hyperparameters"]["epochs"] == 1
    assert result["accuracy"] == pytest.approx(100 * result["history"]["val_accuracy"][-1])
    assert result["versions"]["backend"] == keras.backend.backend()


def test_mean_and_deviation(finished):
    out, summary = finished
    row = summary["rows"]["one"]
    each = [json.loads((out / "one" / f"seed_{seed}.json").read_text())["accuracy"] for seed in (0, 1)]
    assert row["each"] == each
    assert row["accuracy"] == pytest.approx(sum(each) / 2)
    assert row["deviation"] == pytest.approx(abs(each[0] - each[1]) / 2**0.5)
    assert row["paper_hyperparameters"]["learning_rate"] == 0.5
    assert row["paper"] == 97.0 and summary["rows"]["two"]["paper"] is None
    assert summary == json.loads((out / "summary.json").read_text())


def test_an_existing_run_is_not_touched(finished):
    out, _ = finished
    with pytest.raises(ValueError, match=r"out must be a new or empty folder; --resume .* --overwrite"):
        run(out)
    with pytest.raises(ValueError, match=r"another config \(epochs: 1 there, 2 now\)"):
        run(out, resume=True, epochs=2)
    with pytest.raises(ValueError, match="resume and overwrite exclude each other"):
        run(out, resume=True, overwrite=True)


@once
def test_resume_adds_seeds_and_architectures(tmp_path):
    run(tmp_path, only=["one"])
    kept = (tmp_path / "one" / "seed_0.json").stat().st_mtime_ns
    summary = run(tmp_path, resume=True, only=["three", "one"], seeds=2)
    assert (tmp_path / "one" / "seed_0.json").stat().st_mtime_ns == kept
    assert {name: len(row["each"]) for name, row in summary["rows"].items()} == {"one": 2, "three": 2}


@once
def test_overwrite_starts_anew(tmp_path):
    run(tmp_path, only=["one"])
    (tmp_path / "notes.txt").write_text("mine")
    summary = run(tmp_path, overwrite=True, only=["two"])
    assert {name: len(row["each"]) for name, row in summary["rows"].items()} == {"two": 1}
    assert (tmp_path / "notes.txt").exists()


def test_an_interrupted_run_goes_on(tmp_path, monkeypatch):
    whole = run(tmp_path / "whole", seeds=2, only=["one"])

    def interrupted(model, recipe, data, seed, folder, verbose):
        if seed == 1:
            raise KeyboardInterrupt
        return train(model, recipe, data, seed, folder, verbose)

    train = comparison.train
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(comparison, "train", interrupted)
        run(tmp_path / "part", seeds=2, only=["one"])
    part = json.loads((tmp_path / "part" / "summary.json").read_text())
    assert {name: len(row["each"]) for name, row in part["rows"].items()} == {"one": 1}
    resumed = run(tmp_path / "part", resume=True, seeds=2, only=["one"])
    assert resumed["rows"]["one"]["each"] == pytest.approx(whole["rows"]["one"]["each"])


def test_a_reduced_protocol_says_so():
    protocol = COMPARED.protocol(quick=False, epochs=10, images=None)
    assert COMPARED.remark(protocol) == "As in the paper. Reduced protocol: 10 epochs."
    whole = COMPARED.protocol(quick=False, epochs=None, images=None)
    assert COMPARED.remark(whole) == "As in the paper."
    assert whole["epochs"] is None and whole["width"] is None and whole["dataset"] == "mnist"


@once
def test_the_width_of_the_networks(tmp_path, monkeypatch):
    """The paper's, a smaller one for the quick form, or the one that is asked for."""
    wide = dataclasses.replace(COMPARED, width=96)
    assert [wide.protocol(quick)["width"] for quick in (False, True)] == [None, 4]
    protocol = wide.protocol(False, 20, None, width=32)
    assert protocol["width"] == 32
    assert wide.remark(protocol).endswith("Reduced protocol: 20 epochs, base width 32 instead of 96.")
    stamps, stamped = [], charts.stamped
    monkeypatch.setattr(charts, "stamped", lambda figure, text: stamps.append(text) or stamped(figure, text))
    widths = []
    architecture = Architecture(lambda recipe, seed, width: widths.append(width) or linear(recipe, seed, width), RECIPE)
    recorded = dataclasses.replace(wide, architectures={"one": architecture}, quick=("one",))
    for options in ({}, {"width": 7}):
        recorded.run(tmp_path, quick=True, images=40, verbose=0, overwrite=True, **options)
    assert widths == [4, 7]
    assert stamps == ["Quick form: it measures nothing."] * 2


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"only": ["four"]}, "only must be one of 'one', 'two', 'three'. Received: only='four'"),
        ({"seeds": 0}, "seeds must be an integer >= 1. Received: seeds=0"),
        ({"epochs": 0}, "epochs must be an integer >= 1. Received: epochs=0"),
    ],
)
def test_bad_options_leave_nothing_behind(tmp_path, options, text):
    with pytest.raises(ValueError) as caught:
        run(tmp_path / "run", **options)
    assert text in str(caught.value)
    assert not (tmp_path / "run").exists()


def test_a_failed_download_leaves_nothing_behind(tmp_path, monkeypatch):
    import tensorflow_datasets as tfds

    def fail(*arguments, **options):
        raise ConnectionError("no route to host")

    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", fail)
    with pytest.raises(ValueError, match=r"'mnist' could not be downloaded .*no route to host.*TFDS_DATA_DIR"):
        COMPARED.run(tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_table_and_figure_of_rows_without_the_papers_numbers(finished, capsys):
    _, summary = finished
    COMPARED.show(summary, "runs/linear")
    printed = capsys.readouterr().out
    assert "97.0 ± 0.20" in printed and "measure nothing" in printed
    figure = COMPARED.draw(summary)
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["one", "two"]
    assert len(figure.axes[0].containers) == 2
    charts.require("matplotlib.pyplot", "plots").close(figure)


def test_rows_of_the_full_form_are_the_default():
    _, jobs = dataclasses.replace(COMPARED, seeds=2).plan(False)
    assert jobs == [f"{name}/seed_{seed}" for seed in (0, 1) for name in ("one", "two", "three")]


@once
def test_processes_share_a_folder(tmp_path, capsys):
    """What another process trains is left to it; when it is gone, it is trained."""
    run(tmp_path, only=["two"])
    (tmp_path / "one").mkdir()
    with claimed(tmp_path / "one" / "seed_0"):
        assert set(run(tmp_path, resume=True)["rows"]) == {"two"}
        assert "another process makes one/seed_0" in capsys.readouterr().out
        with pytest.raises(ValueError, match="out must not be in use by another process"):
            run(tmp_path, overwrite=True)
    assert set(run(tmp_path, resume=True)["rows"]) == {"one", "two"}
    assert not list(tmp_path.rglob("*.lock"))


@pytest.mark.parametrize("name", ["config.json", "one/seed_0.json"])
def test_a_damaged_file_is_named(tmp_path, name):
    run(tmp_path, only=["one"])
    (tmp_path / name).write_text('{"experiment')
    with pytest.raises(ValueError, match=rf"{name} is damaged: "):
        run(tmp_path, resume=True, only=["one"])

"""The experiments as commands, in their quick form, which needs no data set."""

import json
import pathlib

import pytest
from compare import on_torch, once

from keras_scatter.cli import main
from keras_scatter.workflows import distill, experiment
from keras_scatter.workflows.experiments.distilled_filters import generalisation, table2
from keras_scatter.workflows.experiments.invariant_layers import cifar_hybrid, cifar_swap, mnist_mixing, mnist_search
from keras_scatter.workflows.folders import check_folder
from keras_scatter.workflows.reproduce import ALIASES, EXPERIMENTS, find, reproduce

# Few images: the quick form spends its time on compilation.
FEW = ["--images", "32", "--epochs", "1"]


@pytest.mark.parametrize(
    ("name", "only", "rows"),
    [
        ("mnist-mixing", [], {"conv", "impulse"}),
        pytest.param("cifar-swap", ["--only", "invC-1x1"], {"invC-1x1"}, marks=on_torch),
        pytest.param("cifar-hybrid", ["--only", "B"], {"B"}, marks=on_torch),
    ],
)
def test_comparisons(name, only, rows, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    few = ["--quick", *FEW, *only]
    assert main(["reproduce", name, *few]) == 0
    assert "The accuracies measure nothing." in capsys.readouterr().out
    out = tmp_path / "runs" / f"{name}-quick"
    assert set(json.loads((out / "summary.json").read_text())["rows"]) == rows
    assert (out / "accuracy.png").exists()
    assert main(["reproduce", name, *few]) == 2
    assert "out must be a new or empty folder" in capsys.readouterr().err
    assert main(["reproduce", name, *few, "--resume"]) == 0


def test_table1(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    options = ["reproduce", "table1", "--quick", "--images", "8"]
    assert main(options) == 0
    printed = capsys.readouterr().out
    assert "8 images of dead_leaves" in printed and "paper: Kymatio" in printed
    out = tmp_path / "runs" / "table1-quick"
    rows = json.loads((out / "summary.json").read_text())["rows"]
    assert set(rows) == {"noise", "shift", "deformation"}
    for row in rows.values():
        exact, student = (row[name] for name in ("exact, J=2, L=8, order 2", "morlet_o2"))
        assert abs(student**0.5 - exact**0.5) < 0.1 * exact**0.5 < row["images"] ** 0.5
    assert (out / "distances.png").exists()
    assert main(options) == 2
    assert main([*options, "--resume"]) == 0
    assert main([*options, "--resume", "--dataset", "random"]) == 2
    assert "dataset: 'dead_leaves' there, 'random' now" in capsys.readouterr().err


@on_torch
def test_loss_curves(tmp_path, capsys):
    options = ["reproduce", "fig3", "--quick", "--images", "10", "--out", str(tmp_path)]
    assert main([*options, "--only", "regular"]) == 0
    assert main([*options, "--resume"]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "1 epochs, 10 images of dead_leaves" in printed and "The paper: The loss of the complex-modulus" in printed
    assert {path.name for path in tmp_path.iterdir()} == {
        *("complex-modulus", "complex-modulus.json", "regular", "regular.json"),
        *("config.json", "summary.json", "losses.png"),
    }
    rows = json.loads((tmp_path / "summary.json").read_text())["rows"]
    assert {name: row["parameters"] for name, row in rows.items()} == {"complex-modulus": 1666, "regular": 36252}
    for row in rows.values():
        assert len(row["loss"]) == len(row["val_loss"]) == 1
        assert len(row["relative_error"]) == 3 and all(error > 0 for error in row["relative_error"])


@on_torch
def test_learned_filters(tmp_path, capsys):
    options = ["reproduce", "fig5", "--quick", "--images", "10", "--out", str(tmp_path)]
    assert main(options) == 0
    assert "10 images of random" in capsys.readouterr().out
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["config"]["design"] == "paper" and len(summary["relative_error"]["after"]) == 3
    assert (tmp_path / "filters.png").exists()
    assert main(options) == 2
    assert main([*options, "--resume"]) == 0


@on_torch
def test_generalisation(tmp_path, capsys):
    options = ["reproduce", "generalisation", "--quick", "--images", "10", "--out", str(tmp_path)]
    assert main(options) == 0
    assert "refined on" in capsys.readouterr().out
    rows = json.loads((tmp_path / "summary.json").read_text())["rows"]
    assert {name: set(row) for name, row in rows.items()} == {"design": {"random"}, "random": {"random"}}
    assert all(0 < row["random"][1] < 0.05 for row in rows.values())
    report = json.loads((tmp_path / "random" / "report.json").read_text())
    assert report["config"]["dataset"] == "random" and report["config"]["images"] == 10
    assert main([*options, "--resume"]) == 0
    assert main([*options, "--resume", "--epochs", "0"]) == 2


@pytest.mark.parametrize("name", ["fig5", "generalisation"])
def test_an_interrupted_distillation_is_no_result(name, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(distill, "distillation", lambda *arguments: {"finished": False})
    monkeypatch.setattr(generalisation, "distill", lambda *arguments, **options: {"finished": False})
    assert main(["reproduce", name, "--quick", "--out", str(tmp_path)]) == 130
    assert "--resume continues" in capsys.readouterr().err
    assert not (tmp_path / "summary.json").exists()


def test_table2(tmp_path, monkeypatch, capsys):
    """The benchmark itself has tests of its own."""
    seconds = {"kymatio-torch": 0.4, "paper-tensorflow": 0.02}

    def run(workloads, programs, repetitions, out, resume, overwrite):
        assert set(seconds) < set(programs)
        entries = {name: {"failed": {}, "forward": {"median": median}} for name, median in seconds.items()}
        described = {"machine": {}, "versions": {}, "settings": {}}
        return described | {"workloads": {workload: {"programs": entries} for workload in workloads}}

    monkeypatch.setattr(table2.benchmark, "run", run)
    assert main(["reproduce", "table2", "--out", str(tmp_path)]) == 0
    assert "paper: convolutions" in capsys.readouterr().out
    rows = json.loads((tmp_path / "summary.json").read_text())["rows"]
    assert rows["order 2"]["paper"] == {"Kymatio": 180.37, "convolutions": 2.22}
    for row in rows.values():
        for name, median in seconds.items():
            assert row[name] == pytest.approx(50_000 / 128 * median)
    assert main(["reproduce", "table2", "--out", str(tmp_path)]) == 2


def test_the_quick_form_of_table2(tmp_path, monkeypatch):
    asked = {}

    def run(workloads, programs, repetitions, out, **options):
        asked.update(workloads=workloads, programs=programs)
        raise KeyboardInterrupt

    monkeypatch.setattr(table2.benchmark, "run", run)
    assert main(["reproduce", "table2", "--quick", "--out", str(tmp_path)]) == 130
    assert asked["workloads"] == ["2x3x32x32-J2-o2"]
    assert {name.split("-")[0] for name in asked["programs"]} == {"exact", "paper"}


@on_torch
def test_search(tmp_path, capsys):
    out = tmp_path / "run"
    options = ["reproduce", "mnist-search", "--quick", "--only", "conv", "--images", "32", "--out", str(out)]
    assert main(options) == 0
    assert "Hyperparameters found on MNIST" in capsys.readouterr().out
    result = json.loads((out / "conv.json").read_text())
    accuracies = [trial["accuracy"] for trial in result["trials"]]
    assert accuracies == sorted(accuracies, reverse=True)
    assert all(
        trial["hyperparameters"][key] in mnist_search.GRID[key]
        for trial in result["trials"]
        for key in mnist_search.GRID
    )
    summary = json.loads((out / "summary.json").read_text())
    assert summary["rows"]["conv"]["paper"]["learning_rate"] == 0.1
    assert {path.name for path in out.iterdir()} == {"config.json", "conv.json", "summary.json", "hyperparameters.png"}
    kept = (out / "conv.json").stat().st_mtime_ns
    assert main([*options, "--resume"]) == 0
    assert (out / "conv.json").stat().st_mtime_ns == kept


@on_torch
def test_an_interrupted_search_goes_on(tmp_path, monkeypatch, capsys):
    options = ["reproduce", "mnist-search", "--quick", "--only", "conv", "--images", "32", "--out", str(tmp_path)]
    built = []

    def stop(model, recipe, steps):
        built.append(recipe)
        if len(built) == 3:  # one to find the space, one a trial
            raise KeyboardInterrupt
        compile_classifier(model, recipe, steps)

    compile_classifier = mnist_search.compile_classifier
    monkeypatch.setattr(mnist_search, "compile_classifier", stop)
    assert main(options) == 130
    assert "--resume continues" in capsys.readouterr().err
    assert not (tmp_path / "conv.json").exists() and (tmp_path / "conv" / "oracle.json").exists()
    before = len(built)
    assert main([*options, "--resume"]) == 0
    trials = json.loads((tmp_path / "conv.json").read_text())["trials"]
    assert len(trials) == 2 and len(built) - before == 1


@on_torch
def test_a_worker_makes_one_result(tmp_path):
    protocol, _ = mnist_search.EXPERIMENT.plan(True, epochs=1, images=32)
    order = {"module": mnist_search.__name__, "job": "conv", "protocol": protocol, "out": str(tmp_path)}
    experiment.work(json.dumps(order))
    assert json.loads((tmp_path / "conv.json").read_text())["architecture"] == "conv"


@on_torch
def test_workers_share_the_trainings(tmp_path):
    reproduce("mnist-mixing", quick=True, only=["conv"], seeds=2, images=32, workers=2, out=tmp_path / "run")
    assert len(json.loads((tmp_path / "run" / "summary.json").read_text())["rows"]["conv"]["each"]) == 2


def test_workers_that_fail_are_named(tmp_path, monkeypatch):
    class Failed:
        returncode = 1

    monkeypatch.setattr(experiment.subprocess, "run", lambda *arguments, **options: Failed)
    with pytest.raises(ValueError, match="mnist-search failed for conv, dct"):
        reproduce("mnist-search", quick=True, only=["conv", "dct"], workers=2, out=tmp_path / "run")


def test_the_papers_choice_lies_on_the_grid():
    for architecture in mnist_mixing.EXPERIMENT.architectures.values():
        for key, values in mnist_search.GRID.items():
            assert getattr(architecture.recipe, key) in values
            assert getattr(architecture.paper_recipe or architecture.recipe, key) in values


@pytest.mark.parametrize(
    "module",
    [mnist_mixing, pytest.param(cifar_swap, marks=on_torch), cifar_hybrid],
    ids=lambda module: module.EXPERIMENT.alias,
)
def test_every_architecture_can_be_built(module):
    for architecture in module.EXPERIMENT.architectures.values():
        model = architecture.build(architecture.recipe, seed=1, width=4)
        assert model.output_shape == (None, 10)
        assert model.layers[-1].activation.__name__ == "linear"


def test_tables_are_those_of_the_paper():
    assert len(mnist_mixing.EXPERIMENT.architectures) == 8
    swapped = cifar_swap.EXPERIMENT.architectures
    assert len(swapped) == 1 + 13 * 3 and swapped["invBD-3x3"].paper == 82.8
    assert [row.paper for row in cifar_hybrid.EXPERIMENT.architectures.values()] == [89.4, 91.1, 91.6, 93.0]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (
            ["no-such"],
            "name must be one of 'distilled-filters/downstream', 'downstream', 'distilled-filters/fig3'",
        ),
        (["mnist-mixing", "--width", "8"], "width must be None for mnist-mixing. Received: width=8"),
        (["fig4", "--quick", "--only", "9x9"], "only must be one of '3x3', '5x5', '7x7'. Received: only='9x9'"),
        (["fig7"], "dataset must be given for fig7, such as a folder of images. Received: dataset=None"),
        (["fig6", "--quick", "--epochs", "0"], "epochs must be an integer >= 1. Received: epochs=0"),
        (["mnist-search", "--quick", "--workers", "0"], "workers must be an integer >= 1. Received: workers=0"),
        (["mnist-search", "--quick", "--iterations", "0"], "iterations must be an integer >= 1"),
        (["table1", "--quick", "--images", "0"], "images must be an integer >= 1. Received: images=0"),
        (["cifar-hybrid", "--quick", "--only", "E"], "only must be one of 'A', 'B', 'C', 'D'. Received: only='E'"),
    ],
)
def test_bad_options(tmp_path, monkeypatch, capsys, options, text):
    monkeypatch.chdir(tmp_path)
    assert main(["reproduce", *options]) == 2
    assert text in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_an_option_that_an_experiment_lacks(tmp_path, capsys):
    with pytest.raises(ValueError, match="mnist-mixing takes no --iterations"):
        reproduce("mnist-mixing", iterations=2, out=tmp_path / "run")
    assert main(["reproduce", "table1", "--workers", "2"]) == 2
    assert "Unknown option: --workers" in capsys.readouterr().err


def test_the_help_lists_the_experiments(capsys):
    assert main(["reproduce", "--help"]) == 0
    printed = capsys.readouterr().out
    assert all(f"({alias})" in printed for alias in ALIASES)


def test_the_help_of_an_experiment_has_its_options(capsys):
    assert main(["reproduce", "invariant-layers/mnist-search", "--help"]) == 0
    printed = capsys.readouterr().out
    assert all(
        option in printed for option in ("--iterations", "--workers", "--out", "how often Hyperband is repeated")
    )


def test_names_come_from_the_modules_and_old_ones_stay():
    papers = {name.split("/")[0] for name in EXPERIMENTS}
    assert papers >= {"distilled-filters", "invariant-layers"}
    assert find("table1") is find("distilled-filters/table1") and find("table1").label == "table1"
    old = {"fig3", "fig4", "fig5", "fig6", "fig7", "table1", "table2", "generalisation", "downstream"}
    assert set(ALIASES) >= old | {"mnist-mixing", "mnist-search", "cifar-swap", "cifar-hybrid"}


RESULTS = pathlib.Path(__file__).parents[2] / "benchmarks" / "results"
OPTIONS = {
    "table1": {"dataset": "tiny_imagenet"},
    "fig7": {"dataset": "tiny_imagenet"},
    "generalisation": {"dataset": "tiny_imagenet", "epochs": 10, "images": 10_000},
    "cifar-hybrid": {"epochs": 15, "images": 10_000, "width": 16},
}
OF_FILES = ("few-labels/textures", "kymatio/qm7")  # they look at the data first


@once
@pytest.mark.parametrize(
    "name", sorted(path.parent.relative_to(RESULTS).as_posix() for path in RESULTS.rglob("config.json"))
)
def test_the_committed_results_can_be_resumed(name):
    """They are of earlier versions: the config must agree, and the summary have what is shown."""
    this, out = find(name), RESULTS / name
    if name not in OF_FILES:
        protocol, _ = this.plan(False, **OPTIONS.get(name, {}))
        check_folder({"experiment": name, **protocol}, out, resume=True, overwrite=False, shared=True)
    summary = json.loads((out / "summary.json").read_text())
    assert summary["experiment"] == name and all(len(table) > 1 for table in this.tables(summary).values())

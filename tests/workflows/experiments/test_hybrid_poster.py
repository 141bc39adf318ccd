"""The experiments of the poster: quick forms, and what they compute."""

import json

import numpy as np
import pytest
from compare import BACKEND, once

from keras_scatter.cli import main
from keras_scatter.workflows.experiments.hybrid_poster import (
    angular,
    cifar10,
    local_encoder,
    mnist,
    small_samples,
    speed,
)

FEW = ["--images", "20"]


def run(name, out, *options):
    return main(["reproduce", f"hybrid-poster/{name}", "--quick", "--out", str(out), *options])


def summary(out):
    return json.loads((out / "summary.json").read_text())


@pytest.mark.skipif(BACKEND == "jax", reason="the network is tested alone; compiled for long")
def test_small_samples(tmp_path, capsys):
    assert run("small-samples", tmp_path, "--steps", "1") == 0
    rows = summary(tmp_path)["rows"]
    assert set(rows) == {"scattering", "pixels"}
    for row in rows.values():
        assert 0 <= row["accuracies"]["100"]["accuracy"] <= 100
    assert "The accuracies measure nothing." in capsys.readouterr().out
    assert (tmp_path / "accuracy.png").exists()
    assert run("small-samples", tmp_path, "--steps", "1") == 2
    assert run("small-samples", tmp_path, "--steps", "1", "--resume") == 0


@once
def test_both_networks_of_small_samples_end_alike():
    """They differ in front only: 8 x 8 places, then the same blocks."""
    found = small_samples.network("pixels", 2, (32, 32, 3))
    expected = small_samples.network("scattering", 2, (8, 8, 243))
    body = found.layers[-1]
    assert [layer.output.shape for layer in body.layers[2:]] == [layer.output.shape for layer in expected.layers[2:]]
    assert expected.count_params() == 728_618 + 2470


@once
def test_tables_of_small_samples():
    entry = {"accuracy": 40.0, "deviation": 1.5, "each": [38.5, 41.5]}
    rows = {"scattering": {"parameters": 5, "accuracies": {"100": entry, "500": entry}}}
    (header, *lines) = small_samples.EXPERIMENT.tables({"rows": rows})[None]
    assert header == ["network on", "parameters", "100 labels", "500 labels", "seeds"]
    assert lines[0] == ("scattering", "5", "40.0 ± 1.50", "40.0 ± 1.50", "2")
    assert lines[1] == ("the poster's, scattering", "", "38.9 ± 1.20", "54.7 ± 0.60", "")


def test_angular(tmp_path, capsys):
    assert run("angular", tmp_path, *FEW) == 0
    found = summary(tmp_path)
    assert "Fourier is a natural basis" in found["paper"]
    rows = found["rows"]
    assert {len(row) for row in rows["sparse"].values()} == {len(angular.KEPT)} and len(rows["sparse"]) == 3
    for energies in rows["energies"].values():
        for shares in energies.values():
            assert len(shares) == 8 and np.sum(shares) == pytest.approx(1)
            assert shares[1:] == pytest.approx(shares[:0:-1], abs=0.2)
    assert (tmp_path / "angular.png").exists()
    assert "Accuracies in percent by the part of the weights" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name", ["mnist", pytest.param("local-encoder", marks=once), pytest.param("cifar10", marks=once)]
)
def test_comparisons_on_features(name, tmp_path, capsys):
    assert run(name, tmp_path, *FEW) == 0
    ((row, found),) = summary(tmp_path)["rows"].items()
    assert 0 <= found["accuracy"] <= 100 and found["trained_on"] == 20
    assert (tmp_path / row / "seed_0.json").exists() and (tmp_path / "features" / "exact-train.npy").exists()
    assert run(name, tmp_path, *FEW, "--resume") == 0


@once
@pytest.mark.parametrize(
    ("module", "parameters"),
    [
        (cifar10, {"dense": 18_038_794, "wide": 10_778_762}),
        (local_encoder, {"encoder": 4_625_418}),
        (mnist, {"encoder": 81 * 64 + 2 * 64 + 10 * (49 * 64 + 1)}),
    ],
)
def test_networks(module, parameters):
    experiment = module.EXPERIMENT
    for name, architecture in experiment.architectures.items():
        model = architecture.build(architecture.recipe, 0, experiment.width)
        assert sum(int(np.prod(weight.shape)) for weight in model.trainable_weights) == parameters[name]
        assert model.layers[-1].activation.__name__ == "linear"


@once
def test_speed(tmp_path, monkeypatch, capsys):
    """The benchmark itself has tests of its own."""

    def measured(workloads, programs, repetitions, out, resume, overwrite):
        entries = {name: {"failed": {}, "forward": {"median": 0.5}} for name in programs}
        described = {"machine": {}, "versions": {}, "settings": {}}
        return described | {"workloads": {workload: {"programs": entries} for workload in workloads}}

    monkeypatch.setattr(speed.benchmark, "run", measured)
    assert main(["reproduce", "hybrid-poster/speed", "--out", str(tmp_path / "full")]) == 0
    rows = summary(tmp_path / "full")["rows"]
    assert rows["128x3x256x256-J2-o2"]["paper"] == [0.71, 160]
    assert rows["128x3x32x32-J2-o2"]["seconds"]["exact-tensorflow"] == 0.5
    assert run("speed", tmp_path / "quick") == 0
    assert list(summary(tmp_path / "quick")["rows"]) == ["2x3x32x32-J2-o2"]


@pytest.mark.parametrize(
    ("name", "options", "text"),
    [
        ("small-samples", ["--labels", "105"], "labels must be multiples of 10, the number of classes. Received: 105"),
        ("small-samples", ["--only", "sift"], "only must be one of 'scattering', 'pixels'. Received: only='sift'"),
        ("small-samples", ["--steps", "0"], "steps must be an integer >= 1. Received: steps=0"),
        ("angular", ["--images", "3"], "images must be an integer >= 4. Received: images=3"),
        ("mnist", ["--width", "8"], "width must be None for hybrid-poster/mnist. Received: width=8"),
        ("cifar10", ["--only", "svm"], "only must be one of 'dense', 'wide'. Received: only='svm'"),
    ],
)
@once
def test_bad_options(name, options, text, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["reproduce", f"hybrid-poster/{name}", *options]) == 2
    assert text in capsys.readouterr().err
    assert not list(tmp_path.iterdir())

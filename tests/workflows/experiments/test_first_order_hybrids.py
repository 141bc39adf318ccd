"""The experiments of first-order networks: quick forms, and what they compute."""

import json

import numpy as np
import pytest
from compare import once

from keras_scatter.cli import main
from keras_scatter.workflows.experiments.first_order_hybrids import detection, figure1, figure2, table1, table2


def summary_of(name, out, *options):
    """The summary of a quick run, which is then resumed without work."""
    command = ["reproduce", f"first-order-hybrids/{name}", "--quick", "--out", str(out), *options]
    assert main(command) == 0
    made = {path: path.stat().st_mtime_ns for path in out.rglob("*.json") if path.name not in DESCRIPTIONS}
    assert made and main([*command, "--resume"]) == 0
    assert all(path.stat().st_mtime_ns == time for path, time in made.items())
    return json.loads((out / "summary.json").read_text())


DESCRIPTIONS = ("config.json", "summary.json")


@once
def test_table1(tmp_path, capsys):
    summary = summary_of("table1", tmp_path)
    row = summary["rows"]["scat-resnet10"]
    assert row["trainable"] == 11_441_640 and row["statistics"] == 7830
    ((_, line),) = table1.EXPERIMENT.tables(summary).values()
    assert line == ("scat-resnet10", "28 x 28 x 75", "11,441,640", "11.4 M", "agrees", "67.7", "87.7")
    assert "Accuracies are the paper's" in capsys.readouterr().out


@once
def test_the_networks_of_table1():
    assert set(table1.NETWORKS) == {
        *("scat-resnet10", "scat-resnet10-orders-1-2"),
        *("scat-resnet50", "wide-scat-resnet50"),
    }


def test_figure1(tmp_path, capsys):
    rows = summary_of("figure1", tmp_path)["rows"]
    row = rows["dead_leaves-32-J2"]
    assert 10 < row["psnr"] < 40 and 0 < row["relative_error"] < row["relative_error_of_order_1"] < 1
    assert (tmp_path / "dead_leaves-32-J2.png").exists()
    assert f"{row['psnr']:.1f} dB" in capsys.readouterr().out


@once
def test_shipped_pictures():
    data = pytest.importorskip("skimage.data")
    found = figure1.shipped("astronaut", 256)
    assert found.dtype == np.float32 and np.array_equal(found, data.astronaut()[128:384, 128:384])
    assert figure1.shipped("coffee", 512).shape == (400, 512, 3)
    assert figure1.shipped("dead_leaves", 32).shape == (32, 32, 1)


@once
def test_blobs():
    """The second moments of the Gaussian of transform `exp(-w^T Sigma w)` are `2 Sigma`."""
    x = figure2.blob(64, 20, 4, 30)
    assert x.max() == 1 and x[32, 32] == 1
    place = np.stack(np.meshgrid(*2 * [np.arange(64) - 32], indexing="ij"))
    moments = (x * place[:, None] * place[None]).sum((2, 3)) / x.sum()
    axis = np.array([np.cos(np.pi / 6), np.sin(np.pi / 6)])
    assert np.allclose(moments, 2 * (4 * np.eye(2) + 16 * np.outer(axis, axis)), atol=0.01)


@once
def test_propositions(tmp_path, capsys):
    found = summary_of("figure2", tmp_path, "--only", "propositions")["rows"]["propositions"]
    assert all(0.1 < ratio <= 1 for ratio in found["proposition_1"]["Gabor"])
    # Sampling harms the finest filters, and 64 pixels the largest.
    assert all(error < 0.03 for error in found["proposition_2"]["Gabor"])
    assert all(error > 0.3 for error in found["proposition_2"]["Morlet"])
    assert "Proposition 2: relative distance" in capsys.readouterr().out


@once
def test_the_bound_is_about_the_filters_centre():
    """The largest value of a filter's transform lies where the propositions look for it."""
    size, j = 64, 1
    psi, _ = figure2.morlet.gabor(j, figure2.L, size // 2 - 1)
    for t, found in enumerate(np.abs(figure2._spectra(psi, size))):
        peak = 2 * np.pi * np.fft.fftfreq(size)[list(np.unravel_index(found.argmax(), found.shape))]
        angle = figure2.morlet.angle(t, figure2.L)
        centre = figure2.morlet.XI / 2**j * np.array([np.cos(angle), np.sin(angle)])
        assert np.linalg.norm(peak - centre) < 2 * np.pi / size


@once
def test_one_reconstructed_blob(tmp_path):
    rows = summary_of("figure2", tmp_path, "--only", "disc-J3")["rows"]
    assert 15 < rows["disc-J3"]["psnr"] < 60 and (tmp_path / "disc-J3.png").exists()


@once
def test_detection(tmp_path, capsys):
    pytest.importorskip("keras_hub", reason="keras-hub is not installed")
    (row,) = summary_of("detection", tmp_path)["rows"].values()
    assert all(loss > 0 for loss in row["loss"]) and 0 <= row["map"] <= 1 and row["measured_on"] == 4
    assert (tmp_path / "trainings" / "seed_0.png").exists()
    assert "Quick form" in capsys.readouterr().out


@once
def test_rectangles():
    images, targets = detection.rectangles(20, 64, seed=3)
    assert images.shape == (20, 64, 64, 3) and np.array_equal(images, detection.rectangles(20, 64, seed=3)[0])
    assert not np.array_equal(images, detection.rectangles(20, 64, seed=4)[0])
    there = targets["labels"] >= 0
    assert set(targets["labels"][there]) == {0, 1, 2} and there.any(1).all()
    assert np.all(targets["boxes"][~there] == -1)
    for image, boxes, labels in zip(images, targets["boxes"], targets["labels"]):
        for (top, left, bottom, right), label in zip(boxes[labels >= 0].astype(int), labels[labels >= 0]):
            inside = image[top:bottom, left:right].mean(-1)
            # Stripes vary across themselves only.
            across, along = inside.mean(1).std(), inside.mean(0).std()
            assert {0: max(across, along) < 0.2, 1: across > 2 * along, 2: along > 2 * across}[int(label)]


@once
def test_table2(tmp_path, monkeypatch, capsys):
    """What is measured has a test of its own."""
    orders = []

    def footprint(order):
        orders.append(order)
        return {
            "parameters": 10,
            "forward": {batch: 0.1 * batch for batch in order["forward"]},
            "training": {batch: int(1e9 + 1e8 * batch) for batch in order["training"]},
        }

    monkeypatch.setattr(table2, "footprint", footprint)
    assert main(["reproduce", "first-order-hybrids/table2", "--out", str(tmp_path), "--only", "resnet101"]) == 0
    rows = json.loads((tmp_path / "summary.json").read_text())["rows"]
    assert [order["size"] for order in orders] == [224, 800] and set(rows) == {"224", "800"}
    assert rows["224"]["resnet101"]["largest_batch"] == 70
    tables = table2.EXPERIMENT.tables({"rows": rows})
    assert tables["224 pixels"][1][-2:] == ("0.158", "70") and tables["800 pixels"][1][-2:] == ("0.182", "2")
    assert "its seconds for 64 and for 4 images" in " ".join(capsys.readouterr().out.split())
    main(["reproduce", "first-order-hybrids/table2", "--quick", "--out", str(tmp_path / "quick")])
    assert orders[-1]["size"] == 64 and orders[-1]["network"] == "scat-resnet50-learned"


@pytest.mark.parametrize(
    ("name", "options", "text"),
    [
        ("table1", ["--only", "vgg"], "only must be one of 'scat-resnet10-orders-1-2'"),
        ("figure1", ["--iterations", "0"], "iterations must be an integer >= 1. Received: iterations=0"),
        ("figure2", ["--only", "disc-J5"], "only must be one of 'disc-J3'"),
        ("detection", ["--images", "2"], "images must be an integer >= 4. Received: images=2"),
        ("table2", ["--only", "vgg"], "only must be one of 'scat-resnet50'"),
    ],
)
@once
def test_bad_options(name, options, text, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["reproduce", f"first-order-hybrids/{name}", *options]) == 2
    assert text in capsys.readouterr().err
    assert not list(tmp_path.iterdir())

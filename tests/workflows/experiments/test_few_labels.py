import json
import pathlib

import numpy as np
import pytest
from compare import on_torch

from keras_scatter.cli import main
from keras_scatter.workflows import spoken_digits
from keras_scatter.workflows.classifiers import linear
from keras_scatter.workflows.experiments.few_labels import arguments, digits, textures

pytestmark = on_torch


@pytest.mark.parametrize("name", ["textures", "digits"])
def test_the_quick_form(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["reproduce", f"few-labels/{name}", "--quick"]) == 0
    assert "The accuracies measure nothing." in capsys.readouterr().out
    out = pathlib.Path(f"runs/few-labels/{name}-quick")
    (rows,) = json.loads((out / "summary.json").read_text())["rows"].values()
    assert set(rows) == set((textures if name == "textures" else digits).ROWS)
    assert all(0 <= entry["accuracy"] <= 100 for row in rows.values() for entry in row.values())
    assert (out / "accuracy.png").exists()


def test_arguments(tmp_path, monkeypatch, capsys):
    """Also that the rows of the table have the numbers of coefficients."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(arguments, "VALUES", {"cifar10": {"J": (3, 4), "order": (1,)}})
    monkeypatch.setattr(arguments, "LABELS", {"cifar10": 40})
    assert main(["reproduce", "few-labels/arguments", "--quick", "--out", "run"]) == 0
    assert "The accuracies measure nothing." in capsys.readouterr().out
    summary = json.loads(pathlib.Path("run/summary.json").read_text())
    table = arguments.EXPERIMENT.tables(summary)["cifar10"]
    assert [row[:3] for row in table[1:]] == [["J", "3", "3,472"], ["J", "4", "1,668"], ["order", "1", "1,088"]]
    assert summary["rows"]["cifar10"]["J"]["3"]["accuracy"] > 50  # of stripes in ten directions


def test_sounds_are_parted_by_their_index(monkeypatch):
    indices = np.arange(20)
    found = spoken_digits.SpokenDigits(np.zeros((20, 8)), indices % 10, ("a",) * 20, indices)
    monkeypatch.setattr(spoken_digits, "load", lambda folder, size: found)
    pool, digits, others, wanted = arguments._sounds({"recordings": None})
    assert pool.shape == (10, 8, 1) and others.shape == (5, 8, 1)
    assert list(digits) == [5, 6, 7, 8, 9, 0, 1, 2, 3, 4] and list(wanted) == [0, 1, 2, 3, 4]


def noisy(count=30, size=24):
    """Images of two kinds: fine noise, and noise of blocks."""
    generator = np.random.default_rng(0)
    fine = generator.normal(size=(count, size, size))
    coarse = np.kron(generator.normal(size=(count, size // 4, size // 4)), np.ones((4, 4)))
    return np.concatenate([fine, coarse]).astype("float32")[..., None], np.repeat([0, 1], count)


@pytest.mark.parametrize("features", [textures.scattering, textures.covariance, textures.gradients])
def test_features_tell_textures_apart(features, monkeypatch):
    images, labels = noisy(size=32)
    found = features(images)
    assert len(found) == len(images) and np.isfinite(found).all()
    seen = np.array([0, 1, 30, 31])
    assert (linear(found[seen], labels[seen], found) == labels).mean() > 0.95


def test_only_features_of_one_unit_are_divided_by_one_number(monkeypatch):
    seen = {}
    monkeypatch.setattr(textures, "linear", lambda x, labels, others, each: seen.update({name: each}) or others[:, 0])
    features = {name: np.zeros((12, 3)) for name in textures.ROWS}
    for name in ("scattering-linear", "covariance-linear", "hog-linear"):
        data = features, np.repeat([0, 1], 6)
        textures.EXPERIMENT.measure(f"textures/{name}/1_0", {"quick": True}, data, None, 0)
    assert seen == {"scattering-linear": True, "covariance-linear": True, "hog-linear": False}


def test_affine_spaces():
    """Two lines: near one of them, whatever the distance from its examples."""
    line = np.linspace(-1, 1, 5)[:, None]
    features = np.concatenate([line * [1.0, 0, 0], line * [0, 1.0, 0] + [0, 0, 1]])
    labels = np.repeat([0, 1], 5)
    others = np.array([[9.0, 0, 0.1], [0.1, 9.0, 0.8]])

    def two_classes(monkeypatch):
        monkeypatch.setattr(digits, "CLASSES", 2)

    with pytest.MonkeyPatch.context() as patch:
        two_classes(patch)
        assert digits.affine(features, labels, others).tolist() == [0, 1]


def test_textures_from_files(tmp_path):
    pictures = pytest.importorskip("PIL.Image")
    images = np.random.default_rng(0).integers(0, 256, (4, 8, 8), dtype="uint8")
    np.savez(tmp_path / "all.npz", images=images, labels=np.array([0, 0, 1, 1]))
    for index, image in enumerate(images):
        folder = tmp_path / "folder" / "ab"[index // 2]
        folder.mkdir(parents=True, exist_ok=True)
        pictures.fromarray(image).save(folder / f"{index}.png")
    for found, labels in map(textures.load_textures, (tmp_path / "all.npz", tmp_path / "folder")):
        assert np.array_equal(found[..., 0], images) and labels.tolist() == [0, 0, 1, 1]


def test_bad_folders(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "one" / "a").mkdir(parents=True)
    (tmp_path / "text" / "a").mkdir(parents=True)
    (tmp_path / "text" / "a" / "b.png").write_text("no picture")
    np.savez(tmp_path / "other.npz", images=np.zeros(3), labels=np.zeros(3))
    for options, text in (
        ([], "folder must be a folder of pictures by class"),
        (["--folder", "nowhere"], "folder must be a folder or an .npz file. Received: folder="),
        (["--folder", "one"], "folder must hold folders of pictures of one size, one for each class. Received: 1"),
        (["--folder", "text"], "b.png is damaged"),
        (["--folder", "other.npz"], "other.npz is damaged: images must be (n, h, w) uint8"),
    ):
        assert main(["reproduce", "few-labels/textures", *options]) == 2
        assert text in capsys.readouterr().err


def test_a_line_has_one_colour_in_all_panels():
    """Also where a panel lacks some lines; it has a legend of its own then."""
    lines = {"cifar10": ("J", "L", "order"), "spoken_digits": ("J", "Q", "order")}
    entry = {"2": {"accuracy": 50.0, "deviation": 1.0}, "4": {"accuracy": 60.0, "deviation": 1.0}}
    summary = {"rows": {dataset: dict.fromkeys(names, entry) for dataset, names in lines.items()}}
    figure = arguments.EXPERIMENT.draw(summary)
    colours = []
    for axis, names in zip(figure.axes, lines.values()):
        assert tuple(text.get_text() for text in axis.get_legend().get_texts()) == names
        assert [tick.get_text() for tick in axis.get_xticklabels()] == ["2", "4"]
        colours.append({line.get_label(): line[0].get_color() for line in axis.containers})
    first, second = colours
    assert first["J"] == second["J"] and first["order"] == second["order"] and first["L"] != second["Q"]


def test_lines_of_one_kind_of_features_differ_and_one_number_is_in_the_middle():
    entry = {"3.0": {"accuracy": 50.0, "deviation": 1.0}}
    figure = digits.EXPERIMENT.draw({"rows": {"mnist": dict.fromkeys(digits.ROWS, entry)}})
    (axis,) = figure.axes
    looks = {(container[0].get_color(), container[0].get_linestyle()) for container in axis.containers}
    assert len(looks) == len(digits.ROWS)
    low, high = axis.get_xlim()
    assert low * high == pytest.approx(9) and all(
        low < container[0].get_xdata() < high for container in axis.containers
    )

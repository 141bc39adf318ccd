"""Every script in examples/ runs in a small form and does what it says."""

import importlib.util
import os
import pathlib
import re
import types

import numpy as np
import pytest
from compare import assert_close, images, on_torch, once, to_numpy
from numpy_twin_1d import scattering

import keras_scatter
from keras_scatter import saved_filters
from keras_scatter.layers import ComplexModulusConv, ScatteringFFT, ScatteringFFT1D

EXAMPLES = pathlib.Path(__file__).parents[1] / "examples"
DOCS = EXAMPLES.parent / "docs"
GOLDEN = pathlib.Path(__file__).parent / "golden"
MNIST = pathlib.Path(os.environ.get("TFDS_DATA_DIR", "~/tensorflow_datasets")).expanduser() / "mnist"


@pytest.fixture
def example(monkeypatch, tmp_path):
    """Import a script by name; it runs in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def load(name):
        specification = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
        return module

    return load


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_the_docstring_shows_how_to_run_the_script(path):
    assert f"    python examples/{path.name}" in path.read_text().split('"""')[1]


@on_torch
@pytest.mark.parametrize("student", ["faithful", "paper"])
def test_distillation_saves_filters_that_load(example, student, capsys):
    arguments = ["--dataset", "dead_leaves", "--images", "50", "--epochs", "1", "--student", student]
    before, after = example("distil_cifar10").main(arguments)
    assert len(before) == len(after) == 3
    if student == "faithful":
        assert np.all(np.array(after) < [1e-5, 0.02, 0.03])
    else:
        assert np.all(np.isfinite(after))
    printed = capsys.readouterr().out
    assert all(f"{error:.2%}" in printed for error in (*before, *after))
    config, _ = saved_filters.load("distilled.weights.h5")
    assert config["design"] == student
    ComplexModulusConv(L=8, order=2, design=student, weights="distilled.weights.h5")


@pytest.mark.skipif(not MNIST.is_dir(), reason=f"TensorFlow Datasets has no local copy of MNIST in {MNIST}")
def test_mnist_is_recognised(example):
    pytest.importorskip("tensorflow_datasets")
    assert example("classify_mnist").main(["--images", "300", "--epochs", "4"]) > 0.7


def test_features_are_computed_once(example, monkeypatch):
    script = example("cache_features")
    arguments = ["--dataset", "gratings", "--images", "200", "--epochs", "6", "--cache", "cache"]
    accuracy = script.main(arguments)
    assert accuracy > 0.5
    expected = ScatteringFFT(J=2, L=8, order=2)(script.gratings(200)[0])
    assert_close(keras_scatter.features.load("cache/gratings-200").arrays()["features"], expected)
    monkeypatch.setattr("keras_scatter.features.computing.compute", None)  # a second computation would fail
    assert script.main(arguments) == accuracy


@pytest.mark.parametrize(
    "arguments",
    [
        ["filters_in_numpy"],
        ["filters_in_numpy", "--group", "morlet_J3_o2", "--size", "26"],
        ["filters_in_pytorch"],
        ["filters_in_pytorch", "--group", "morlet_J3_o2", "--size", "9"],
        ["filters_in_keras"],
        ["filters_in_keras", "--group", "random_o1", "--size", "20"],
    ],
    ids=" ".join,
)
def test_exported_filters_give_the_numbers_of_the_layer_anywhere(example, arguments, capsys):
    if arguments[0] == "filters_in_pytorch":
        pytest.importorskip("torch")
    error = example(arguments[0]).main(arguments[1:])
    assert error <= 1e-5
    assert f"{error:.1e}" in capsys.readouterr().out
    assert pathlib.Path("filters.npz").exists()


def test_exported_files_give_the_numbers_of_keras(example, capsys):
    errors = example("export_and_serve").main(["--layer", "exact", "--size", "16"])
    assert errors and all(error <= 1e-5 for error in errors.values())
    assert all(pathlib.Path("exported", name).exists() for name in errors)
    printed = capsys.readouterr().out
    assert printed.count("largest error over peak") == len(errors)
    needed = set(errors) - {"scattering", "scattering.pt2"}
    assert printed.count("by matrix products") == len(needed)


@once
def test_scattering_beats_pixels_on_digits(example, capsys):
    pytest.importorskip("sklearn")
    pixels, scattering = example("digits_in_scikit_learn").main(["--images", "400"])
    assert 0.85 < pixels < scattering
    assert f"scattering: {scattering:.2%}" in capsys.readouterr().out


@pytest.fixture
def from_kymatio():
    """What the blocks of the page define."""
    page, defined = (DOCS / "from_kymatio.md").read_text(), {}
    for block in re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        exec(block, defined)
    return types.SimpleNamespace(**defined)


@pytest.mark.parametrize("name", ["J2_L8_o2_33x47", "J3_L4_o2_48x40"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_the_converted_layout_is_kymatios(from_kymatio, name, data_format):
    golden = np.load(GOLDEN / f"kymatio2d_{name}.npz", allow_pickle=False)
    layer = ScatteringFFT(int(golden["J"]), int(golden["L"]), int(golden["order"]), data_format=data_format)
    channels = np.stack([golden["x"], golden["x"][::-1]], axis=-1 if data_format == "channels_last" else 1)
    maps = from_kymatio.to_kymatio_layout(layer(channels), layer)
    assert_close(maps, np.stack([golden["y"], golden["y"][::-1]], axis=1))


@pytest.mark.parametrize(
    ("length", "arguments"),
    [(300, {"J": 5, "Q": 4}), (257, {"J": 6, "T": 50, "order": 1}), (128, {"J": 4, "stride": 2})],
)
def test_signals_become_those_of_kymatio_030(from_kymatio, length, arguments):
    x = images(2, length, 1) - 0.5
    layer = ScatteringFFT1D(**arguments)
    found = to_numpy(from_kymatio.to_kymatio_layout(layer(x), layer))
    found *= from_kymatio.kymatio_030_factors(layer)[:, None]
    expected = [list(scattering(signal, **arguments, convention="0.3.0").values()) for signal in x[..., 0]]
    for order in (0, 1):
        chosen = [path.order == order for path in layer.paths]
        assert_close(found[:, 0, chosen], np.array(expected)[:, chosen])

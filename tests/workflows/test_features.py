import os
import signal
import sys
import threading
import time

import numpy as np
import pytest
from compare import on_torch

from keras_scatter.cli import main
from keras_scatter.features import load

pytestmark = on_torch


@pytest.fixture
def images(tmp_path):
    """Twelve images of three classes."""
    image = pytest.importorskip("PIL.Image")
    for number in range(12):
        path = tmp_path / "images" / f"class_{number % 3}" / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        image.fromarray(np.random.default_rng(number).integers(0, 255, (8, 8, 3), "uint8")).save(path)
    return tmp_path / "images"


def options(images, out, *more):
    layer = "--layer=ScatteringFFT(J=1, L=2, order=1)"
    return ["features", f"--input={images}", f"--output={out}", layer, "--shard-size=5", *more]


def content(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_missing_beam_is_named_with_the_way_to_install_it(images, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "apache_beam", None)
    assert main(options(images, tmp_path / "out")) == 2
    assert (
        "apache_beam is needed here and is not installed: pip install 'keras_scatter[beam]'" in capsys.readouterr().err
    )
    assert not (tmp_path / "out").exists()


def test_a_second_start_computes_what_lacks(images, tmp_path, capsys):
    pytest.importorskip("apache_beam")
    out = tmp_path / "out"
    assert main(options(images, out)) == 0
    assert "12 images, features of shape (4, 4, 9), float32" in capsys.readouterr().out
    whole, before = content(out), {path: path.stat().st_mtime_ns for path in out.iterdir()}
    assert set(whole) == {"manifest.json", "shard-000000.npz", "shard-000001.npz", "shard-000002.npz"}
    assert main(options(images, out)) == 0
    assert {path: path.stat().st_mtime_ns for path in out.iterdir()} == before
    assert main(options(images, out, "--scale=1")) == 2
    assert "output holds features of another config (input.scale: " in capsys.readouterr().err
    assert content(out) == whole


def test_images_that_cannot_be_read(images, tmp_path, capsys):
    pytest.importorskip("apache_beam")
    (images / "class_1" / "07.png").write_bytes(b"no image")
    out = tmp_path / "out"
    assert main(options(images, out)) == 2
    assert "keras-scatter features: input must hold images that can be read" in (said := capsys.readouterr().err)
    assert "Received: 1 that cannot be read (class_1/07.png: " in said and "Traceback" not in said
    assert main(options(images, tmp_path / "other", "--on-error=skip")) == 0
    assert "1 images could not be read and were left out:\n  class_1/07.png: " in capsys.readouterr().out
    features = load(tmp_path / "other")
    assert len(features) == 11 and list(features.skipped) == ["class_1/07.png"]


def test_a_process_gives_the_same_bytes_and_ends_with_ctrl_c(images, tmp_path, capsys):
    pytest.importorskip("apache_beam")
    assert main(options(images, tmp_path / "whole")) == 0

    def interrupt():
        while not (tmp_path / "out" / "manifest.json").exists():
            time.sleep(0.01)
        time.sleep(1)  # the process starts meanwhile
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt, daemon=True).start()
    assert main(options(images, tmp_path / "out", "--threads=1")) == 130
    assert capsys.readouterr().err.endswith("Interrupted; the same command continues.\n")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["manifest.json"]
    assert main(options(images, tmp_path / "out", "--threads=1")) == 0
    assert content(tmp_path / "out") == content(tmp_path / "whole")


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("--shard-size=0", "shard_size must be an integer >= 1. Received: shard_size=0"),
        ("--workers=0", "workers must be an integer >= 1"),
        ("--on-error=stop", 'Invalid value "stop" for --on-error. Choose from: "fail", "skip".'),
        ("--layer=NoLayer", "layer must be a .keras file or a layer of keras_scatter as it is written in Python"),
        ("--input=nothing", "input must be a folder of images, or an image data set of TensorFlow Datasets"),
        ("--color-mode=RGB", 'Invalid value "RGB" for --color-mode. Choose from'),
        (f"--output={__file__}", "output must be a folder"),
        (f"--output={os.path.dirname(__file__)}", "output must be a new or empty folder"),
        ("--runner=NoRunner", "runner must be direct or one of Apache Beam"),
    ],
)
def test_bad_options(images, tmp_path, capsys, option, text):
    pytest.importorskip("apache_beam")
    given = [other for other in options(images, tmp_path / "out") if other.split("=")[0] != option.split("=")[0]]
    assert main([*given, option]) == 2
    assert text in capsys.readouterr().err
    assert not (tmp_path / "out").exists()

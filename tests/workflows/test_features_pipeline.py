import json
import logging

import numpy as np
import pytest
from compare import on_torch

from keras_scatter.features import computing, load, shards
from keras_scatter.workflows import features_order, features_pipeline

pytestmark = on_torch


@pytest.fixture
def order(tmp_path):
    """An order for five images in shards of two."""
    image = pytest.importorskip("PIL.Image")
    (tmp_path / "images").mkdir()
    for number in range(5):
        image.fromarray(np.full((8, 8), 10 * number, "uint8")).save(tmp_path / "images" / f"{number}.png")
    order = {"input": str(tmp_path / "images"), "layer": "ScatteringFFT(J=1, L=2, order=1)", "image_size": None}
    order |= {
        "color_mode": "grayscale",
        "scale": 1.0,
        "on_error": "fail",
        "shard_size": 2,
        "batch_size": 2,
        "shards": 3,
    }
    order["shards"] = 3
    source, model = features_order.opened(order)
    config = {"input": source.describe(), "layer": computing.describe(features_order.layer_of(model))}
    with shards.opened(tmp_path / "out", config, "output") as manifest:
        yield order | {"output": str(tmp_path / "out"), "manifest": manifest}
    features_pipeline._opened.cache_clear()


def test_shards_and_manifest(order, monkeypatch):
    text = json.dumps(order)
    lines = [features_pipeline.make_shard(index, text) for index in (2, 0, 1)]
    monkeypatch.setattr(computing, "compute", None)  # what is there is not computed again
    assert [features_pipeline.make_shard(index, text) for index in (2, 0, 1)] == lines
    features_pipeline.finish(lines, text)
    arrays = load(order["output"]).arrays()
    assert arrays["names"].tolist() == [f"{number}.png" for number in range(5)]
    assert np.allclose(arrays["features"][:, 0, 0, 0], 10 * np.arange(5), rtol=1e-3)


def test_other_images_than_the_command_found_are_refused(order, tmp_path):
    (tmp_path / "images" / "0.png").unlink()
    said = r"input must be the same for all workers\. Received: another input, '/.*images'"
    with pytest.raises(ValueError, match=said):
        features_pipeline.make_shard(0, json.dumps(order))


def test_a_pipeline(order):
    pytest.importorskip("apache_beam")
    features_pipeline.run(order)
    assert len(load(order["output"])) == 5


def test_what_is_wrong_is_said_without_beams_traceback(order, tmp_path):
    pytest.importorskip("apache_beam")
    (tmp_path / "images" / "3.png").write_text("".ljust((tmp_path / "images" / "3.png").stat().st_size))
    with pytest.raises(ValueError, match=r"^input must hold images .* Received: 1 that cannot be read \(3\.png: .*\)$"):
        features_pipeline.run(order)
    assert logging.root.manager.disable == 0


@pytest.mark.parametrize(
    ("said", "kind", "expected"),
    [
        ("input is bad [while running 'shard']", ValueError, "input is bad"),
        ("Traceback\n  File\nValueError: input is bad [while running 'shard']\n", ValueError, "input is bad"),
        ("OSError: [Errno 28] full: 'a' [while running 'shard']", RuntimeError, "OSError: [Errno 28] full: 'a'"),
    ],
)
def test_words(said, kind, expected):
    found = features_pipeline._in_words(RuntimeError(said))
    assert type(found) is kind and str(found).startswith(expected) and "while running" not in str(found)


def test_a_worker_that_dies_at_once_is_not_waited_for(order, monkeypatch):
    pytest.importorskip("apache_beam")
    monkeypatch.setattr(features_pipeline, "WORKER", "raise SystemExit(3)")
    with pytest.raises(RuntimeError, match="a worker died, perhaps for lack of memory; the same command continues"):
        features_pipeline.run(order, threads=1)


def test_runners():
    pytest.importorskip("apache_beam")
    for name in ("direct", "DirectRunner"):
        features_pipeline.check_runner(name, 2, 1)
    with pytest.raises(ValueError, match=r"runner must be direct or one of Apache Beam\. Received: 'NoSuchRunner'"):
        features_pipeline.check_runner("NoSuchRunner", 1, None)
    with pytest.raises(ValueError, match="workers and threads must be left to the runner PrismRunner"):
        features_pipeline.check_runner("PrismRunner", 2, None)

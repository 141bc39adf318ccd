import json

import numpy as np
import pytest
from compare import once

from keras_scatter import files
from keras_scatter.features import shards

pytestmark = once
ARRAYS = {"features": np.arange(6, dtype="float32").reshape(3, 2), "labels": np.arange(3)}
CONFIG = {"layer": {"J": 2}, "shard_size": 3}


@pytest.fixture
def folder(tmp_path):
    """A folder with two shards, and all that a manifest has."""
    with shards.opened(tmp_path / "out", CONFIG, "out") as manifest:
        lines = [shards.write_shard(tmp_path / "out", index, ARRAYS, {}) for index in range(2)]
        shards.finish(tmp_path / "out", manifest, lines)
    return tmp_path / "out"


def test_what_is_written_is_read(folder):
    arrays, line = shards.read_shard(shards.shard_path(folder, 1))
    assert all(np.array_equal(arrays[name], ARRAYS[name]) for name in ARRAYS) and set(arrays) == set(ARRAYS)
    manifest = shards.read_manifest(folder)
    assert manifest["config"] == CONFIG and manifest["shape"] == [2] and manifest["dtype"] == "float32"
    assert line["sha256"] == manifest["shards"][1]["sha256"] and manifest["items"] == 6
    assert {path.name for path in folder.iterdir()} == {"manifest.json", "shard-000000.npz", "shard-000001.npz"}


def test_bytes_depend_on_the_arrays_alone(folder, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 1e9)
    before = shards.shard_path(folder, 0).read_bytes()
    shards.write_shard(folder, 0, ARRAYS, {})
    assert shards.shard_path(folder, 0).read_bytes() == before


@pytest.mark.parametrize("place", range(8))
def test_a_changed_bit_of_a_shard_is_found(folder, place):
    path = shards.shard_path(folder, 0)
    content = bytearray(path.read_bytes())
    content[place * (len(content) - 1) // 7] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"shard-000000\.npz is damaged"):
        shards.read_shard(path)


def test_a_changed_bit_of_the_manifest_is_found(folder):
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace('"items": 6', '"items": 7'))
    with pytest.raises(ValueError, match=r"manifest\.json is damaged"), shards.opened(folder, CONFIG, "out"):
        pass


def test_another_config_is_refused(folder):
    other = {"layer": {"J": 3}, "shard_size": 3}
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    said = r"out holds features of another config \(layer\.J: 2 there, 3 now\)"
    with pytest.raises(ValueError, match=said), shards.opened(folder, other, "out"):
        pass
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_other_versions_are_refused(folder, monkeypatch):
    monkeypatch.setattr(shards, "versions", lambda: {"keras": "9"})
    with pytest.raises(ValueError, match=r"keras: '.*' there, '9' now"), shards.opened(folder, CONFIG, "out"):
        pass


def test_a_later_format_is_refused(folder):
    manifest = shards.read_manifest(folder)
    files.write_json(folder / "manifest.json", manifest | {"format": 2}, sealed=True)
    with pytest.raises(ValueError, match=r"must be of format 1\. Received: format 2"):
        shards.read_manifest(folder)


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("")
    with pytest.raises(ValueError, match="out must be a new or empty folder"), shards.opened(tmp_path, CONFIG, "out"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_a_folder_in_use_is_refused(folder):
    refused = pytest.raises(ValueError, match="out must not be in use by another process")
    with shards.opened(folder, CONFIG, "out"), refused, shards.opened(folder, CONFIG, "out"):
        pass


def test_what_a_killed_process_left_is_removed(tmp_path):
    machine = files._machine()
    (tmp_path / f"shard-000000.npz1.{machine}-999999999.partial").write_text("")
    (tmp_path / "features.lock").write_text("")
    with shards.opened(tmp_path, CONFIG, "out") as manifest:
        assert manifest["shards"] is None
    assert json.loads((tmp_path / "manifest.json").read_text())["config"] == CONFIG
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


def test_shards_of_two_kinds_are_refused(tmp_path):
    other = {"features": np.zeros((3, 5))}
    lines = [shards.write_shard(tmp_path, index, arrays, {}) for index, arrays in enumerate((ARRAYS, other))]
    with pytest.raises(ValueError, match=r"\(2,\) float32 in shard-000000\.npz, \(5,\) float64 in shard-000001\.npz"):
        shards.finish(tmp_path, {}, lines)
    with pytest.raises(ValueError, match="data must hold items that can be read"):
        shards.finish(tmp_path, {}, [])

import errno
import itertools
import os
import subprocess
import sys

import numpy as np
import pytest
from compare import once

from keras_scatter import files

pytestmark = once


def test_what_is_written_is_read(tmp_path):
    files.write_json(tmp_path / "a.json", {"a": [1, None]})
    assert files.read_json(tmp_path / "a.json", ["a"]) == {"a": [1, None]}
    files.write_csv(tmp_path / "a.csv", [{"epoch": 0, "loss": 0.5}, {"epoch": 1, "loss": 0.25}])
    assert files.read_csv(tmp_path / "a.csv") == [{"epoch": 0, "loss": 0.5}, {"epoch": 1, "loss": 0.25}]
    np.savez(tmp_path / "a.npz", a=np.arange(3))
    assert files.read_npz(tmp_path / "a.npz", ["a"])["a"].tolist() == [0, 1, 2]
    assert {path.name for path in tmp_path.iterdir()} == {"a.json", "a.csv", "a.npz"}


def test_the_bytes_of_arrays_depend_on_them_alone(tmp_path, monkeypatch):
    arrays = {"a": np.arange(3), "b": np.array("text")}
    content = files.npz_bytes(arrays)
    monkeypatch.setattr("time.localtime", None)
    assert files.npz_bytes(arrays) == content
    (tmp_path / "a.npz").write_bytes(content)
    found = files.read_npz(tmp_path / "a.npz")
    assert found["a"].tolist() == [0, 1, 2] and str(found["b"]) == "text"


def test_a_full_disk_leaves_the_old_content_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    path.write_text("old")

    def fail(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "chmod", fail)
    with pytest.raises(OSError, match=r"No space left on device: '.*a\.json'"):
        files.write_json(path, {})
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_link_is_followed(tmp_path):
    (tmp_path / "target").write_text("old")
    (tmp_path / "link").symlink_to("target")
    files.write_atomically(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "target").read_text() == "new"


def test_files_may_be_read_by_others(tmp_path):
    files.write_atomically(tmp_path / "a", b"")
    mask = os.umask(0)
    os.umask(mask)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o666 & ~mask


@pytest.mark.parametrize(
    ("text", "rows"),
    [("", 0), ("epoch,lo", 0), ("epoch,loss\n", 0), ("epoch,loss\n0,0.5\n1,0.", 1), ("epoch,loss\n0\n1,0.5\n", 1)],
)
def test_rows_that_were_cut_are_left_out(tmp_path, text, rows):
    (tmp_path / "a.csv").write_text(text)
    assert len(files.read_csv(tmp_path / "a.csv")) == rows


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff\xfe", b"\x89PNG\n\x00\n", b"PK\x03\x04"])
@pytest.mark.parametrize("read", [files.read_json, files.read_npz])
def test_damaged_files_are_named(tmp_path, read, content):
    (tmp_path / "broken").write_bytes(content)
    with pytest.raises(ValueError, match=r"broken is damaged: (?!.*pickle)"):
        read(tmp_path / "broken", ["a"])


def test_a_damaged_table_is_named(tmp_path):
    for content in (b"\x89PNG\n\x00\n", b"1,2\n"):
        (tmp_path / "broken.csv").write_bytes(content)
        with pytest.raises(ValueError, match=r"broken\.csv is damaged: ."):
            files.read_csv(tmp_path / "broken.csv")


def test_what_is_in_the_way_is_refused(tmp_path):
    (tmp_path / "file.json").write_text("")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    for out, text in (
        ("file.json", "--out exists; --overwrite replaces it"),
        ("folder", "--out must be a file"),
        ("file.json/a.json", "--out must not lie below a file"),
        ("link", "--out must not be a link to nothing"),
        ("link/a.json", "--out must not lie behind a link to nothing"),
    ):
        with pytest.raises(ValueError, match=text):
            files.check_file(tmp_path / out, overwrite=False)
    files.check_file(tmp_path / "file.json", overwrite=True)
    assert files.check_result(tmp_path / "new.json", overwrite=False) == tmp_path / "new.png"


def test_a_sealed_file_is_what_was_written(tmp_path):
    path, value = tmp_path / "a.json", {"a": [1, 0.1, None], "b": {"c": "d"}}
    files.write_json(path, value, sealed=True)
    assert files.read_json(path) == value
    content, refused = path.read_bytes(), 0
    for place in range(len(content)):
        flipped = bytearray(content)
        flipped[place] ^= 1
        path.write_bytes(flipped)
        try:
            found = files.read_json(path)
            assert {key: found.get(key) for key in value} == value
        except ValueError as error:
            refused += 1
            assert "a.json is damaged" in str(error)
    assert refused > len(content) / 2


def test_a_sealed_archive_is_what_was_written(tmp_path):
    """Also where a bit of the directory at the end is flipped, which hides all later arrays."""
    path, arrays = tmp_path / "a.npz", {"a": np.arange(3.0), "b": np.array("text"), "c": np.float32(0.5)}
    content, refused = files.npz_bytes(arrays, sealed=True), 0
    path.write_bytes(content)
    assert set(files.read_npz(path)) == set(arrays)
    for place, bit in itertools.product(range(len(content)), range(8)):
        flipped = bytearray(content)
        flipped[place] ^= 1 << bit
        path.write_bytes(flipped)
        try:
            found = files.read_npz(path, list(arrays))
            assert all(np.array_equal(found[name], arrays[name]) for name in arrays)
        except ValueError as error:
            refused += 1
            assert "a.npz is damaged" in str(error)
    assert refused > len(content)


def test_partial_files_of_processes_that_are_gone_are_removed(tmp_path, monkeypatch):
    def written_by(process):
        path = tmp_path / "folder" / f"a.json{files._own().replace(str(os.getpid()), str(process))}"
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
        return path

    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    old, mine, other = written_by(gone.pid), written_by(os.getpid()), tmp_path / "folder" / "a.partial"
    elsewhere = old.with_name(old.name.replace(files._machine(), "elsewhere"))
    for path in (other, elsewhere):
        path.write_text("")
    files.remove_partial(tmp_path)
    assert not old.exists() and all(path.exists() for path in (mine, other, elsewhere))

import json

import pytest

from keras_scatter.workflows.folders import start_folder


@pytest.mark.parametrize("resume", [False, True])
def test_a_folder_loses_an_earlier_run_and_nothing_else(tmp_path, resume):
    for name in ("part/seed_0/log.csv", "part.json", "mine/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    start_folder({"epochs": 2}, tmp_path, resume, ["part", "part.json", "not there"])
    assert json.loads((tmp_path / "config.json").read_text()) == {"epochs": 2}
    assert (tmp_path / "mine" / "notes.txt").exists()
    assert (tmp_path / "part").exists() == (tmp_path / "part.json").exists() == resume


def test_a_folder_is_made_with_its_parents(tmp_path):
    start_folder({}, tmp_path / "runs" / "new", resume=False, parts=["part"])
    assert [path.name for path in (tmp_path / "runs" / "new").iterdir()] == ["config.json"]

import json

import pytest
from compare import once

from keras_scatter import files
from keras_scatter.workflows.folders import check_folder, claimed, read_history, start_folder

pytestmark = once
CONFIG = {"experiment": "some", "epochs": 2}


@pytest.mark.parametrize("resume", [False, True])
def test_a_folder_loses_an_earlier_run_and_nothing_else(tmp_path, resume):
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    for name in ("part/seed_0/log.csv", "part.json", "mine/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    start_folder(CONFIG, tmp_path, resume, not resume, ["part", "part.json", "not there"])
    assert files.read_json(tmp_path / "config.json") == CONFIG
    assert (tmp_path / "mine" / "notes.txt").exists()
    assert (tmp_path / "part").exists() == (tmp_path / "part.json").exists() == resume


def test_a_folder_is_made_with_its_parents(tmp_path):
    start_folder({}, tmp_path / "runs" / "new", resume=False, parts=["part"])
    assert [path.name for path in (tmp_path / "runs" / "new").iterdir()] == ["config.json"]


@pytest.mark.parametrize("options", [{"resume": True}, {"overwrite": True}])
@pytest.mark.parametrize("config", [None, {"model_type": "bert", "epochs": 2}])
def test_a_folder_that_no_run_made_is_left_alone(tmp_path, options, config):
    (tmp_path / "history.csv").write_text("mine")
    if config:
        (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match="out must be a new or empty folder, or that of a run"):
        check_folder(CONFIG, tmp_path, **{"resume": False, "overwrite": False, **options})


def test_a_damaged_config_can_be_overwritten_but_not_resumed(tmp_path):
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ValueError, match=r"config\.json is damaged"):
        check_folder(CONFIG, tmp_path, resume=True, overwrite=False)
    start_folder(CONFIG, tmp_path, resume=False, overwrite=True)
    assert files.read_json(tmp_path / "config.json") == CONFIG


def test_a_claim_is_for_one_and_leaves_nothing(tmp_path):
    with claimed(tmp_path / "a") as first, claimed(tmp_path / "a") as second, claimed(tmp_path / "b") as other:
        assert (first, second, other) == (True, False, True)
    with claimed(tmp_path / "a") as again:
        assert again
    assert not list(tmp_path.iterdir())


def test_the_lock_of_a_killed_process_is_no_obstacle(tmp_path):
    start_folder(CONFIG, tmp_path, resume=False)
    (tmp_path / "run.lock").touch()
    check_folder(CONFIG, tmp_path, resume=True, overwrite=False)
    with claimed(tmp_path / "run"), pytest.raises(ValueError, match="out must not be in use by another process"):
        check_folder(CONFIG, tmp_path, resume=True, overwrite=False)


def test_whole_rows_of_a_log_count_and_the_last_of_an_epoch(tmp_path):
    (tmp_path / "history.csv").write_text("epoch,loss\n0,4\n1,3\n1,2\n2,1")
    assert read_history(tmp_path / "history.csv") == {"epoch": [1, 2], "loss": [4, 2]}
    (tmp_path / "history.csv").write_text("loss\n4\n")
    with pytest.raises(ValueError, match=r"history\.csv is damaged: it has no column epoch"):
        read_history(tmp_path / "history.csv")

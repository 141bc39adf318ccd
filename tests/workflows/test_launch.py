"""Several processes train as one does, and none outlives the others."""

import os
import sys
import time

import keras
import numpy as np
import pytest
from compare import BACKEND, once

from keras_scatter import cli, files
from keras_scatter.backend import processes
from keras_scatter.workflows import launch
from keras_scatter.workflows.distill import DistillConfig, distill
from keras_scatter.workflows.experiments.distilled_filters import fig3
from keras_scatter.workflows.training import Batches, part_of_process

COMMAND = [sys.executable, "-m", "keras_scatter_command"]
CONFIG = {"dataset": "random", "images": 50, "held_out": 2, "size": 8, "L": 2, "order": 1, "epochs": 20}
CONFIG |= {"design": "paper", "kernel_size": 3, "initializer": "glorot_uniform"}


def run(code, *arguments, count=2):
    return launch.launch([sys.executable, "-c", code, *map(str, arguments)], count)


@pytest.fixture
def two(monkeypatch):
    """This process says that it is the second of two."""
    monkeypatch.setenv("KERAS_DISTRIBUTION_NUM_PROCESSES", "2")
    monkeypatch.setenv("KERAS_DISTRIBUTION_PROCESS_ID", "1")


@pytest.mark.skipif(BACKEND == "tensorflow", reason="does not train in several processes")
def test_two_processes_at_half_the_batch_have_the_losses_of_one(tmp_path):
    """One step an epoch: the log has the loss of each of 20 steps."""
    distill(DistillConfig(**CONFIG), tmp_path / "one", verbose=0)
    options = [f"--{name.replace('_', '-')}={value}" for name, value in CONFIG.items()]
    assert launch.launch([*COMMAND, "distill", *options, "--out", str(tmp_path / "two")], 2) == 0
    one, two = (files.read_csv(tmp_path / name / "history.csv") for name in ("one", "two"))
    assert len(one) == len(two) == 20
    for name in one[0]:
        found, expected = (np.array([row[name] for row in rows]) for rows in (two, one))
        assert np.max(np.abs(found - expected)) <= 1e-5, name
    assert two[0]["loss"] > 1.1 * two[-1]["loss"]
    assert sorted(path.name for path in (tmp_path / "two").rglob("*")) == sorted(
        path.name for path in (tmp_path / "one").rglob("*")
    )


@once
def test_processes_find_each_other_in_the_environment(tmp_path):
    code = "import json, os, sys; json.dump(dict(os.environ), open(f'{sys.argv[1]}/{os.environ[\"RANK\"]}', 'w'))"
    assert run(code, tmp_path, count=3) == 0
    found = [files.read_json(tmp_path / str(rank)) for rank in range(3)]
    for rank, one in enumerate(found):
        names = ("RANK", "LOCAL_RANK", "KERAS_DISTRIBUTION_PROCESS_ID", "JAX_LOCAL_DEVICE_IDS")
        assert {one[name] for name in names} == {str(rank)}
        assert one["WORLD_SIZE"] == one["LOCAL_WORLD_SIZE"] == one["KERAS_DISTRIBUTION_NUM_PROCESSES"] == "3"
    shared = ("MASTER_ADDR", "MASTER_PORT", "KERAS_DISTRIBUTION_JOB_ADDRESSES")
    assert len({tuple(one[name] for name in shared) for one in found}) == 1
    assert found[0]["KERAS_DISTRIBUTION_JOB_ADDRESSES"].partition(":")[2] != found[0]["MASTER_PORT"]


# The other one does not end when it is asked to.
DYING = """
import os, pathlib, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
here, rank = pathlib.Path(sys.argv[1]), int(os.environ["RANK"])
(here / f"process_{rank}").write_text(str(os.getpid()))
while len(list(here.iterdir())) < 2:
    time.sleep(0.01)
if rank == 1:
    sys.exit(7) if sys.argv[2] == "exit" else os.kill(os.getpid(), signal.SIGKILL)
time.sleep(60)
"""


@once
@pytest.mark.parametrize(("way", "status", "said"), [("exit", 7, "ended with status 7"), ("kill", 137, "signal 9")])
def test_when_one_dies_the_others_are_ended(way, status, said, tmp_path, monkeypatch, capsys):
    assert launch.GRACE <= 20
    monkeypatch.setattr(launch, "GRACE", 0.3)
    start = time.monotonic()
    assert run(DYING, tmp_path, way) == status
    assert time.monotonic() - start < 30
    assert said in capsys.readouterr().err
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "process_0").read_text()), 0)


FAILING = """
import os
from keras_scatter.workflows.launch import initialize
initialize()
from keras_scatter.backend import processes
if os.environ["RANK"] == "1":
    raise AttributeError("a mistake")
processes.wait()
"""


@pytest.mark.skipif(BACKEND != "jax", reason="processes of PyTorch do not wait for each other at their end")
def test_an_exception_ends_all_though_they_wait_for_each_other(monkeypatch, capfd):
    monkeypatch.setattr(launch, "GRACE", 0.5)
    assert run(FAILING) == 1
    assert "AttributeError: a mistake" in capfd.readouterr().err


@once
def test_a_program_that_is_not_there(capsys, monkeypatch):
    monkeypatch.setattr(launch, "check_backend", lambda: None)
    assert cli.main(["launch", "--processes", "2", "--", "no-such-program", "--verbose"]) == 2
    assert "no-such-program" in capsys.readouterr().err


@pytest.mark.skipif(BACKEND != "tensorflow", reason="the others do")
def test_tensorflow_is_refused(capsys):
    assert cli.main(["launch", "--processes", "2", "--", "true"]) == 2
    said = capsys.readouterr().err
    assert "KERAS_BACKEND must be jax or torch" in said and "--workers" in said and "Received: tensorflow" in said


@once
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--processes", "1", "--", "true"], "processes must be an integer >= 2. Received: processes=1"),
        (["--processes", "2"], "COMMAND must be given"),
        (["--", "true"], "processes"),
    ],
)
def test_bad_arguments(arguments, said, capsys):
    assert cli.main(["launch", *arguments]) == 2
    assert said in capsys.readouterr().err


def test_each_process_takes_its_part_of_a_batch(two):
    batches = Batches(np.arange(11), -np.arange(11), 4, seed=0)
    part = part_of_process(batches)
    assert len(part) == 3
    for i in range(3):
        whole = batches[i][0]
        for found, sign in zip(part[i], (1, -1)):
            assert np.array_equal(found, sign * whole[: len(whole) // 2 * 2][1::2])
    assert len(part[2][0]) == 1
    assert len(part_of_process(Batches(np.arange(9), np.arange(9), 4, seed=0))) == 2


def test_a_process_alone_takes_all():
    batches = Batches(np.arange(5), np.arange(5), 2, seed=0)
    assert part_of_process(batches) is batches


def test_what_cannot_be_shared_is_refused(two, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"processes must divide the batch size, 5. Received: processes=2"):
        part_of_process(Batches(np.arange(9), np.arange(9), 5, seed=0))
    with pytest.raises(ValueError, match=r"items must be at least as many as processes, 2. Received: 1"):
        distill(DistillConfig(images=1), tmp_path / "run")
    with pytest.raises(ValueError, match=r"fig3 cannot be trained in several processes.*Received: 2 processes"):
        fig3.EXPERIMENT.run(tmp_path / "run", quick=True)
    assert not (tmp_path / "run").exists()
    left = []
    monkeypatch.setattr(launch, "initialize", lambda: None)
    monkeypatch.setattr(launch, "leave", left.append)
    cli.main(["filters"])
    assert left == [2]


def test_without_launch_nothing_changes():
    assert processes.count() == 1 and processes.rank() == 0
    processes.initialize()
    processes.wait()
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    step = model.train_step
    processes.average_gradients(model)
    assert model.train_step == step

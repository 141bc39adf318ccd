import dataclasses
import importlib
import inspect
import os
import pathlib
import re
import signal
import subprocess
import sys

import pytest
from compare import once

import keras_scatter
import keras_scatter_command
from keras_scatter import saved_filters
from keras_scatter.cli import main
from keras_scatter.workflows import distill, reproduce
from keras_scatter_command import cli, experiments

ROOT = pathlib.Path(__file__).parents[1]


def test_filters_are_listed(capsys):
    assert main(["filters"]) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in saved_filters.names())


def test_a_group_is_described_and_drawn(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["filters", "morlet_o2"]) == 0
    assert "psi_1_real" in capsys.readouterr().out
    assert (tmp_path / "morlet_o2.png").exists()
    assert main(["filters", "morlet_o2"]) == 2
    assert "--out exists; --overwrite replaces it" in capsys.readouterr().err
    assert main(["filters", "morlet_o2", "--overwrite"]) == 0


def test_an_unknown_group_lists_the_known_ones(capsys):
    assert main(["filters", "morlet_o9"]) == 2
    assert "morlet_o2" in capsys.readouterr().err


@once
@pytest.mark.parametrize(
    "arguments, status",
    [
        (["--help"], 0),
        (["--version"], 0),
        (["distill", "--help"], 0),
        (["reproduce", "--help"], 0),
        (["reproduce", "fig3", "--help"], 0),
        (["reproduce", "kymatio/qm7", "--nonsense"], 2),
        (["distill", "--desing=paper"], 2),
        (["distill", "--design=papyrus"], 2),
        (["reproduce", "tabel1"], 2),
        (["bench", "--repetitions=few"], 2),
    ],
)
def test_help_and_usage_errors_import_no_keras(arguments, status):
    code = f"import sys; from keras_scatter_command.cli import main; status = main({arguments}); "
    code += "sys.exit(status + 100 * ('keras' in sys.modules or 'numpy' in sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == status, result.stderr


COMMANDS = {"filters": "filter_groups", "bench": "benchmark"}  # whose workflows are called otherwise
NAMES = ["bench", "distill", "export", "features", "filters", "frontier", "selfcheck", "stability", "synthesize"]


@pytest.mark.parametrize("name", NAMES)
def test_workflows_take_what_commands_give(name):
    module = importlib.import_module(f"keras_scatter.workflows.{COMMANDS.get(name, name)}")
    given = inspect.signature(getattr(cli, name)).parameters
    taken = inspect.signature(module.command).parameters
    others = {"options"} if name == "distill" else set()
    assert list(taken) == [n for n in given if n in taken] + sorted(others)
    assert set(given) - set(taken) == {field.name for field in dataclasses.fields(distill.DistillConfig) if others}


def test_options_of_distill_are_those_of_its_config():
    options = inspect.signature(cli.distill).parameters
    for field in dataclasses.fields(distill.DistillConfig):
        assert options[field.name].default == field.default


def test_experiments_are_known_without_importing_them():
    assert list(experiments.titles()) == [(e.name, e.alias, e.title) for e in reproduce.EXPERIMENTS.values()]


@pytest.mark.parametrize("name", reproduce.EXPERIMENTS)
def test_options_of_experiments_are_those_of_their_methods(name):
    (parameters, said), experiment = experiments.options(name), reproduce.find(name)
    assert parameters == reproduce.parameters(experiment)
    assert all(re.search(rf"^ *{parameter.name}: \w", said, re.MULTILINE) for parameter in parameters)


def test_the_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == keras_scatter.__version__


def test_choices_are_listed(capsys):
    assert main(["distill", "--help"]) == 0
    assert "[choices: faithful, paper]" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("ending", ["pdf", "svg"])
def test_a_picture_has_the_format_of_its_ending(tmp_path, capsys, ending):
    assert main(["filters", "morlet_o1", f"--out={tmp_path / 'a'}.{ending}"]) == 0
    assert {"pdf": b"%PDF", "svg": b"<svg"}[ending] in (tmp_path / f"a.{ending}").read_bytes()
    assert main(["filters", "morlet_o1", f"--out={tmp_path / 'a'}.doc"]) == 2
    assert "--out must end in .png, .pdf, .svg. Received: out=" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["no-such-command"], ["distill", "--no-such-option"]])
def test_usage_errors(arguments, capsys):
    assert main(arguments) == 2
    assert capsys.readouterr().err.startswith("keras-scatter")


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("--repetitions=0", "repetitions must be an integer >= 2. Received: repetitions=0"),
        ("--out=a/b.png", "end in .png"),
    ],
)
def test_bad_options_of_bench(tmp_path, monkeypatch, capsys, option, text):
    monkeypatch.chdir(tmp_path)
    assert main(["bench", "--quick", option]) == 2
    assert text in capsys.readouterr().err


@pytest.mark.parametrize("command", ["stability", "frontier", "bench"])
def test_a_picture_is_not_replaced_unasked(tmp_path, capsys, command):
    """Nor is the file of results by its own picture."""
    picture = tmp_path / "s.png"
    picture.write_text("mine")
    for out, text in (("s.json", "--out exists; --overwrite replaces it"), ("s.png", "--out must not end in .png")):
        assert main([command, f"--out={tmp_path / out}"]) == 2
        assert text in capsys.readouterr().err
    assert picture.read_text() == "mine" and [path.name for path in tmp_path.iterdir()] == ["s.png"]


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("distill", "--held-out --J --initializer --resume --kernel-size"),
        ("filters", "--out --overwrite"),
        ("frontier", "--repetitions --quick --L"),
        ("stability", "--seed --images"),
        ("synthesize", "--count --wavelets --J"),
        ("features", "--input --output --layer --shard-size --workers --on-error"),
        ("launch", "--processes"),
        ("bench", "--workloads --programs"),
        ("selfcheck", "--minutes --seed --resume"),
    ],
)
def test_every_option_is_described(command, options, capsys):
    assert main([command, "--help"]) == 0
    printed = capsys.readouterr().out
    described = [line for line in printed.splitlines() if "--" in line]
    assert set(options.split()) <= {word for line in described for word in line.split() if word.startswith("--")}
    assert all(len(line.replace("│", "").split()) > 2 for line in described if "--help" not in line), printed


def test_an_option_may_come_again_and_before_the_name(tmp_path, capsys):
    assert main(["reproduce", "--images", "5", "--images", "0", "table1", f"--out={tmp_path / 'run'}"]) == 2
    assert "images must be an integer >= 1. Received: images=0" in capsys.readouterr().err


def run_command(*arguments, **environment):
    command = [sys.executable, "-m", "keras_scatter_command", *arguments]
    clean = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    return subprocess.Popen(
        command, env=clean | environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@once
def test_the_frameworks_are_silent(tmp_path):
    options = ["stability", "morlet_o1", "--images=2", "--size=16", f"--out={tmp_path / 's.json'}"]
    assert run_command(*options).communicate()[1] == ""


@once
@pytest.mark.parametrize("asked", ["--verbose", "KERAS_SCATTER_VERBOSE", "TF_CPP_MIN_LOG_LEVEL"])
def test_the_frameworks_may_speak(asked, monkeypatch):
    """When asked by option or variable, or when the user has set TensorFlow's own."""
    variables = {**keras_scatter_command.SILENT, "KERAS_SCATTER_VERBOSE": "1"}
    for variable in variables:
        monkeypatch.setenv(variable, "1")  # put back after the test
        if variable != asked:
            monkeypatch.delenv(variable)
    monkeypatch.setattr(sys, "argv", ["keras-scatter", "filters", "morlet_o9", *([asked] * (asked[0] == "-"))])
    assert keras_scatter_command.main() == 2
    assert {variable for variable in variables if variable in os.environ} == {asked} - {"--verbose"}


@once
def test_ctrl_c_while_importing_ends_with_130(tmp_path):
    """Whatever the module that is imported does with exceptions."""
    wait = "time.sleep(60)"
    module = f"import time\nprint('here', flush=True)\ntry:\n    {wait}\nexcept BaseException:\n    {wait}\n"
    (tmp_path / "keras.py").write_text(module)
    process = run_command("filters", PYTHONPATH=str(tmp_path))
    assert process.stdout.readline() == "here\n"
    process.send_signal(signal.SIGINT)
    printed, said = process.communicate()
    assert process.returncode == 130 and "Traceback" not in said and not printed

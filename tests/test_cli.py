import pytest

from keras_scatter import saved_filters
from keras_scatter.cli import main


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


@pytest.mark.parametrize("arguments", [[], ["no-such-command"], ["distill", "--no-such-option"]])
def test_usage_errors(arguments):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2

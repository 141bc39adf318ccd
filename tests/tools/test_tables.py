import pathlib

import pytest

from keras_scatter import saved_filters
from tools.tables import TABLES, with_tables

ROOT = pathlib.Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["README.md", "saved_filters/README.md", "benchmarks/experiments.md"])
def test_tables_are_those_of_the_result_files(name):
    text = (ROOT / name).read_text()
    assert "<!-- table:" in text
    assert with_tables(text) == text, "run `make tables`"


def test_every_shipped_group_is_in_its_table():
    rows = TABLES["shipped groups"]()
    assert {row[0].strip("`") for row in rows[1:]} == set(saved_filters.names())
    assert len({len(row) for row in rows}) == 1

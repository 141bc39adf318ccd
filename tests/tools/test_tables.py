import pathlib

import pytest

from keras_scatter import saved_filters
from tools.tables import TABLES, with_tables

ROOT = pathlib.Path(__file__).parents[2]


PAGES = [path for path in ROOT.glob("docs/*.md") if "<!-- table:" in path.read_text()]
PAGES += [ROOT / name for name in ("README.md", "saved_filters/README.md", "benchmarks/experiments.md")]


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_tables_are_those_of_the_result_files(path):
    text = path.read_text()
    assert "<!-- table:" in text
    assert with_tables(text) == text, "run `make tables`"


def test_every_shipped_group_is_in_its_table():
    for table, kind in (("shipped groups", "images"), ("shipped groups of signals", "signals")):
        rows = TABLES[table]()
        assert {row[0].strip("`") for row in rows[1:]} == set(saved_filters.names(kind))
        assert len({len(row) for row in rows}) == 1

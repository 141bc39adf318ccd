import pathlib

import numpy as np
import pytest

from keras_scatter import saved_filters
from keras_scatter.deployment.formats import FORMATS
from keras_scatter.files import read_json
from keras_scatter.workflows.benchmark import RESULTS
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


@pytest.mark.parametrize("backend", ["tensorflow", "jax", "torch"])
def test_exported_files_are_within_their_bounds(backend):
    """A cell of the tables is a file within its bound, or says why there is none."""
    layers = read_json(RESULTS / f"exports-{backend}.json")["layers"]
    formats = {name for name, one in FORMATS.items() if backend in one.backends}
    assert len(layers) >= 15
    for name, found in layers.items():
        assert formats <= set(found), name
        for kind, file in found.items():
            _, _, quantised = kind.partition(", ")
            if "reason" in file:
                assert quantised == "int8" or "computes FFTs" in file["reason"], (name, kind)
                continue
            assert not [operator for operator in file["operators"] if "Flex" in operator], (name, kind)
            bounds = {"": ("error", 1e-5), "float16": ("error", 1e-3), "dynamic_int8": ("relative_rms", 1e-2)}
            if quantised == "int8" and file["errors_by_order"]:
                assert np.all(np.array(file["errors_by_order"]) <= [1e-2, 5e-2, 1e-1]), name
            else:
                measure, bound = bounds.get(quantised, ("relative_rms", 1e-1))
                assert file[measure] <= bound, (name, kind)

"""What a user meets first: the import, the version, the documentation."""

import doctest
import os
import pathlib
import re
import subprocess
import sys

import keras
import numpy as np
import pytest
from compare import once

import keras_scatter
from keras_scatter import cache, errors, filters, layers, models, molecules, perturbations, saved_filters, testing
from keras_scatter.backend import arrays
from keras_scatter.filters import (
    dtcwt_taps,
    filter_bank,
    groups,
    mixing,
    morlet,
    morlet_1d,
    paths,
    pyramid,
    solid_harmonic,
)
from keras_scatter.functional import banded
from keras_scatter.plan import dual_tree, images, signals
from keras_scatter.workflows import datasets, stability

ROOT = pathlib.Path(__file__).parents[1]
DOCUMENTED = [filters, layers, models]
WITH_EXAMPLES = [
    errors,
    saved_filters,
    perturbations,
    molecules,
    testing,
    paths,
    morlet,
    morlet_1d,
    pyramid,
    solid_harmonic,
    dtcwt_taps,
    filter_bank,
    mixing,
    banded,
    dual_tree,
    groups,
    arrays,
    cache,
    images,
    signals,
    datasets,
    stability,
]
PUBLIC = [getattr(module, name) for module in DOCUMENTED for name in module.__all__]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def run_python(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, cwd=ROOT, capture_output=True, text=True
    )


def test_public_names():
    assert {"filters", "layers", "models", "saved_filters", "__version__"} <= set(dir(keras_scatter))


def test_the_changelog_begins_with_this_version():
    newest = re.search(r"^## \[(\d+\.\d+\.\d+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest[1] == keras_scatter.__version__
    assert f"version = {newest[1]}\n" in (ROOT / "setup.cfg").read_text()
    assert f"version: {newest[1]}\n" in (ROOT / "CITATION.cff").read_text()


@once
@pytest.mark.parametrize("other", ["jax", "torch"])
def test_import_without_tensorflow(other):
    pytest.importorskip(other)
    code = "import sys; sys.modules['tensorflow'] = None; import keras_scatter as k; print(k.layers.ScatteringFFT())"
    result = run_python(code, KERAS_BACKEND=other)
    assert result.returncode == 0, result.stderr
    assert "ScatteringFFT" in result.stdout


@once
def test_a_missing_backend_is_named_with_the_way_to_install_it():
    result = run_python("import sys; sys.modules['jax'] = None; import keras_scatter", KERAS_BACKEND="jax")
    assert "pip install 'keras_scatter[jax]'" in result.stderr


def test_import_brings_no_other_framework():
    others = {"tensorflow", "jax", "torch"} - {keras.backend.backend()}
    # Keras's TensorFlow backend itself may look for the others.
    code = (
        "import keras, sys; before = set(sys.modules); import keras_scatter; print(sorted(set(sys.modules) - before))"
    )
    result = run_python(code)
    assert result.returncode == 0, result.stderr
    for other in (*others, "matplotlib", "tensorflow_datasets", "rich"):
        assert f"'{other}'" not in result.stdout


@pytest.mark.parametrize("thing", PUBLIC, ids=lambda thing: thing.__name__)
def test_public_classes_have_an_example_that_runs(thing):
    examples = doctest.DocTestFinder(recurse=False).find(thing, globs=namespace())
    assert sum(len(test.examples) for test in examples) > 0, f"{thing.__name__} has no example"
    run(examples)


@pytest.mark.parametrize("module", WITH_EXAMPLES, ids=lambda module: module.__name__)
def test_examples_of_functions_run(module):
    tests = doctest.DocTestFinder().find(module, globs={**namespace(), **vars(module)})
    assert sum(len(test.examples) for test in tests) > 0
    run(tests)


def namespace():
    names = {name: getattr(module, name) for module in DOCUMENTED for name in module.__all__}
    return {"keras": keras, "np": np, "keras_scatter": keras_scatter, **names}


def run(tests):
    for test in tests:
        output = []
        result = doctest.DocTestRunner(optionflags=FLAGS).run(test, out=output.append)
        assert result.failed == 0, "".join(output)


BLOCKS = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.MULTILINE | re.DOTALL)


def test_the_readme_has_python():
    assert len(BLOCKS) >= 3


@pytest.mark.parametrize("block", BLOCKS, ids=[f"block{i}" for i in range(len(BLOCKS))])
def test_readme_blocks_run(block, tmp_path, monkeypatch):
    """Each block stands alone."""
    if "export(" in block and keras.backend.backend() != "tensorflow":
        pytest.skip("SavedModel is TensorFlow's")
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "README.md", "exec"), {"__name__": "__main__"})


def test_readme_pictures_exist():
    pictures = re.findall(r"!\[[^]]*\]\(([^)]+)\)", (ROOT / "README.md").read_text())
    assert pictures
    for picture in pictures:
        assert (ROOT / picture).is_file(), picture

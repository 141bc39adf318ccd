"""What a user meets first: the import, the version, the documentation."""

import doctest
import os
import pathlib
import re
import shlex
import subprocess
import sys

import keras
import numpy as np
import pytest
from compare import BACKEND, once

import keras_scatter
from keras_scatter import (
    cache,
    errors,
    filters,
    kymatio,
    layers,
    losses,
    models,
    molecules,
    optimisation,
    perturbations,
    plots,
    preprocessing,
    saved_filters,
    testing,
)
from keras_scatter.backend import arrays, dft
from keras_scatter.filters import (
    battle_lemarie,
    bump,
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
from keras_scatter.plan import dual_tree, images, signals, statistics, time_frequency
from keras_scatter.workflows import datasets, features_order, footprint, stability
from keras_scatter.workflows.experiments.first_order_hybrids import detection as rectangles
from keras_scatter_command import cli

ROOT = pathlib.Path(__file__).parents[1]
DOCUMENTED = [filters, layers, losses, models, preprocessing]
WITH_EXAMPLES = [
    errors,
    optimisation,
    saved_filters,
    perturbations,
    plots,
    molecules,
    testing,
    paths,
    morlet,
    morlet_1d,
    pyramid,
    solid_harmonic,
    battle_lemarie,
    bump,
    dtcwt_taps,
    filter_bank,
    mixing,
    banded,
    dual_tree,
    groups,
    arrays,
    dft,
    cache,
    images,
    signals,
    statistics,
    time_frequency,
    datasets,
    features_order,
    footprint,
    rectangles,
    stability,
]
PUBLIC = [getattr(module, name) for module in DOCUMENTED for name in module.__all__]
PUBLIC += [
    keras_scatter.angular_spectrum,
    keras_scatter.angular_threshold,
    keras_scatter.denoise,
    keras_scatter.extract,
    keras_scatter.features.Features,
    keras_scatter.features.load,
    keras_scatter.invert,
    keras_scatter.synthesize,
    *(getattr(kymatio, name) for name in kymatio.__all__),
    *[keras_scatter.export] * (BACKEND == "tensorflow"),  # which writes the format of its example
]
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def run_python(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, cwd=ROOT, capture_output=True, text=True
    )


def test_public_names():
    assert set(keras_scatter.__all__) | {"__version__"} <= set(dir(keras_scatter))
    functions = {"angular_spectrum", "angular_threshold", "denoise", "export", "extract", "invert", "synthesize"}
    modules = {"features", "filters", "layers", "losses", "models", "molecules", "plots", "preprocessing"}
    modules |= {"saved_filters"}
    assert set(keras_scatter.__all__) == functions | modules


def test_the_changelog_begins_with_this_version():
    newest = re.search(r"^## \[(\d+\.\d+\.\d+)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest[1] == keras_scatter.__version__
    assert "\nversion = attr: keras_scatter_command.__version__\n" in (ROOT / "setup.cfg").read_text()
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
    for other in (*others, "matplotlib", "tensorflow_datasets", "keras_hub", "apache_beam", "rich"):
        assert f"'{other}'" not in result.stdout


@pytest.mark.parametrize("thing", PUBLIC, ids=lambda thing: thing.__name__)
def test_public_classes_have_an_example_that_runs(thing):
    examples = doctest.DocTestFinder(recurse=False).find(thing, globs=namespace())
    assert sum(len(test.examples) for test in examples) > 0, f"{thing.__name__} has no example"
    run(examples)


@pytest.mark.parametrize("name", ["ScatResNet50Backbone", "average_precision", "load_boxes"])
def test_examples_of_detection_run(name):
    pytest.importorskip("keras_hub", reason="keras-hub is not installed")
    from keras_scatter import detection

    assert name in detection.__all__
    test_public_classes_have_an_example_that_runs(getattr(detection, name))


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


PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
BLOCKS = [
    pytest.param(block, id=f"{page.stem}-{i}")
    for page in PAGES
    for i, block in enumerate(re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL))
]


def test_there_are_pages_with_python():
    assert len(PAGES) > 5
    assert len(BLOCKS) > 8


@pytest.fixture
def textures(tmp_path):
    """The folder of images that the first block reads: stripes of three widths."""
    for width in (2, 4, 8):
        (tmp_path / "textures" / f"stripes_{width}").mkdir(parents=True)
        for i in range(4):
            stripes = (np.arange(64) + i) // width % 2 * np.ones((64, 1))
            keras.utils.save_img(tmp_path / "textures" / f"stripes_{width}" / f"{i}.png", stripes[..., None])


@pytest.mark.parametrize("block", BLOCKS)
def test_python_in_pages_runs(block, tmp_path, monkeypatch, textures):
    """Each block stands alone."""
    if ("export(" in block or "image_dataset_from_directory" in block) and keras.backend.backend() != "tensorflow":
        pytest.skip("tf.data and SavedModel are TensorFlow's")
    for other in ("torch", "jax"):
        if f"import {other}\n" in block and other != BACKEND:
            pytest.skip(f"for those who use {other}")
    if "from sklearn" in block:
        pytest.importorskip("sklearn")
    if "plots" in block:
        pytest.importorskip("matplotlib").use("Agg")
    if "keras_hub" in block:
        pytest.importorskip("keras_hub", reason="keras-hub is not installed")
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "a page", "exec"), {"__name__": "__main__"})


def test_recipes_are_short():
    blocks = re.findall(r"^```(?:python|console)\n(.*?)^```", (ROOT / "docs" / "recipes.md").read_text(), re.M | re.S)
    assert len(blocks) == 11  # ten jobs, one of them for two backends
    assert max(sum(line.strip() != "" for line in block.splitlines()) for block in blocks) <= 10


CALLS = [
    line.removeprefix("keras-scatter ")
    for page in PAGES
    for block in re.findall(r"^```(?:sh|console)\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    for line in re.sub(r"\\\n", " ", block).splitlines()
    if line.startswith("keras-scatter ") and " reproduce " not in line
]


@once
@pytest.mark.parametrize("call", CALLS)
def test_commands_in_pages_have_known_options(call):
    cli.app.parse_args(shlex.split(call, comments=True), exit_on_error=False, print_error=False)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_and_pictures_of_pages_exist(page):
    for link in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        assert link.startswith("https://") or (page.parent / link).exists(), link


def test_the_readme_is_short():
    text = (ROOT / "README.md").read_text()
    assert len(text.splitlines()) <= 120
    assert len(text.encode()) <= 8000

"""The documentation site holds what it must, as far as that shows without building it."""

import ast
import importlib
import inspect
import pathlib
import re

import pytest
from compare import on_torch

import keras_scatter
from keras_scatter import saved_filters
from tools import pages

ROOT = pathlib.Path(__file__).parents[1]
DOCS = ROOT / "docs"
pytestmark = on_torch
MODULES = [
    "errors",
    "features",
    "filters",
    "kymatio",
    "layers",
    "losses",
    "models",
    "molecules",
    "perturbations",
    "plots",
]
MODULES += ["preprocessing", "saved_filters", "testing"]
EXTRAS = {"detection": "keras_hub", "sklearn": "sklearn"}  # modules by what they need


def public(module):
    """Names of a module that users may use: `__all__`, or what it defines itself."""
    module = importlib.import_module(f"keras_scatter.{module}")
    own = [name for name, thing in vars(module).items() if getattr(thing, "__module__", None) == module.__name__]
    return sorted(getattr(module, "__all__", None) or [name for name in own if not name.startswith("_")])


def documented(page):
    """Names in the list of a page of the reference."""
    return sorted(re.findall(r"^   (\w+)$", page.read_text(), re.MULTILINE))


@pytest.mark.parametrize("module", [*MODULES, *EXTRAS])
def test_every_public_name_is_in_the_reference(module):
    pytest.importorskip(EXTRAS.get(module, "keras"))
    page = DOCS / "api" / f"{module}.rst"
    assert f".. currentmodule:: keras_scatter.{module}\n" in page.read_text()
    assert documented(page) == public(module)


def functions_of(thing):
    """A function itself; or of a class the methods that users call, also those of our base classes."""
    if not isinstance(thing, type):
        return [thing]
    ours = [base for base in thing.__mro__ if base.__module__.startswith("keras_scatter.")]
    members = {name: member for base in reversed(ours) for name, member in vars(base).items()}
    called = (member for name, member in members.items() if name in ("__init__", "__call__") or name[0] != "_")
    plain = [getattr(member, "fget", None) or getattr(member, "__func__", member) for member in called]
    return [member for member in plain if inspect.isfunction(member) and member.__module__.startswith("keras_scatter.")]


@pytest.mark.parametrize("module", ["", *MODULES, *EXTRAS])
def test_public_functions_and_methods_are_annotated(module):
    pytest.importorskip(EXTRAS.get(module, "keras"))
    home = importlib.import_module(f"keras_scatter.{module}".rstrip("."))
    names = public(module) if module else [name for name in home.__all__ if callable(getattr(home, name))]
    functions = [function for name in names for function in functions_of(getattr(home, name))]
    assert functions
    for function in functions:
        signature = inspect.signature(function)
        missing = [name for name, given in signature.parameters.items() if given.annotation is given.empty]
        missing += ["return"] * (signature.return_annotation is signature.empty)
        assert set(missing) <= {"self", "cls"}, f"{function.__module__}.{function.__qualname__}: {missing}"


def test_the_functions_of_the_package_are_in_the_reference():
    modules = {name for name in keras_scatter.__all__ if not callable(getattr(keras_scatter, name))}
    assert modules <= set(MODULES)
    assert documented(DOCS / "api" / "functions.rst") == sorted(set(keras_scatter.__all__) - modules)


def test_every_page_of_the_reference_is_in_its_index_and_its_names_exist():
    listed = documented(DOCS / "api" / "index.rst")
    assert listed == sorted(page.stem for page in (DOCS / "api").glob("*.rst") if page.stem != "index")
    for name in re.findall(r"^   (keras_scatter\.[\w.]+)$", (DOCS / "api" / "results.rst").read_text(), re.MULTILINE):
        module, _, attribute = name.rpartition(".")
        assert hasattr(importlib.import_module(module), attribute), name


def test_every_page_can_be_reached_from_the_first_one():
    trees = re.findall(r"^```\{toctree\}\n(.*?)^```", (DOCS / "index.md").read_text(), re.MULTILINE | re.DOTALL)
    entries = {line.split("<")[-1].rstrip(">") for tree in trees for line in tree.splitlines()}
    pages_there = {path.stem for path in DOCS.glob("*.md")} - {"index"}
    assert len(pages_there) > 20
    assert pages_there <= entries, pages_there - entries


def test_links_to_files_become_links_to_pages():
    text = "[a](../ARCHITECTURE.md), [b](distilled.md#signals) ![c](../benchmarks/results/cpu.png) [d](../setup.cfg)"
    text += " [e](https://example.org) x[0](1)"
    found = pages.linked(text, DOCS)
    assert found == (
        "[a](architecture.md), [b](distilled.md#signals) ![c](../benchmarks/results/cpu.png) d "
        "[e](https://example.org) x[0](1)"
    )
    assert pages.linked("[a](results/cpu.png) [b](experiments.md)", ROOT / "benchmarks") == (
        "[a](../benchmarks/results/cpu.png) [b](papers.md)"
    )
    for file, page in pages.PAGES.items():
        assert (ROOT / file).exists()
        assert (DOCS / page).exists()


@pytest.mark.parametrize("name", ["morlet_o2", "cifar10_o1", "morlet_1d_Q4"])
def test_the_card_of_a_group_says_how_to_load_it(name):
    text = pages.card(name)
    assert f"({name}.png)" in text and saved_filters.describe(name)["sha256"] in text
    call = re.search(r"\| use \| `(.*)` \|", text)[1]
    layer = eval(call, {kind: getattr(keras_scatter.layers, kind) for kind in keras_scatter.layers.__all__})
    layer.build((None, 64, 1) if name in saved_filters.names("signals") else (None, 32, 32, 1))


def test_the_citation_is_that_of_the_file():
    entry = pages.bibtex((ROOT / "CITATION.cff").read_text())
    assert entry.startswith("@software{keras_scatter,\n")
    assert f"  version = {{{keras_scatter.__version__}}},\n" in entry
    assert "  author = {{The keras_scatter developers}},\n" in entry
    assert "keras_scatter: wavelet scattering in Keras 3" in entry


def test_dead_links_and_pages_that_load_from_elsewhere_are_found(tmp_path):
    (tmp_path / "a.html").write_text('<h1 id="here"></h1><a href="b.html#there">b</a><a href="#here">h</a>')
    (tmp_path / "b.html").write_text('<a href="a.html#no"></a><a href="c.html"></a><a href="https://x.org"></a>')
    assert pages.check(tmp_path) == [
        "a.html has a link to b.html#there, which has no such place",
        "b.html has a link to a.html#no, which has no such place",
        "b.html has a link to c.html, which is not there",
    ]
    (tmp_path / "b.html").write_text('<p id="there"></p><script src="https://cdn.org/x.js"></script>')
    assert pages.check(tmp_path) == ["b.html loads https://cdn.org/x.js"]


SCRIPTS = sorted((ROOT / "gallery").glob("*.py"))


def test_the_gallery_has_its_pictures():
    assert len(SCRIPTS) >= 14


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_of_the_gallery_has_a_title_and_imports_what_there_is(path):
    """The scripts themselves run when the site is built."""
    tree = ast.parse(path.read_text())
    title, line, empty, text = ast.get_docstring(tree).split("\n", 3)
    assert set(line) == {"="} and len(line) == len(title) and not empty and text
    assert "pyplot.show()" in path.read_text()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module.startswith("keras_scatter"):
            pytest.importorskip("sklearn")
            module = importlib.import_module(node.module)
            assert all(hasattr(module, alias.name) for alias in node.names)


def test_python_in_pages_is_where_a_test_runs_it():
    """`test_package.py` runs that of README.md and of the pages themselves."""
    others = [ROOT / file for file in pages.PAGES if file != "README.md"] + list((DOCS / "api").glob("*.rst"))
    assert not [file for file in others if "```python" in file.read_text() or "code-block:: python" in file.read_text()]
    assert "```" not in pages.card("morlet_o2")


@pytest.mark.parametrize(
    "file", [*sorted(DOCS.glob("*.md")), *map(ROOT.joinpath, pages.PAGES)], ids=lambda path: path.name
)
def test_powers_are_code(file):
    """In plain Markdown two of them would print what stands between in bold."""
    plain = re.sub(r"```.*?```|`[^`]*`", "", file.read_text(), flags=re.DOTALL)
    assert not re.findall(r".*\w\*\*\w.*|.*\w\*\*-\w.*", plain)

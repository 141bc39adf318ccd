"""The layout holds: imports go one way, and optional packages are imported where they are used."""

import ast
import pathlib

import pytest

PACKAGE = pathlib.Path(__file__).parents[1] / "keras_scatter"
LAYERS = ["arguments", "filters", "saved_filters", "perturbations", "functional", "layers", "models", "testing"]
LAYERS += ["workflows", "cli"]
FILTERS_MAY_IMPORT = {"numpy", "scipy", "keras_scatter"}
FILES = sorted(PACKAGE.rglob("*.py"))


def part(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path, inside_functions=True):
    """(line, module) of the imports in a file."""
    tree = ast.parse(path.read_text())
    nodes = ast.walk(tree) if inside_functions else tree.body
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            submodules = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (
                (node.lineno, name) for name in (submodules if node.module == "keras_scatter" else [node.module])
            )


def test_there_are_files():
    assert len(FILES) > 20


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path):
    if path == PACKAGE / "__init__.py":
        return
    for line, module in imports(path):
        if module.startswith("keras_scatter."):
            other = module.split(".")[1]
            allowed = other == "__version__" or LAYERS.index(other) <= LAYERS.index(part(path))
            assert allowed, f"{path}:{line}: {part(path)} imports {other}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_optional_packages_and_backends_are_imported_inside_functions(path):
    optional = {
        "tensorflow",
        "jax",
        "torch",
        "matplotlib",
        "tensorflow_datasets",
        "kymatio",
        "keras_tuner",
        "tensorboard",
    }
    for line, module in imports(path, inside_functions=False):
        assert module.split(".")[0] not in optional, f"{path}:{line}: {module} at module level"


@pytest.mark.parametrize("path", [path for path in FILES if part(path) == "filters"], ids=lambda path: path.name)
def test_filters_are_numpy_and_scipy_only(path):
    import sys

    for line, module in imports(path):
        root = module.split(".")[0]
        assert root in FILTERS_MAY_IMPORT | sys.stdlib_module_names, f"{path}:{line}: {module}"


@pytest.mark.parametrize("folder", ["layers", "models"])
def test_one_public_thing_a_file(folder):
    for path in (PACKAGE / folder).glob("[a-z]*.py"):
        nodes = [node for node in ast.parse(path.read_text()).body if isinstance(node, (ast.ClassDef, ast.FunctionDef))]
        public = [node.name for node in nodes if node.name[0].isupper()]
        assert len(public) == 1, f"{path}: {public}"
        assert public[0].lower() == path.stem.replace("_", ""), f"{path}: {public[0]}"


def test_no_python_among_the_shipped_filters():
    assert not list((PACKAGE.parent / "saved_filters").glob("*.py"))

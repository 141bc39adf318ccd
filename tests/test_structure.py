"""The layout holds: imports go one way, and optional packages are imported where they are used."""

import ast
import pathlib
import re

import pytest

from keras_scatter import layers

PACKAGE = pathlib.Path(__file__).parents[1] / "keras_scatter"
LAYERS = ["typing", "arguments", "optional", "cache", "errors", "files", "versions", "filters", "plan", "saved_filters"]
LAYERS += ["perturbations", "plots", "backend", "molecules", "functional", "layers", "losses", "models"]
LAYERS += [
    "preprocessing",
    "optimisation",
    "inversion",
    "synthesis",
    "angular",
    "denoising",
    "detection",
    "deployment",
    "features",
]
LAYERS += ["sklearn", "kymatio", "testing", "workflows", "cli"]
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
        "keras_hub",
        "pycocotools",
        "skimage",
        "sklearn",
        "onnx",
        "onnxruntime",
        "openvino",
        "ai_edge_litert",
        "apache_beam",
        "PIL",
    }
    for line, module in imports(path, inside_functions=False):
        assert module.split(".")[0] not in optional, f"{path}:{line}: {module} at module level"


@pytest.mark.parametrize("path", [path for path in FILES if part(path) == "filters"], ids=lambda path: path.name)
def test_filters_are_numpy_and_scipy_only(path):
    import sys

    for line, module in imports(path):
        root = module.split(".")[0]
        assert root in FILTERS_MAY_IMPORT | sys.stdlib_module_names, f"{path}:{line}: {module}"


NUMERICAL = [
    path for path in FILES if part(path) in ("filters", "plan", "functional", "layers", "losses", "models", "testing")
]


@pytest.mark.parametrize("path", NUMERICAL, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_room_of_the_backend_asks_which_one_it_is(path):
    for line, module in imports(path):
        assert module.split(".")[0] not in ("tensorflow", "jax", "torch"), f"{path}:{line}: {module}"
    for node in ast.walk(ast.parse(path.read_text())):
        called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
        assert called not in ("keras.backend.backend", "keras.config.backend"), f"{path}:{node.lineno}: {called}()"


def arguments(function):
    given = function.args
    others = [given.vararg, given.kwarg]
    return [*given.posonlyargs, *given.args, *given.kwonlyargs, *filter(None, others)]


@pytest.mark.parametrize("path", [path for path in FILES if part(path) == "functional"], ids=lambda path: path.name)
def test_functions_take_five_arguments_at_most(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.FunctionDef, ast.Lambda)):
            names = [argument.arg for argument in arguments(node)]
            assert len(names) <= 5, f"{path}:{node.lineno}: {getattr(node, 'name', 'lambda')}({', '.join(names)})"


ANY_RANK = [path for path in FILES if part(path) in ("backend", "plan") or path.parent.name == "functional"]
OF_IMAGES = {
    "images",
    "image_bank",
    "faithful",
    "pyramid_stages",
    "paper",
    "dual_tree",
    "inverse_dual_tree",
    "banded",
    "invariant",
}


@pytest.mark.parametrize(
    "path", [path for path in ANY_RANK if path.stem not in OF_IMAGES], ids=lambda path: str(path.relative_to(PACKAGE))
)
def test_what_serves_every_rank_knows_of_no_images(path):
    """No name and no text speaks of them, apart from comments and docstrings."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = [getattr(node, key, "") for key in ("id", "arg", "attr", "name")]
        for name in filter(None, names):
            assert not re.search("image|height|width|pixel", str(name)), f"{path}:{node.lineno}: {name}"


@pytest.mark.parametrize(
    "files",
    ["layers/[a-z]*.py", "losses/[a-z]*.py", "models/[a-z]*.py", "filters/*_bank*.py", "detection/*backbone.py"],
)
def test_one_public_thing_a_file(files):
    for path in PACKAGE.glob(files):
        nodes = [node for node in ast.parse(path.read_text()).body if isinstance(node, (ast.ClassDef, ast.FunctionDef))]
        public = [node.name for node in nodes if node.name[0].isupper()]
        assert len(public) == 1, f"{path}: {public}"
        assert public[0].lower() == path.stem.replace("_", ""), f"{path}: {public[0]}"


def test_the_wheel_has_every_package_and_nothing_else():
    listed = (PACKAGE.parent / "setup.cfg").read_text().split("packages =\n")[1].split("\ninstall_requires")[0].split()
    found = {".".join(path.parent.relative_to(PACKAGE.parent).parts) for path in PACKAGE.rglob("__init__.py")}
    assert found == {name for name in listed if name.split(".")[0] == "keras_scatter"} - {
        "keras_scatter._saved_filters"
    }
    assert not any(name in ("tools", "demo") for name in listed)


def test_no_python_among_the_shipped_filters():
    assert not list((PACKAGE.parent / "saved_filters").glob("*.py"))


def test_no_field_of_a_path_is_none():
    """Dicts of paths pass through compiled functions, which sort them."""
    made = [
        layers.ScatteringFFT(J=2, L=2),
        layers.ScatteringFFT1D(J=3),
        layers.HarmonicScattering3D(J=1, L=1, order_0=True),
        layers.TimeFrequencyScattering(J=4, J_fr=1, Q=2),
    ]
    made += [layers.ScatteringCovariance2D(J=2, L=2), layers.ScatteringSpectra1D(J=2)]
    for layer in made:
        assert any(getattr(path, "order", 0) == 0 for path in layer.paths)
        assert None not in [field for path in layer.paths for field in path]
        assert sorted(layer.paths)

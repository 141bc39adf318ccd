"""Experiments and their options, read from their files: importing these would import Keras, which takes seconds."""

import ast
import importlib.util
import inspect
import pathlib
import re

FOLDER = "workflows/experiments"


def titles():
    """Name, alias and title of all experiments."""
    for file in sorted(_package().joinpath(FOLDER).glob("*/[!_]*.py")):
        given = _given(_made(file))
        name = f"{file.parent.name}/{file.stem}".replace("_", "-")
        yield name, given.get("alias"), given["title"]


def options(name):
    """The options of an experiment, those that all have and its own.

    Args:
        name: that of its file, not its alias.

    Returns:
        Parameters, as `inspect` has them, and what the docstrings say of them.
    """
    file = _package().joinpath(FOLDER, name.replace("-", "_")).with_suffix(".py")
    made = _made(file)
    kind = file, made.func.id
    hidden = {"self", "verbose", "options"}
    if not _given(made).get("shared", _found(*kind, "shared")):
        hidden.add("workers")
    parameters, said = {}, []
    for method in map(_function, (_found(*kind, "run"), _found(*kind, "plan"))):
        keyword = inspect.Parameter.KEYWORD_ONLY
        for parameter in inspect.signature(method).parameters.values():
            if parameter.name not in hidden:
                parameters.setdefault(parameter.name, parameter.replace(kind=keyword))
        described = re.search(r"Args:\n(.*?)(\n\n|$)", inspect.getdoc(method) or "", re.DOTALL)
        said += [described[1]] if described else []
    return list(parameters.values()), "\n".join(said)


def _package():
    (folder,) = importlib.util.find_spec("keras_scatter").submodule_search_locations
    return pathlib.Path(folder)


def _made(file):
    """The call that makes the experiment of a file."""
    assigned = [node for node in ast.parse(file.read_text()).body if isinstance(node, ast.Assign)]
    return next(node.value for node in assigned if ast.unparse(node.targets[0]) == "EXPERIMENT")


def _given(call):
    return {word.arg: word.value.value for word in call.keywords if isinstance(word.value, ast.Constant)}


def _found(file, kind, name):
    """A method, its syntax tree, or the value of an attribute, of a class in a file or of what it derives from."""
    tree = ast.parse(file.read_text())
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and kind in [alias.name for alias in node.names]:
            module = pathlib.Path(*node.module.split(".")[1:])
            return _found(_package().joinpath(module).with_suffix(".py"), kind, name)
    classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    for node in classes[kind].body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return node
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return ast.literal_eval(node.value)
        if isinstance(node, ast.AnnAssign) and node.value and ast.unparse(node.target) == name:
            return ast.literal_eval(node.value)
    return next(filter(None, (_found(file, base.id, name) for base in classes[kind].bases)), None)


def _function(node):
    """A function with the signature and the docstring of a method, which does nothing."""
    node.body = node.body[:1] if ast.get_docstring(node) else [ast.Pass()]
    namespace = {}
    exec(compile(ast.fix_missing_locations(ast.Module([node], [])), node.name, "exec"), namespace)
    return namespace[node.name]

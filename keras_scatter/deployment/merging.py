"""Equal constants of an ONNX file become one: exporters write one copy for each use."""

import hashlib

from keras_scatter.files import write_atomically
from keras_scatter.optional import require

LEAST = 64  # bytes; smaller ones are left alone


def merge_constants(path):
    """Rewrite an ONNX file such that equal arrays of its main graph are there once."""
    onnx = require("onnx", "onnx")
    model = onnx.load(str(path))
    graph = model.graph
    known, instead = {}, {}
    kept_nodes, kept_arrays = [], []
    outputs = {output.name for output in graph.output}

    def is_new(name, array):
        key = _key(array)
        if key is None or name in outputs:
            return True
        instead[name] = known.setdefault(key, name)
        return instead[name] == name

    for array in graph.initializer:
        if is_new(array.name, array):
            kept_arrays.append(array)
    for node in graph.node:
        array = next((a.t for a in node.attribute if a.name == "value"), None) if node.op_type == "Constant" else None
        if array is None or is_new(node.output[0], array):
            kept_nodes.append(node)
    # A constant that was met later may stand behind its first use no more: all of them come first.
    kept_nodes.sort(key=lambda node: node.op_type != "Constant")
    for name, content in (("node", kept_nodes), ("initializer", kept_arrays)):
        content = [type(part).FromString(part.SerializeToString()) for part in content]
        del getattr(graph, name)[:]
        getattr(graph, name).extend(content)
    _rename(graph, instead)
    write_atomically(path, model.SerializeToString())


def _key(array):
    content = array.raw_data
    if len(content) < LEAST:
        return None
    return array.data_type, tuple(array.dims), hashlib.sha256(content).digest()


def _rename(graph, instead):
    for node in graph.node:
        for i, name in enumerate(node.input):
            node.input[i] = instead.get(name, name)
        for attribute in node.attribute:
            for inner in [*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])]:
                _rename(inner, instead)

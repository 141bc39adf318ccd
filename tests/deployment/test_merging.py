import numpy as np
import pytest
from compare import once

from keras_scatter.deployment.merging import merge_constants

onnx = pytest.importorskip("onnx")
pytestmark = once


def graph(path):
    """`y = (x @ a) @ b + c + d`: a and b are equal, one of them a node; c and d have equal bytes and other dtypes."""
    helper, arrays = onnx.helper, onnx.numpy_helper
    matrix = np.random.default_rng(0).normal(size=(8, 8)).astype("float32")
    bits = np.arange(64, dtype="float32").reshape(8, 8)
    nodes = [
        helper.make_node("MatMul", ["x", "a"], ["xa"]),
        helper.make_node("Constant", [], ["b"], value=arrays.from_array(matrix, "value")),
        helper.make_node("MatMul", ["xa", "b"], ["xab"]),
        helper.make_node("Add", ["xab", "c"], ["xabc"]),
        helper.make_node("Cast", ["d"], ["d_float"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Add", ["xabc", "d_float"], ["y"]),
    ]
    values = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [None, 8]) for name in ("x", "y")]
    stored = {"a": matrix, "a_again": matrix, "c": bits, "d": bits.view("int32"), "c_again": bits}
    nodes.append(helper.make_node("Add", ["a_again", "c_again"], ["unused"]))
    made = helper.make_graph(
        nodes, "graph", values[:1], values[1:], [arrays.from_array(array, name) for name, array in stored.items()]
    )
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))


def test_equal_constants_are_there_once(tmp_path):
    runtime = pytest.importorskip("onnxruntime")
    path = tmp_path / "model.onnx"
    graph(path)
    x = np.random.default_rng(1).normal(size=(8, 8)).astype("float32")

    def run():
        return runtime.InferenceSession(str(path), providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]

    before, size = run(), path.stat().st_size
    merge_constants(path)
    assert np.array_equal(run(), before)
    assert path.stat().st_size < size - 3 * 250
    merged = onnx.load(str(path)).graph
    assert [array.name for array in merged.initializer] == ["a", "c", "d"]
    assert "Constant" not in [node.op_type for node in merged.node]
    onnx.checker.check_model(str(path))


def test_small_constants_and_outputs_are_left_alone(tmp_path):
    helper, arrays = onnx.helper, onnx.numpy_helper
    large, small = np.zeros(64, "float32"), np.zeros(2, "float32")
    stored = {"out": large, "same": large, "s": small, "t": small}
    nodes = [helper.make_node("Identity", ["same"], ["copy"]), helper.make_node("Add", ["s", "t"], ["sum"])]
    values = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None) for name in ("out", "copy", "sum")]
    made = helper.make_graph(nodes, "g", [], values, [arrays.from_array(array, name) for name, array in stored.items()])
    path = tmp_path / "model.onnx"
    onnx.save(helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(path))
    merge_constants(path)
    assert {array.name for array in onnx.load(str(path)).graph.initializer} == set(stored)

"""What runs exported files: from a batch to a list of arrays, and the operators in a file by name with their number."""

import collections

import numpy as np

from keras_scatter.optional import require


class SavedModel:
    """TensorFlow."""

    name = "TensorFlow"

    def __init__(self, path):
        import tensorflow as tf

        self._loaded = tf.saved_model.load(str(path))  # its variables go with this object

    @staticmethod
    def check():
        """Nothing is needed beside the package."""

    def __call__(self, batch):
        import tensorflow as tf

        return [np.asarray(part) for part in tf.nest.flatten(self._loaded.serve(batch))]

    def operators(self):
        graph = self._loaded.signatures["serving_default"].graph.as_graph_def()
        nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
        return _counted(node.op for node in nodes if node.op not in ("Const", "Placeholder", "Identity", "NoOp"))


class Onnx:
    """ONNX Runtime on the processor."""

    name = "ONNX Runtime"

    def __init__(self, path):
        self._path = path
        self._session = require("onnxruntime", "onnx").InferenceSession(str(path), providers=["CPUExecutionProvider"])
        (self._input,) = (one.name for one in self._session.get_inputs())

    @staticmethod
    def check():
        require("onnxruntime", "onnx")

    def __call__(self, batch):
        return self._session.run(None, {self._input: batch})

    def operators(self):
        found = require("onnx", "onnx").load(str(self._path))
        return _counted(node.op_type for node in found.graph.node if node.op_type != "Constant")


class LiteRT:
    """LiteRT, by its own package or by the one inside of TensorFlow."""

    name = "LiteRT"

    def __init__(self, path, threads=1):
        self._path = path
        self._interpreter = litert()[0](str(path), num_threads=threads)
        self._interpreter.allocate_tensors()
        self._run = self._interpreter.get_signature_runner()
        (self._input,) = self._run.get_input_details()

    @staticmethod
    def check():
        litert()

    def __call__(self, batch):
        found = self._run(**{self._input: batch})
        return [found[name] for name in sorted(found, key=_in_order)]

    def operators(self):
        make, resolvers = litert()
        plain = make(str(self._path), experimental_op_resolver_type=resolvers.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
        return _counted(operator["op_name"] for operator in plain._get_ops_details())


class OpenVino:
    """OpenVINO on the processor, in float32; by itself it would take bfloat16 where the processor has that."""

    name = "OpenVINO"

    def __init__(self, path, precision="f32"):
        core = require("openvino", "openvino").Core()
        self._model = core.read_model(str(path))
        self._compiled = core.compile_model(self._model, "CPU", {"INFERENCE_PRECISION_HINT": precision})

    @staticmethod
    def check():
        require("openvino", "openvino")

    def __call__(self, batch):
        found = self._compiled([batch])
        return [np.array(found[output]) for output in self._compiled.outputs]

    def operators(self):
        kinds = (operator.get_type_name() for operator in self._model.get_ops())
        return _counted(kind for kind in kinds if kind not in ("Constant", "Parameter", "Result"))


class Torch:
    """A program of `torch.export`, in PyTorch."""

    name = "PyTorch"

    def __init__(self, path):
        import torch

        self._program = torch.export.load(str(path))
        self._module = self._program.module()

    @staticmethod
    def check():
        require("torch", "torch")

    def __call__(self, batch):
        import torch

        with torch.no_grad():
            found = self._module(torch.from_numpy(batch))
        return [part.numpy() for part in torch.utils._pytree.tree_leaves(found)]

    def operators(self):
        return _counted(str(node.target) for node in self._program.graph.nodes if node.op == "call_function")


def litert():
    """The class of interpreters, and the kinds of their resolvers."""
    try:
        from ai_edge_litert import interpreter
    except ImportError:
        from tensorflow.lite.python import interpreter
    return interpreter.Interpreter, interpreter.OpResolverType


def _in_order(name):
    """`output_2` comes before `output_10`; other names, those of a dict, are sorted as Keras does."""
    number = name.removeprefix("output_")
    return (int(number), "") if number.isdigit() else (0, name)


def _counted(names):
    return dict(sorted(collections.Counter(names).items()))

"""One program of the benchmark in a process of its own: `python -P benchmark_worker.py PROGRAM WORKLOAD`.

It runs in the environment of keras_scatter or in that of other programs, so it imports none of them at the start. To
standard output it writes one JSON line when the libraries are loaded, with their versions, and one for each JSON line
that it reads:

* `{"do": "build"}`: seconds to make the program;
* `{"do": "forward", "seed": 3}`: seconds of one call, from a NumPy array of fresh random images to a NumPy array;
* `{"do": "gradient", "seed": 3}`: the same for the gradient of the sum of squares with respect to the images, and to
  the weights if there are any; or null;
* `{"do": "output", "seed": 3, "dtype": "float32", "path": "y.npy"}`: writes the result as planes
  `(batch * channels, K, h, w)`; false for a transform that is not to be compared;
* `{"do": "memory"}`: bytes that the peak has grown by since the framework is there.

A line is `{"value": ...}` or `{"error": "..."}`.
"""

import contextlib
import dataclasses
import functools
import importlib.metadata
import importlib.util
import json
import os
import pathlib
import re
import sys
import time
import traceback
import types

import numpy as np

PACKAGES = ("keras_scatter", "keras", "tensorflow", "jax", "torch", "numpy", "scipy", "kymatio", "pytorch_wavelets")
BACKENDS = ("tensorflow", "jax", "torch")


@dataclasses.dataclass(frozen=True)
class Workload:
    """A batch of images and the transform of it, named like `128x3x32x32-J2-o1` (batch, channels, height, width)."""

    batch: int
    channels: int
    height: int
    width: int
    J: int
    order: int
    L: int = 8

    @classmethod
    def parse(cls, name):
        found = re.fullmatch(r"(\d+)x(\d+)x(\d+)x(\d+)-J(\d+)-o(\d+)(?:-L(\d+))?", name)
        if not found:
            raise ValueError(
                f"workload must have the form 128x3x32x32-J2-o1 or 128x3x32x32-J2-o1-L6. Received: {name!r}"
            )
        return cls(*(int(number) for number in found.groups() if number))

    def images(self, seed):
        """Uniform noise, `(batch, channels, height, width)` float32."""
        shape = (self.batch, self.channels, self.height, self.width)
        return np.random.default_rng(seed).random(shape, dtype="float32")


class Program:
    """A program under test: `load` imports, `build` makes it, `forward` and `gradient` map NumPy to NumPy."""

    def __init__(self, workload):
        self.workload = workload

    def load(self):
        """Import everything, so that the memory of the libraries is not counted."""

    def build(self):
        """Make the transform, and from it the functions for one call."""

    def images(self, seed):
        """The images in the layout of this program."""
        return self.workload.images(seed)

    def forward(self, images):
        raise NotImplementedError

    gradient = None  # where there is none
    compared = True

    def planes(self, images):
        """The result as `(batch * channels, K, h, w)`."""
        y = self.forward(images)
        return y.reshape(-1, *y.shape[-3:])


class Tensorflow(Program):
    def load(self):
        import tensorflow

        self.tf = tensorflow

    def make_gradient(self, function, weights=()):
        tf = self.tf

        def gradient(images):
            with tf.GradientTape() as tape:
                tape.watch(images)
                loss = tf.reduce_sum(function(images) ** 2)
            return tape.gradient(loss, [images, *weights])

        return gradient

    def call(self, function, images):
        return self.tf.nest.flatten(function(self.tf.constant(images)))[0].numpy()


class Jax(Program):
    def load(self):
        import jax

        self.jax = jax

    def make_gradient(self, function, differentiated=1):
        def value(*inputs):
            return (function(*inputs) ** 2).sum()

        gradient = self.jax.jit(self.jax.grad(value, argnums=tuple(range(differentiated))))
        return lambda *inputs: gradient(*inputs)[0]

    def call(self, function, images):
        return np.asarray(function(self.jax.numpy.asarray(images)))


class Torch(Program):
    def load(self):
        import torch

        self.torch = torch
        self.device = "cuda" if torch.cuda.is_available() else "cpu"

    def make_gradient(self, function):
        def gradient(images):
            images = images.requires_grad_()
            (function(images) ** 2).sum().backward()
            return images.grad

        return gradient

    def call(self, function, images):
        return function(self.torch.from_numpy(images).to(self.device)).detach().cpu().numpy()


def ours(kind, backend):
    """A class for a layer of `LAYERS` in a compiled model of Keras, on a backend."""
    Framework = {"tensorflow": Tensorflow, "jax": Jax, "torch": Torch}[backend]

    class Ours(Framework):
        compared = kind in SCATTERING

        def load(self):
            os.environ["KERAS_BACKEND"] = backend
            super().load()
            import keras

            from keras_scatter import layers

            self.keras, self.layers = keras, layers

        def build(self):
            shape = self.workload
            layer = LAYERS[kind](self.layers, self.keras, shape)
            model = self.keras.Sequential([self.keras.Input((shape.height, shape.width, shape.channels)), layer])
            model.compile()
            self.forward = model.predict_on_batch
            self.gradient = functools.partial(self.call, self._gradient_of(model))

        def _gradient_of(self, model):
            if backend == "tensorflow":
                return self.tf.function(self.make_gradient(model, model.trainable_variables))
            if backend == "torch":
                return self.make_gradient(model)
            gradient = self.make_gradient(
                lambda images, weights, others: model.stateless_call(weights, others, images)[0], differentiated=2
            )

            def values(variables):
                return [variable.value for variable in variables]

            # Their values move when Keras predicts.
            return lambda images: gradient(
                images, values(model.trainable_variables), values(model.non_trainable_variables)
            )

        def images(self, seed):
            return np.ascontiguousarray(super().images(seed).transpose(0, 2, 3, 1))

        def planes(self, images):
            y = self.forward(images)
            y = y.reshape(*y.shape[:3], self.workload.channels, -1)
            return y.transpose(0, 3, 4, 1, 2).reshape(-1, y.shape[4], *y.shape[1:3])

    return Ours


def kymatio(frontend):
    """Kymatio's `Scattering2D` of a frontend. Its import needs a function that SciPy 1.17 no longer has."""
    import scipy.special

    if not hasattr(scipy.special, "sph_harm"):
        scipy.special.sph_harm = lambda m, n, azimuth, polar: scipy.special.sph_harm_y(n, m, polar, azimuth)
    return importlib.import_module(f"kymatio.{frontend}").Scattering2D


class Kymatio(Program):
    """What all frontends but Keras's share."""

    frontend = None

    def load(self):
        super().load()
        self.Scattering2D = kymatio(self.frontend)

    def make(self):
        shape = self.workload
        return self.Scattering2D(shape.J, (shape.height, shape.width), L=shape.L, max_order=shape.order)


class KymatioNumpy(Kymatio):
    frontend = "numpy"

    def build(self):
        self.forward = self.make()


class KymatioTorch(Kymatio, Torch):
    frontend = "torch"

    def build(self):
        transform = self.make().to(self.device)
        self.forward = functools.partial(self.call, self.torch.no_grad()(transform.__call__))
        self.gradient = functools.partial(self.call, self.make_gradient(transform))


class KymatioJax(Kymatio, Jax):
    frontend = "jax"

    def build(self):
        transform = self.make()
        self.forward = functools.partial(self.call, self.jax.jit(transform.__call__))
        self.gradient = functools.partial(self.call, self.make_gradient(transform))


class KymatioEager(Kymatio, Tensorflow):
    frontend = "tensorflow"

    def build(self):
        transform = self.make()
        self.forward = functools.partial(self.call, self.compiled(transform))
        self.gradient = functools.partial(self.call, self.compiled(self.make_gradient(transform)))

    def compiled(self, function):
        return function


class KymatioGraph(KymatioEager):
    def compiled(self, function):
        return self.tf.function(lambda images: function(images))


class KymatioKeras(Tensorflow):
    def load(self):
        os.environ["KERAS_BACKEND"] = "tensorflow"
        super().load()
        import keras

        self.keras, self.Scattering2D = keras, kymatio("keras")

    def build(self):
        shape = self.workload
        inputs = self.keras.Input((shape.channels, shape.height, shape.width))
        outputs = self.Scattering2D(J=shape.J, L=shape.L, max_order=shape.order)(inputs)
        model = self.keras.Model(inputs, outputs)
        model.compile()
        self.forward = model.predict_on_batch
        self.gradient = functools.partial(self.call, self.tf.function(self.make_gradient(model)))


class PytorchWavelets(Torch):
    """Another transform, with dual-tree wavelets of six angles, so it is timed but not compared."""

    compared = False

    def load(self):
        super().load()
        # setuptools and NumPy 2 have dropped these, and pytorch_wavelets is written with them.
        sys.modules.setdefault("pkg_resources", _pkg_resources())
        np.asfarray = lambda array, dtype="float64": np.asarray(array, dtype)
        np.issubctype = np.issubdtype
        import pytorch_wavelets

        self.pytorch_wavelets = pytorch_wavelets

    def build(self):
        _check_dual_tree(self.workload)
        transform = self.make().to(self.device)
        self.forward = functools.partial(self.call, self.torch.no_grad()(transform.__call__))
        self.gradient = functools.partial(self.call, self.make_gradient(transform))


class ScatLayer(PytorchWavelets):
    """`ScatLayer`, mixed by a 1x1 convolution to as many channels as there were."""

    def make(self):
        channels, nn = self.workload.channels, self.torch.nn
        return nn.Sequential(self.pytorch_wavelets.ScatLayer(), nn.Conv2d(7 * channels, channels, 1))


class ScatLayerj2(PytorchWavelets):
    """Both orders on two scales."""

    def make(self):
        return self.pytorch_wavelets.ScatLayerj2()


def _check_dual_tree(workload):
    if (workload.J, workload.order) not in ((1, 1), (2, 2)):
        raise ValueError("dual-tree scattering has J = order = 1 or 2")
    return workload.J


def _pkg_resources():
    """The one function of `pkg_resources` that is needed, and the module around it."""

    def resource_stream(package, name):
        root, *folders = package.split(".")
        return pathlib.Path(importlib.util.find_spec(root).origin).parent.joinpath(*folders, name).open("rb")

    return types.SimpleNamespace(resource_stream=resource_stream)


# Layers by functions of `keras_scatter.layers`, Keras and the workload.
SCATTERING = {
    "exact": lambda layers, keras, shape: layers.ScatteringFFT(J=shape.J, L=shape.L, order=shape.order),
    "faithful": lambda layers, keras, shape: layers.ComplexModulusConv(J=shape.J, L=shape.L, order=shape.order),
    "paper": lambda layers, keras, shape: layers.ComplexModulusConv(
        J=shape.J, L=shape.L, order=shape.order, design="paper"
    ),
}
LAYERS = SCATTERING | {
    "dtcwt": lambda layers, keras, shape: layers.DTCWTScattering(_check_dual_tree(shape)),
    "invariant": lambda layers, keras, shape: layers.LocallyInvariantLayer(shape.channels),
    "conv": lambda layers, keras, shape: keras.layers.Conv2D(shape.channels, 3, padding="same"),
}
OURS = {f"{kind}-{backend}": ours(kind, backend) for kind in LAYERS for backend in BACKENDS}
PEERS = {
    "kymatio-torch": KymatioTorch,
    "kymatio-jax": KymatioJax,
    "kymatio-numpy": KymatioNumpy,
    "kymatio-tf-eager": KymatioEager,
    "kymatio-tf-graph": KymatioGraph,
    "kymatio-keras": KymatioKeras,
    "scatlayer": ScatLayer,
    "scatlayerj2": ScatLayerj2,
}
PROGRAMS = PEERS | OURS


def versions():
    """Versions of the packages that matter, as far as this environment has them."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


class Memory:
    """How far the peak has grown: of the resident set, and of the allocator where there is an accelerator."""

    def start(self):
        with contextlib.suppress(OSError):
            pathlib.Path("/proc/self/clear_refs").write_text("5")  # Linux forgets the peak
        self.before = _peak_resident()

    def growth(self):
        on_device = _peak_on_accelerator()
        return _peak_resident() - self.before if on_device is None else on_device


def _peak_resident():
    try:
        # Not getrusage, whose peak includes that of the parent process.
        status = pathlib.Path("/proc/self/status").read_text()
        return 1024 * int(re.search(r"VmHWM:\s+(\d+)", status)[1])
    except OSError:
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else 1024 * peak


def _peak_on_accelerator():
    """Bytes, or None on a machine without one; asks the frameworks that are loaded."""
    peaks = []
    if "tensorflow" in sys.modules and (tf := sys.modules["tensorflow"]).config.list_physical_devices("GPU"):
        peaks.append(tf.config.experimental.get_memory_info("GPU:0")["peak"])
    if "jax" in sys.modules and (statistics := sys.modules["jax"].local_devices()[0].memory_stats()):
        peaks.append(statistics["peak_bytes_in_use"])
    if "torch" in sys.modules and (torch := sys.modules["torch"]).cuda.is_available():
        peaks.append(torch.cuda.max_memory_allocated())
    return max(peaks, default=None)


def answer(program, memory, request):
    """The value that a request asks for."""
    match request["do"]:
        case "build":
            return _seconds(program.build)
        case "forward":
            return _seconds(program.forward, program.images(request["seed"]))
        case "gradient":
            return program.gradient and _seconds(program.gradient, program.images(request["seed"]))
        case "output":
            if not program.compared:
                return False
            np.save(request["path"], program.planes(program.images(request["seed"]).astype(request["dtype"])))
            return True
        case "memory":
            return memory.growth()
    raise ValueError(f"unknown request {request}")


def _seconds(function, *arguments):
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def main(name, workload):
    """Serve requests until the input ends."""
    # The answers get standard output for themselves; what libraries print goes to standard error.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def reply(function, *arguments):
        try:
            message = {"value": function(*arguments)}
        except Exception as error:
            traceback.print_exc()
            message = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(message), file=answers)

    program = PROGRAMS[name](Workload.parse(workload))
    memory = Memory()

    def load():
        program.load()
        images = program.images(0)
        memory.start()
        del images  # it counts as there already
        return versions()

    reply(load)
    for line in sys.stdin:
        reply(answer, program, memory, json.loads(line))


if __name__ == "__main__":
    if sys.argv[1:] == ["versions"]:
        print(json.dumps(versions()))
    else:
        main(*sys.argv[1:])

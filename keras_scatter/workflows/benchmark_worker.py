"""One program of the benchmark in a process of its own: `python -P benchmark_worker.py PROGRAM WORKLOAD [INPUTS.npy]`.

It runs in the environment of keras_scatter or in that of other programs, so it imports none of them at the start. To
standard output it writes one JSON line when the libraries are loaded, with their versions, and one for each JSON line
that it reads:

* `{"do": "build"}`: seconds to make the program;
* `{"do": "forward", "seed": 3}`: seconds of one call, from a NumPy array of fresh random inputs, or of those in
  the file, to a NumPy array;
* `{"do": "gradient", "seed": 3}`: the same for the gradient of the sum of squares with respect to the inputs, and to
  the weights if there are any; or null;
* `{"do": "output", "seed": 3, "dtype": "float32", "path": "y.npy"}`: writes the coefficients of every image, signal or
  volume, `(batch * channels, K, h, w)`, `(batch * channels, K, t)` or `(batch * channels, K)`; false for a transform
  that is not to be compared;
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
KINDS = ("signals", "images", "volumes", "time-frequency")


@dataclasses.dataclass(frozen=True)
class Workload:
    """A batch and the transform of it.

    Images are named like `128x3x32x32-J2-o1` (batch, channels, height, width), `-L6` may follow; volumes likewise,
    where L is 3; signals like `64x1x65536-J13-Q12-o2` (batch, channels, length). `-F3` behind a signal asks for joint
    time-frequency scattering with J_fr = 3, Q = (Q, 2), Q_fr = 2, and sums over time and frequency.
    """

    batch: int
    channels: int
    sizes: tuple
    J: int
    order: int
    L: int = 8
    Q: int = 1
    F: int | None = None
    file: str | None = None  # with the inputs, where they are no noise

    @classmethod
    def parse(cls, name, file=None):
        image, signal = r"(\d+x){3,4}\d+-J\d+-o\d+(-L\d+)?", r"(\d+x){2}\d+-J\d+-Q\d+-o\d+"
        joint = r"(\d+x){2}\d+-J\d+-Q\d+-o2-F\d+"
        if not re.fullmatch(f"{image}|{signal}|{joint}", name):
            raise ValueError(
                "workload must have the form 128x3x32x32-J2-o1 or 128x3x32x32-J2-o1-L6 for images, 8x1x64x64x64-J2-o2 "
                "for volumes, 64x1x65536-J13-Q12-o2 for signals, 4x1x32768-J12-Q8-o2-F3 for joint time-frequency "
                f"scattering. Received: {name!r}"
            )
        shape, *arguments = name.split("-")
        batch, channels, *sizes = map(int, shape.split("x"))
        arguments = {argument[0]: int(argument[1:]) for argument in arguments}
        if len(sizes) == 3:
            arguments.setdefault("L", 3)
        return cls(batch, channels, tuple(sizes), order=arguments.pop("o"), file=file, **arguments)

    @property
    def rank(self):
        """1 for signals, 2 for images, 3 for volumes."""
        return len(self.sizes)

    @property
    def kind(self):
        """What is transformed, or how: one of `KINDS`."""
        return "time-frequency" if self.F else KINDS[self.rank - 1]

    def inputs(self, seed):
        """Uniform noise, or what the file has, `(batch, channels, *sizes)` float32."""
        if self.file is not None:
            return np.load(self.file)
        return np.random.default_rng(seed).random((self.batch, self.channels, *self.sizes), dtype="float32")


class Program:
    """A program under test: `load` imports, `build` makes it, `forward` and `gradient` map NumPy to NumPy."""

    def __init__(self, workload):
        self.workload = workload

    def load(self):
        """Import everything, so that the memory of the libraries is not counted."""

    def build(self):
        """Make the transform, and from it the functions for one call."""

    def inputs(self, seed):
        """Images, signals or volumes in the layout of this program."""
        return self.workload.inputs(seed)

    def forward(self, inputs):
        raise NotImplementedError

    gradient = None  # where there is none
    compared = True

    def maps(self, inputs):
        """The result as `(batch * channels, K, h, w)`, `(batch * channels, K, t)` or `(batch * channels, K)`."""
        y = self.forward(inputs)
        return y.reshape(-1, *y.shape[-1 - self.workload.rank :])


class Tensorflow(Program):
    def load(self):
        import tensorflow

        self.tf = tensorflow

    def make_gradient(self, function, weights=()):
        tf = self.tf

        def gradient(inputs):
            with tf.GradientTape() as tape:
                tape.watch(inputs)
                loss = tf.reduce_sum(function(inputs) ** 2)
            return tape.gradient(loss, [inputs, *weights])

        return gradient

    def call(self, function, inputs):
        return self.tf.nest.flatten(function(self.tf.constant(inputs)))[0].numpy()


class Jax(Program):
    def load(self):
        import jax

        self.jax = jax

    def make_gradient(self, function, differentiated=1):
        def value(*arguments):
            return (function(*arguments) ** 2).sum()

        gradient = self.jax.jit(self.jax.grad(value, argnums=tuple(range(differentiated))))
        return lambda *arguments: gradient(*arguments)[0]

    def call(self, function, inputs):
        return np.asarray(function(self.jax.numpy.asarray(inputs)))


class Torch(Program):
    def load(self):
        import torch

        self.torch = torch
        self.device = "cuda" if torch.cuda.is_available() else "cpu"

    def make_gradient(self, function):
        def gradient(inputs):
            inputs = inputs.requires_grad_()
            (function(inputs) ** 2).sum().backward()
            return inputs.grad

        return gradient

    def call(self, function, inputs):
        return function(self.torch.from_numpy(inputs).to(self.device)).detach().cpu().numpy()


def ours(kind, backend, **kwargs):
    """A class for a layer of `LAYERS`, with more arguments, in a compiled model of Keras, on a backend."""
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
            layer = LAYERS[kind](self.layers, self.keras, shape, **kwargs)
            model = self.keras.Sequential([self.keras.Input((*shape.sizes, shape.channels)), layer])
            model.compile()
            self.forward = model.predict_on_batch
            self.gradient = functools.partial(self.call, self._gradient_of(model))

        def _gradient_of(self, model):
            if backend == "tensorflow":
                return self.tf.function(self.make_gradient(model, model.trainable_variables))
            if backend == "torch":
                return self.make_gradient(model)
            gradient = self.make_gradient(
                lambda inputs, weights, others: model.stateless_call(weights, others, inputs)[0], differentiated=2
            )

            def values(variables):
                return [variable.value for variable in variables]

            # Their values move when Keras predicts.
            return lambda inputs: gradient(
                inputs, values(model.trainable_variables), values(model.non_trainable_variables)
            )

        def inputs(self, seed):
            return np.ascontiguousarray(np.moveaxis(super().inputs(seed), 1, -1))

        def maps(self, inputs):
            y = self.forward(inputs)
            y = np.moveaxis(y.reshape(*y.shape[:-1], self.workload.channels, -1), (-2, -1), (1, 2))
            return y.reshape(-1, *y.shape[2:])

    return Ours


def kymatio(frontend):
    """Kymatio's module of a frontend. Its import needs a function that SciPy 1.17 no longer has."""
    import scipy.special

    if not hasattr(scipy.special, "sph_harm"):
        scipy.special.sph_harm = lambda m, n, azimuth, polar: scipy.special.sph_harm_y(n, m, polar, azimuth)
    return importlib.import_module(f"kymatio.{frontend}")


class Kymatio(Program):
    """What all frontends but Keras's share."""

    frontend = None

    def load(self):
        super().load()
        self.kymatio = kymatio(self.frontend)

    def make(self):
        shape = self.workload
        if shape.rank == 2:
            return self.kymatio.Scattering2D(shape.J, shape.sizes, L=shape.L, max_order=shape.order)
        if shape.rank == 3:
            return self.kymatio.HarmonicScattering3D(shape.J, shape.sizes, L=shape.L, max_order=shape.order)
        self.transform = self.kymatio.Scattering1D(shape.J, shape.sizes[0], Q=shape.Q, max_order=shape.order)
        return self.transform

    def maps(self, inputs):
        if self.workload.rank == 3:
            return self.forward(inputs).reshape(self.workload.batch * self.workload.channels, -1)
        y = super().maps(inputs)
        return y if self.workload.rank == 2 else y * self._rates()[:, None]

    def _rates(self):
        """Kymatio 0.3.0 divides a signal's path by its rate after every wavelet, and later versions do not: `(K,)`."""
        levels = np.minimum(self.transform.meta()["j"], self.workload.J)
        return 2 ** np.nansum(levels, axis=1)


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
        return self.tf.function(lambda inputs: function(inputs))


class KymatioKeras(Tensorflow):
    def load(self):
        os.environ["KERAS_BACKEND"] = "tensorflow"
        super().load()
        import keras

        self.keras, self.Scattering2D = keras, kymatio("keras").Scattering2D

    def build(self):
        shape = self.workload
        inputs = self.keras.Input((shape.channels, *shape.sizes))
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


class PlainCovariance(Torch):
    """Scattering covariances as they are written: an inverse FFT for every pair of wavelets, and means over space."""

    compared = False

    def load(self):
        os.environ["KERAS_BACKEND"] = "torch"
        super().load()
        from keras_scatter.plan.covariance import WaveletFilters

        self.WaveletFilters = WaveletFilters

    def build(self):
        shape = self.workload
        bank = self.WaveletFilters(shape.J, shape.L, "morlet").spectra(shape.sizes).astype("float32")
        transform = functools.partial(self.statistics, bank=self.torch.from_numpy(bank).to(self.device))
        self.forward = functools.partial(self.call, self.torch.no_grad()(transform))
        self.gradient = functools.partial(self.call, self.make_gradient(transform))

    def statistics(self, images, bank):
        """Logarithms of powers and mean moduli, and normalised covariances, `(N, K)`."""
        torch, space = self.torch, (-2, -1)
        planes = images.reshape(-1, *images.shape[-2:])
        planes = planes - planes.mean(space, keepdim=True)
        moduli = torch.fft.ifft2(torch.fft.fft2(planes)[:, None, None] * bank).abs()
        power, spectra = moduli.square().mean(space), torch.fft.fft2(moduli)
        found, pixels = [power.log(), moduli.mean(space).log()], planes[0].numel()
        for j in range(len(bank)):
            second = torch.fft.ifft2(spectra[:, : j + 1, :, None] * bank[j])
            inner = power[:, : j + 1].sqrt()
            of_field = torch.einsum("nhw,njlmhw->njlm", planes.to(second.dtype), second.conj()) / pixels
            of_moduli = torch.einsum("nialhw,njblhw->nijabl", second, second.conj()) / pixels
            inverse = 1 / (inner[:, :, None, :, None] * inner[:, None, :, None, :])
            found += [of_field / (inner[..., None] * power[:, j].sqrt()[:, None, None]), of_moduli * inverse[..., None]]
        parts = [part.real for part in found] + [part.imag for part in found[2:]]
        return torch.cat([part.flatten(1) for part in parts], dim=1)


class PlainTimeFrequency(Torch):
    """Joint time-frequency scattering as it is written: all filters on whole spectra, and one FFT along n1 for each.

    It is what Kymatio's main branch does, which no index has.
    """

    def load(self):
        os.environ["KERAS_BACKEND"] = "torch"
        super().load()
        import keras

        from keras_scatter import layers
        from keras_scatter.filters import morlet_1d, spectra

        self.keras, self.layers, self.morlet_1d, self.spectra = keras, layers, morlet_1d, spectra

    def build(self):
        shape = self.workload
        self.plan = LAYERS["joint"](self.layers, self.keras, shape)._plan
        (axis,) = self.plan.axes(shape.sizes)
        self.padded = np.pad(np.arange(shape.sizes[0]), (axis.before, axis.after), "reflect")
        self.bank = [self.morlet_1d.constant_q(shape.J, Q) for Q in (shape.Q, 2)]
        levels = sorted({wavelet.j for wavelet in self.bank[0]})
        self.first = [self.filter(wavelet, axis.length) for wavelet in self.bank[0]]
        self.second = {
            (n, level): self.filter(wavelet, axis.length, level)
            for n, wavelet in enumerate(self.bank[1])
            for level in levels
            if level < wavelet.j
        }
        self.lowpass = {level: self.tensor(self.plan.time.filters.lowpass(axis.length, level)) for level in levels}
        frequency = self.plan.frequency
        self.along_n1 = [self.tensor(self.frequency_filter(n)) for n in range(len(frequency.wavelets))]
        self.forward = functools.partial(self.call, self.torch.no_grad()(self.transform))
        self.gradient = functools.partial(self.call, self.make_gradient(self.transform))

    def tensor(self, spectrum):
        return self.torch.from_numpy(np.asarray(spectrum, "float32")).to(self.device)

    def filter(self, wavelet, size, level=0):
        """The spectrum of a wavelet of positive frequency on the grid of a level."""
        return self.tensor(self.spectra.on_grid(*self.morlet_1d.morlet_1d(wavelet, size), size >> level))

    def frequency_filter(self, n):
        """The spectrum of a wavelet along n1."""
        wavelet, size = self.plan.frequency.wavelets[n], self.plan.frequency.size
        if not n:
            return self.morlet_1d.gaussian_1d(wavelet.sigma, size)
        up = self.morlet_1d.morlet_1d(wavelet._replace(xi=abs(wavelet.xi)), size)
        spectrum = self.spectra.on_grid(*up, size)
        return spectrum if wavelet.xi > 0 else spectrum[-np.arange(size)]

    def folded(self, spectrum, level):
        """The inverse transform, of every 2**level-th sample."""
        *others, size = spectrum.shape
        return self.torch.fft.ifft(spectrum.reshape(*others, 2**level, size >> level).mean(-2))

    def transform(self, signals):
        """Coefficients `(N, K, 1)`."""
        torch, J = self.torch, self.workload.J
        padded = signals.reshape(-1, signals.shape[-1])[:, self.padded]
        spectrum, found, averages, moduli = torch.fft.fft(padded), [padded.sum(-1)[:, None]], [], []
        for wavelet, psi in zip(self.bank[0], self.first):
            moduli.append(torch.fft.fft(self.folded(spectrum * psi, wavelet.j).abs()))
            averages.append(self.folded(moduli[-1] * self.lowpass[wavelet.j], J - wavelet.j).real)
        found += self.frequency(torch.stack(averages, 1), self.of_order_1())
        for n, wavelet in enumerate(self.bank[1]):
            waves = [
                self.folded(modulus * self.second[n, first.j], wavelet.j - first.j)
                for first, modulus in zip(self.bank[0], moduli)
                if first.j < wavelet.j
            ]
            if waves:
                found += self.frequency(torch.stack(waves, 1), range(len(self.along_n1)))
        return torch.cat(found, 1)[..., None]

    def of_order_1(self):
        """The filters along n1 of order 1: those of negative frequency say the same as the others."""
        return [n for n, wavelet in enumerate(self.plan.frequency.wavelets) if wavelet.xi >= 0]

    def frequency(self, waves, filters):
        """Sums over time of moduli along n1; the low-pass keeps its samples along n1."""
        torch, count, axis = self.torch, waves.shape[1], self.plan.frequency
        spectrum = torch.fft.fft(waves, axis.size, dim=1).transpose(1, 2)
        for n in filters:
            moduli = self.folded(spectrum * self.along_n1[n], axis.level(n)).abs().sum(1)
            yield moduli.sum(-1, keepdim=True) if n else moduli[:, : len(axis.centres(0, count))]


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
    "exact3d": lambda layers, keras, shape: layers.HarmonicScattering3D(shape.J, shape.L, order=shape.order),
    "joint": lambda layers, keras, shape: layers.TimeFrequencyScattering(
        shape.J, shape.F, (shape.Q, 2), Q_fr=2, T="global", F="global"
    ),
    "exact1d": lambda layers, keras, shape: layers.ScatteringFFT1D(shape.J, shape.Q, order=shape.order),
    "exact": lambda layers, keras, shape: layers.ScatteringFFT(J=shape.J, L=shape.L, order=shape.order),
    "faithful": lambda layers, keras, shape, **kwargs: layers.ComplexModulusConv(
        J=shape.J, L=shape.L, order=shape.order, **kwargs
    ),
    "paper": lambda layers, keras, shape: layers.ComplexModulusConv(
        J=shape.J, L=shape.L, order=shape.order, design="paper"
    ),
}
LAYERS = SCATTERING | {
    "covariance": lambda layers, keras, shape: layers.ScatteringCovariance2D(shape.J, shape.L),
    "dtcwt": lambda layers, keras, shape: layers.DTCWTScattering(_check_dual_tree(shape)),
    "invariant": lambda layers, keras, shape: layers.LocallyInvariantLayer(shape.channels),
    "conv": lambda layers, keras, shape: keras.layers.Conv2D(shape.channels, 3, padding="same"),
}
OURS = {f"{kind}-{backend}": ours(kind, backend) for kind in LAYERS for backend in BACKENDS}
OURS |= {
    f"faithful-{backend}-bfloat16": ours("faithful", backend, dtype="mixed_bfloat16")
    for backend in ("tensorflow", "torch")
}
OURS |= {"covariance-plain": PlainCovariance, "joint-plain": PlainTimeFrequency}  # they have our filters
FRONTENDS = {
    "torch": KymatioTorch,
    "jax": KymatioJax,
    "numpy": KymatioNumpy,
    "tf-eager": KymatioEager,
    "tf-graph": KymatioGraph,
}
PEERS = {
    **{f"kymatio-{name}": frontend for name, frontend in FRONTENDS.items()},
    "kymatio-keras": KymatioKeras,
    **{f"kymatio1d-{name}": frontend for name, frontend in FRONTENDS.items()},
    **{f"kymatio3d-{name}": FRONTENDS[name] for name in ("torch", "numpy")},
    "scatlayer": ScatLayer,
    "scatlayerj2": ScatLayerj2,
}
PROGRAMS = PEERS | OURS


def kind(program):
    """What a program transforms, see `Workload.kind`."""
    name = program.split("-")[0]
    return "time-frequency" if name == "joint" else {"1d": "signals", "3d": "volumes"}.get(name[-2:], "images")


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
            return _seconds(program.forward, program.inputs(request["seed"]))
        case "gradient":
            return program.gradient and _seconds(program.gradient, program.inputs(request["seed"]))
        case "output":
            if not program.compared:
                return False
            maps = program.maps(program.inputs(request["seed"]).astype(request["dtype"]))
            np.save(request["path"], maps.astype(request["dtype"]))
            return True
        case "memory":
            return memory.growth()
    raise ValueError(f"unknown request {request}")


def _seconds(function, *arguments):
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def main(name, workload, file=None):
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

    program = PROGRAMS[name](Workload.parse(workload, file))
    memory = Memory()

    def load():
        program.load()
        inputs = program.inputs(0)
        memory.start()
        del inputs  # they count as there already
        return versions()

    reply(load)
    for line in sys.stdin:
        reply(answer, program, memory, json.loads(line))


if __name__ == "__main__":
    if sys.argv[1:] == ["versions"]:
        print(json.dumps(versions()))
    else:
        main(*sys.argv[1:])

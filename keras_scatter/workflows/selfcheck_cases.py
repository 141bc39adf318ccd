"""Random cases of `keras-scatter selfcheck`: every one follows from a seed and its number."""

import math
import pathlib
import tempfile
from dataclasses import dataclass, field

import keras
import numpy as np

from keras_scatter import files, layers, saved_filters
from keras_scatter.models import RestoreBest
from keras_scatter.testing import is_clear_error
from keras_scatter.workflows import selfcheck_reference as reference
from keras_scatter.workflows import selfcheck_runs

RIGHT, CLEAR, OTHER = "right", "clear error", "other"
TOLERANCE = {"float64": 1e-8, "float32": 1e-4, "mixed_bfloat16": 5e-2, "mixed_float16": 5e-3}
# Of the peak, for convolutions in half precision: they multiply in it.
CONVOLUTIONS = {"mixed_bfloat16": 0.2, "mixed_float16": 0.02}
RUNS = 0.1  # of the damaged files, those in the folder of a run
HOSTILE = (None, -1, 0, 1.5, True, "nonsense", b"x", (), {}, [1, "a"], float("nan"), 10**30, 1j, np.arange(2), object)


@dataclass(frozen=True)
class Case:
    """One call of a layer, or one damaged file.

    Attributes:
        kind: `"values"`, `"argument"`, `"input"` or `"file"`.
        layer: name of the class in `keras_scatter.layers`.
        arguments: of the layer.
        shape: of what it is called with, channels last.
        seed: of the numbers in it.
    """

    kind: str
    layer: str
    arguments: dict = field(default_factory=dict)
    shape: tuple = ()
    seed: int = 0

    def make(self):
        return getattr(layers, self.layer)(**self.arguments)

    def inputs(self):
        x = np.random.default_rng(self.seed).uniform(-1, 1, self.shape)
        first = self.arguments.get("data_format") == "channels_first"
        return np.moveaxis(x, -1, 1) if first else x

    def code(self):
        """The case as Python, to be pasted."""
        given = ", ".join(f"{name}={_source(value)}" for name, value in self.arguments.items())
        lines = ["import numpy as np", "from keras_scatter import layers", f"layer = layers.{self.layer}({given})"]
        if self.kind == "file":
            return "\n".join([*lines, f"# file damaged by random numbers of seed {self.seed}"])
        if self.kind == "argument":
            return "\n".join(lines)
        values = "rng.uniform(-1, 1, shape)" if self.kind == "values" else f"hostile input of seed {self.seed}"
        made = [f"rng, shape = np.random.default_rng({self.seed}), {self.shape}", f"x = {values}"]
        if self.arguments.get("data_format") == "channels_first":
            made.append("x = np.moveaxis(x, -1, 1)")
        return "\n".join([*lines, *made, "layer(x)"])


def case_of(seed, number):
    """The case with that number."""
    rng = np.random.default_rng([seed, number])
    kind = ("values", "argument", "input", "file")[rng.choice(4, p=(0.3, 0.4, 0.2, 0.1))]
    names = ["ComplexModulusConv"] if kind == "file" else list(ARGUMENTS)
    layer = names[rng.integers(len(names))]
    arguments, shape = ARGUMENTS[layer](rng)
    if kind == "argument":
        name = list(arguments)[rng.integers(len(arguments))]
        arguments[name] = HOSTILE[rng.integers(len(HOSTILE))]
    elif rng.random() < 0.2 and not arguments.get("combine_colour"):
        paths = [tuple(path) for path in getattr(getattr(layers, layer)(**arguments), "paths", ())]
        if paths:
            arguments["paths"] = [paths[i] for i in sorted(set(rng.integers(len(paths), size=3).tolist()))]
    return Case(kind, layer, arguments, shape, int(rng.integers(2**31)))


def outcome(case):
    """What became of a case, and what is to be said of it.

    Returns:
        `(kind, text)`: `"right"`, `"clear error"` or `"other"`.
    """
    try:
        fault = {"values": _values, "argument": _argument, "input": _input, "file": _file}[case.kind](case)
    except Exception as error:
        clear = is_clear_error(error)
        return (CLEAR if clear else OTHER), f"{type(error).__name__}: {error}"
    return (OTHER, fault) if fault else (RIGHT, "")


def _values(case):
    """Numbers, shapes and dtypes of a call with arguments that are allowed."""
    layer, x = case.make(), case.inputs()
    found = layer(x)
    policy = case.arguments.get("dtype", "float32")
    allowed = TOLERANCE[policy]
    if case.layer in ("ComplexModulusConv", "ComplexModulusConv1D", "LocallyInvariantLayer"):
        allowed = CONVOLUTIONS.get(policy, allowed)
    dtypes = {keras.backend.standardize_dtype(part.dtype) for part in keras.tree.flatten(found)}
    if dtypes != {layer.compute_dtype}:
        return f"outputs are {dtypes}, not {layer.compute_dtype}"
    shapes = keras.tree.map_structure(lambda part: tuple(part.shape), found)
    announced = layer.compute_output_shape(x.shape)
    if keras.tree.flatten(shapes) != keras.tree.flatten(announced):
        return f"shapes are {shapes}, announced were {announced}"
    error = reference.distance(found, reference.expected(layer, x))
    if not error <= allowed:
        return f"the largest error is {error:.2g} of the peak, allowed is {allowed:g}"
    return _back(case, layer, found, x, allowed) if case.layer == "DTCWT" else None


def _back(case, layer, coefficients, x, allowed):
    """The inverse of the dual-tree transform gives the image."""
    names = ("biort", "qshift", "data_format", "dtype")
    inverse = layers.InverseDTCWT(**{name: case.arguments[name] for name in names if name in case.arguments})
    again = inverse(coefficients, size=case.shape[1:3])
    error = reference.distance(again, x)
    return None if error <= 10 * allowed else f"the inverse is off by {error:.2g} of the peak"


def _argument(case):
    """Something that may be no argument: the layer takes it, or says why not."""
    layer = case.make()
    layer.compute_output_shape(case.inputs().shape)


def _input(case):
    """Something that may be no image, signal or volume."""
    rng, layer, x = np.random.default_rng(case.seed), case.make(), case.inputs()
    hostile = (x[0], x[..., None], x[:0], x[..., :0], x.astype(complex), x.astype(str), x[:, :1], x[:, :, :1], x > 0)
    chosen = hostile[rng.integers(len(hostile))]
    announced, found = layer.compute_output_shape(chosen.shape), layer(chosen)
    shapes = keras.tree.map_structure(lambda part: tuple(part.shape), found)
    if keras.tree.flatten(shapes) != keras.tree.flatten(announced):
        return f"shapes are {shapes}, announced were {announced}"


def _file(case):
    """A bit of a file is flipped, or its end is lost: it is refused, or holds what was written."""
    rng, layer = np.random.default_rng(case.seed), case.make()
    if rng.random() < RUNS and selfcheck_runs.is_prepared():
        return selfcheck_runs.damaged_run(case.seed)
    layer.build((None, *case.shape[1:]) if layer.data_format == "channels_last" else (None, case.shape[-1], 32, 32))
    written = {name: keras.ops.convert_to_numpy(variable) for name, variable in layer.filters.items()}
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / ("a.npz", "a.weights.h5", "best.npz", "index.json")[rng.integers(4)]
        if path.name == "index.json":
            files.write_json(path, {name: saved_filters.describe(name) for name in saved_filters.names()}, sealed=True)
        elif path.name == "best.npz":
            best = RestoreBest(filepath=str(path))
            best.set_model(layer)
            best.consider(1, {"val_loss": 0.5})
        else:
            layer.save_filters(path)
        content = bytearray(path.read_bytes())
        if rng.random() < 0.2:
            content = content[: rng.integers(len(content))]
        else:
            content[rng.integers(len(content))] ^= 1 << rng.integers(8)
        path.write_bytes(content)
        if path.name == "index.json":
            index = files.read_json(path)
            right = all(index.get(name) == saved_filters.describe(name) for name in saved_filters.names())
            return None if right else "index.json was read with other content"
        if path.name == "best.npz":
            kept = RestoreBest(filepath=str(path)).best_weights
            right = len(kept) == len(best.best_weights) and all(map(np.array_equal, kept, best.best_weights))
            return None if right else "best.npz was read with other numbers"
        config, found = saved_filters.load(path)
        if config != layer.group_config:
            return f"{path.name} was read with another config"
    if any(not np.array_equal(found[name], written[name]) for name in written):
        return f"{path.name} was read with other numbers"


def _source(value):
    if isinstance(value, np.ndarray):
        return f"np.array({value.tolist()})"
    return "object" if value is object else 'float("nan")' if value != value else repr(value)


def _any_of(rng, *values):
    return values[rng.integers(len(values))]


def _common(rng, arguments):
    """Layout and precision, or what is usual."""
    if rng.random() < 0.5:
        arguments["data_format"] = _any_of(rng, "channels_last", "channels_first")
    if rng.random() < 0.6:
        arguments["dtype"] = _any_of(rng, *TOLERANCE)
    return arguments


def _exact(rng, arguments):
    """As `_common`, and now and then Fourier transforms by products."""
    if rng.random() < 0.15:
        arguments["fft"] = "matmul"
    return _common(rng, arguments)


def _batch(rng):
    return int(rng.integers(1, 4)), int(rng.integers(1, 4))


def _sizes(rng, J, count, multiple=False, largest=24):
    if multiple:
        return tuple(int(2**J * n) for n in rng.integers(1, max(2, largest // 2**J + 1), count))
    return tuple(int(n) for n in rng.integers(2**J, largest + 1, count))


def _images(rng, J, multiple=False):
    batch, channels = _batch(rng)
    return (batch, *_sizes(rng, J, 2, multiple), channels)


def _scattering_fft(rng):
    J, padding = int(rng.integers(1, 4)), _any_of(rng, "reflect", "zeros", "periodic")
    made = {"J": J, "L": int(rng.integers(1, 5)), "order": int(rng.integers(1, 4)), "padding": padding}
    if rng.random() < 0.3:
        made["chunk_size"] = int(rng.integers(1, 4))
    if rng.random() < 0.2:
        made["output"] = "modulus"
    return _exact(rng, made), _images(rng, J, padding == "periodic")


def _scattering_fft_1d(rng):
    J, padding = int(rng.integers(2, 6)), _any_of(rng, "reflect", "zeros", "periodic")
    made = {"J": J, "Q": _any_of(rng, 1, 2, 4, (3, 2)), "order": int(rng.integers(1, 3)), "padding": padding}
    made["T"] = _any_of(rng, None, None, 0, "global", int(rng.integers(1, 2**J + 1)))
    if made["T"] is None:
        made["stride"] = _any_of(rng, None, 1, 2 ** int(rng.integers(J + 1)))
    batch, channels = _batch(rng)
    return _exact(rng, made), (batch, *_sizes(rng, J, 1, padding == "periodic", 160), channels)


def _time_frequency(rng):
    J, Q = int(rng.integers(2, 5)), int(rng.integers(1, 4))
    made = {"J": J, "Q": Q, "J_fr": int(rng.integers(1, int(math.log2((J + 1) * Q)) + 1))}
    made["format"] = _any_of(rng, "time", "joint")
    if made["format"] == "time":
        made["order_1"] = bool(rng.integers(2))
    batch, channels = _batch(rng)
    return _exact(rng, made), (batch, *_sizes(rng, J, 1, largest=96), channels)


def _harmonic(rng):
    J, average = int(rng.integers(1, 3)), _any_of(rng, "integral", "local")
    made = {"J": J, "L": int(rng.integers(3)), "order": int(rng.integers(1, 3)), "average": average}
    made |= {"sigma_0": 0.5, "rotation_covariant": bool(rng.integers(2)), "order_0": bool(rng.integers(2))}
    made["integral_powers"] = _any_of(rng, (1,), (1, 2), (2, 1.5))
    batch, channels = int(rng.integers(1, 3)), int(rng.integers(1, 3))
    return _exact(rng, made), (batch, *_sizes(rng, J, 3, largest=9), channels)


def _complex_modulus(rng):
    order, design = int(rng.integers(1, 3)), _any_of(rng, "faithful", "paper")
    made = {"L": int(rng.integers(1, 5)), "order": order, "design": design, "kernel_size": _any_of(rng, 3, 5, 7, None)}
    if design == "faithful":
        made |= {"J": int(rng.integers(order, 4)), "lowpass_filters": int(rng.integers(1, 3))}
    return _common(rng, made), _images(rng, made.get("J", order))


def _complex_modulus_1d(rng):
    J, order, padding = int(rng.integers(1, 5)), int(rng.integers(1, 3)), _any_of(rng, "reflect", "zeros", "periodic")
    made = {"J": J, "Q": _any_of(rng, 1, 2, (2, 1)), "order": order, "padding": padding}
    batch, channels = _batch(rng)
    return _common(rng, made), (batch, *_sizes(rng, J, 1, padding == "periodic", 96), channels)


def _filters(rng):
    biort = _any_of(rng, "antonini", "farras", "legall", "near_sym_a", "near_sym_a2", "near_sym_b", "near_sym_b_bp")
    shifts = ("qshift_06", "qshift_32", "qshift_a", "qshift_b", "qshift_b_bp", "qshift_c", "qshift_d")
    return {"biort": biort, "qshift": _any_of(rng, *shifts)}


def _dtcwt(rng):
    return _common(rng, {"levels": int(rng.integers(1, 5)), **_filters(rng)}), _images(rng, 0)


def _dtcwt_scattering(rng):
    J = int(rng.integers(1, 3))
    made = {"J": J, **_filters(rng), "magnitude_bias": _any_of(rng, 0, 0.01, 1.5)}
    shape = _images(rng, J)
    if shape[-1] == 3:
        made["combine_colour"] = bool(rng.integers(2))
    return _common(rng, made), shape


def _invariant(rng):
    made = {
        "filters": int(rng.integers(1, 5)),
        "wavelet": _any_of(rng, "dtcwt", "morlet"),
        "L": int(rng.integers(1, 5)),
    }
    made["mixing"] = _any_of(rng, "1x1", "3x3", "impulse", "gaussian", "random", "dct")
    made |= {"strides": _any_of(rng, 1, 2), "use_bias": bool(rng.integers(2)), "seed": int(rng.integers(100))}
    return _common(rng, made), _images(rng, 1)


def _covariance(rng):
    J, reduction = int(rng.integers(1, 4)), _any_of(rng, None, "isotropic", "harmonic")
    made = {"J": J, "L": int(rng.integers(2, 5)), "wavelets": _any_of(rng, "morlet", "bump"), "reduction": reduction}
    made["normalization"] = _any_of(rng, "power", None)
    return _common(rng, made), _images(rng, J)


def _spectra(rng):
    J = int(rng.integers(1, 6))
    made = {"J": J, "wavelets": _any_of(rng, "battle_lemarie", "morlet"), "reduction": _any_of(rng, None, "scale")}
    made["normalization"] = _any_of(rng, "power", None)
    batch, channels = _batch(rng)
    return _common(rng, made), (batch, *_sizes(rng, J, 1, largest=160), channels)


ARGUMENTS = {
    "ScatteringFFT": _scattering_fft,
    "ScatteringFFT1D": _scattering_fft_1d,
    "TimeFrequencyScattering": _time_frequency,
    "HarmonicScattering3D": _harmonic,
    "ComplexModulusConv": _complex_modulus,
    "ComplexModulusConv1D": _complex_modulus_1d,
    "DTCWT": _dtcwt,
    "DTCWTScattering": _dtcwt_scattering,
    "LocallyInvariantLayer": _invariant,
    "ScatteringCovariance2D": _covariance,
    "ScatteringSpectra1D": _spectra,
}

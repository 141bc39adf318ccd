"""How fast exported files run: the exact and the distilled layer in every runtime of TensorFlow's formats.

Images have one channel. A time is the median of calls in several turns, in which the files of one size run one after
the other. LiteRT runs on one and on two threads, the others take all cores. It needs the extras `litert`, `onnx` and
`openvino`, and a machine on which nothing else runs.

    KERAS_BACKEND=tensorflow python benchmarks/runtimes.py --out runtimes.json
"""

import argparse
import importlib.metadata
import pathlib
import statistics
import tempfile
import time
from typing import NamedTuple

import keras
import numpy as np

import keras_scatter
from keras_scatter import files
from keras_scatter.deployment.formats import FORMATS
from keras_scatter.layers import ComplexModulusConv, ScatteringFFT
from keras_scatter.versions import versions
from keras_scatter.workflows.benchmark import machine
from keras_scatter.workflows.datasets import dead_leaves

SIZES = {"32x32, J=2": (32, 2, 2), "64x64, J=3": (64, 3, 2), "128x128, J=3": (128, 3, 2), "224x224, J=3": (224, 3, 1)}
LAYERS = {"exact": ScatteringFFT, "distilled": ComplexModulusConv}
BATCHES = (1, 32)
CALIBRATION = 64  # dead-leaves images
SECONDS = 0.5  # of one file in one turn
PACKAGES = ("tensorflow", "ai-edge-litert", "onnxruntime", "openvino")


class File(NamedTuple):
    """A file, and what runs it.

    Attributes:
        format: name of the format.
        quantize: how it is quantised.
        options: what the runtime is given beside the path.
    """

    format: str
    quantize: str | None = None
    options: dict = {}


FILES = {
    "TensorFlow": File("saved_model"),
    "LiteRT, one thread": File("litert", options={"threads": 1}),
    "LiteRT, two threads": File("litert", options={"threads": 2}),
    "LiteRT, dynamic int8, one thread": File("litert", "dynamic_int8", {"threads": 1}),
    "LiteRT, dynamic int8, two threads": File("litert", "dynamic_int8", {"threads": 2}),
    "LiteRT, int8, one thread": File("litert", "int8", {"threads": 1}),
    "LiteRT, int8, two threads": File("litert", "int8", {"threads": 2}),
    "ONNX Runtime": File("onnx"),
    "OpenVINO": File("openvino"),
    "OpenVINO, bfloat16": File("openvino", options={"precision": "bf16"}),
}


def exported(layer, size, folder):
    """Paths of the files of a layer, or the reason why there is none, by format and quantisation."""
    model = keras.Sequential([keras.Input((size, size, 1)), layer])
    found = {}
    for format, quantize, _ in FILES.values():
        if (format, quantize) in found:
            continue
        path = folder / f"{quantize}{FORMATS[format].ending}"
        calibration = dead_leaves(CALIBRATION, size) if quantize == "int8" else None
        try:
            keras_scatter.export(model, path, format, quantize=quantize, calibration=calibration)
            found[format, quantize] = path
        except (ValueError, RuntimeError) as error:
            found[format, quantize] = str(error)
    return found


def loaded(paths):
    """What runs each of `FILES` of a layer, or the reason why nothing does."""
    programs = {}
    for name, (format, quantize, options) in FILES.items():
        path = paths[format, quantize]
        programs[name] = path if isinstance(path, str) else FORMATS[format].runtime(path, **options)
    return programs


def measure(programs, x, turns):
    """The median of seconds by name of what runs; the reason of what does not."""
    times = {name: [] for name, run in programs.items() if not isinstance(run, str)}
    for turn in range(1 + turns):
        for name in times:
            found = _times(programs[name], x)
            times[name] += found if turn else []  # the first one warms up
    medians = {name: {"seconds": statistics.median(found)} for name, found in times.items()}
    return {name: medians.get(name) or {"reason": run} for name, run in programs.items()}


def _times(run, x):
    times = []
    while sum(times) < SECONDS and len(times) < 50:
        start = time.perf_counter()
        run(x)
        times.append(time.perf_counter() - start)
    return times


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--out", type=pathlib.Path, help="JSON file for the result")
    parser.add_argument("--sizes", nargs="+", choices=list(SIZES), default=list(SIZES))
    parser.add_argument("--turns", type=int, default=5, help="turns that are timed (default: 5)")
    options = parser.parse_args(arguments)
    result = {"machine": machine(), "versions": versions(), "packages": {}, "seconds": {}}
    result["packages"] = {name: importlib.metadata.version(name) for name in PACKAGES}
    for workload in options.sizes:
        size, J, order = SIZES[workload]
        found = result["seconds"].setdefault(workload, {})
        for kind, make in LAYERS.items():
            with tempfile.TemporaryDirectory() as folder:
                programs = loaded(exported(make(J=J, order=order), size, pathlib.Path(folder)))
                for batch in BATCHES:
                    x = np.random.default_rng(batch).uniform(size=(batch, size, size, 1)).astype("float32")
                    found.setdefault(str(batch), {})[kind] = measure(programs, x, options.turns)
            print(workload, kind, {batch: kinds[kind] for batch, kinds in found.items()}, flush=True)
    if options.out:
        files.write_json(options.out, result)


if __name__ == "__main__":
    main()

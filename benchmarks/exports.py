"""Which layers export to which formats: errors and sizes of the files, or why there is none.

Every layer is exported by `keras_scatter.export` on the backend that KERAS_BACKEND names; every file is run in its own
runtime.

    KERAS_BACKEND=torch python benchmarks/exports.py --out exports.json
"""

import argparse
import json
import pathlib
import tempfile

import keras
import numpy as np

import keras_scatter
from keras_scatter import layers
from keras_scatter.deployment.formats import FORMATS

LAYERS = {
    "ScatteringFFT(J=2), 32x32": (lambda: layers.ScatteringFFT(J=2), (32, 32, 1)),
    "ScatteringFFT(J=3), 64x64": (lambda: layers.ScatteringFFT(J=3), (64, 64, 1)),
    "ScatteringFFT(J=3, order=1), 224x224": (lambda: layers.ScatteringFFT(J=3, order=1), (224, 224, 1)),
    "ScatteringFFT1D(J=6, Q=8), 1024": (lambda: layers.ScatteringFFT1D(J=6, Q=8), (1024, 1)),
    "HarmonicScattering3D(J=1, L=2), 16x16x16": (lambda: layers.HarmonicScattering3D(J=1, L=2), (16, 16, 16, 1)),
    "TimeFrequencyScattering(J=6, J_fr=2, Q=4), 1024": (
        lambda: layers.TimeFrequencyScattering(J=6, J_fr=2, Q=4),
        (1024, 1),
    ),
    "ScatteringCovariance2D(J=3), 32x32": (lambda: layers.ScatteringCovariance2D(J=3), (32, 32, 1)),
    "ScatteringSpectra1D(J=4), 256": (lambda: layers.ScatteringSpectra1D(J=4), (256, 1)),
    "ComplexModulusConv(), 32x32": (lambda: layers.ComplexModulusConv(), (32, 32, 1)),
    'ComplexModulusConv(design="paper"), 32x32': (lambda: layers.ComplexModulusConv(design="paper"), (32, 32, 1)),
    "DTCWTScattering(J=2), 32x32": (lambda: layers.DTCWTScattering(J=2), (32, 32, 1)),
    "LocallyInvariantLayer(16), 32x32": (lambda: layers.LocallyInvariantLayer(16), (32, 32, 3)),
}
QUANTISED = ("ScatteringFFT(J=2), 32x32", "ComplexModulusConv(), 32x32", "DTCWTScattering(J=2), 32x32")
KEPT = ("error", "relative_rms", "errors_by_order", "bytes", "seconds", "milliseconds", "by_products")


def attempt(make, shape, format, quantize=None):
    """What the report of an export says, or the reason why there is none."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input(shape), make()])
    calibration = None
    if quantize == "int8":
        calibration = np.random.default_rng(0).uniform(size=(16, *shape)).astype("float32")
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / f"model{FORMATS[format].ending}"
        try:
            report = keras_scatter.export(model, path, format, quantize=quantize, calibration=calibration)
        except (ValueError, RuntimeError, ImportError) as error:
            return {"reason": str(error)}
    return {name: report[name] for name in KEPT}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--out", help="JSON file for the result")
    options = parser.parse_args(arguments)
    backend = keras.backend.backend()
    result = {"backend": backend, "keras": keras.__version__, "layers": {}, "quantised": {}}
    for name, (make, shape) in LAYERS.items():
        result["layers"][name] = {}
        for format, one in FORMATS.items():
            if backend in one.backends:
                found = attempt(make, shape, format)
                result["layers"][name][format] = found
                print(f"{name}, {format}: {found.get('reason') or found['error']}", flush=True)
    if backend in FORMATS["litert"].backends:
        for name in QUANTISED:
            kinds = ("float16", "dynamic_int8", "int8")
            result["quantised"][name] = {kind: attempt(*LAYERS[name], "litert", kind) for kind in kinds}
            print(name, result["quantised"][name], flush=True)
    if options.out:
        pathlib.Path(options.out).write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()

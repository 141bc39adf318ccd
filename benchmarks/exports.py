"""Which layers export to which formats: errors and sizes of the files, or why there is none.

Every layer is exported by `keras_scatter.export` on the backend that KERAS_BACKEND names; every file is run in its own
runtime. What is in --out already stays, so that an interrupted run goes on.

    KERAS_BACKEND=torch python benchmarks/exports.py --out exports-torch.json
"""

import argparse
import pathlib
import tempfile

import keras

import keras_scatter
from keras_scatter import files, layers
from keras_scatter.deployment.formats import FORMATS
from keras_scatter.versions import versions
from keras_scatter.workflows.datasets import dead_leaves

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
    "ComplexModulusConv1D(J=6, Q=8), 1024": (lambda: layers.ComplexModulusConv1D(J=6, Q=8), (1024, 1)),
    "DTCWT(levels=2), 32x32": (lambda: layers.DTCWT(levels=2), (32, 32, 1)),
    "InverseDTCWT() behind DTCWT(levels=2), 32x32": (
        lambda: lambda x: layers.InverseDTCWT()(layers.DTCWT(levels=2)(x)),
        (32, 32, 1),
    ),
    "DTCWTScattering(J=2), 32x32": (lambda: layers.DTCWTScattering(J=2), (32, 32, 1)),
    "LocallyInvariantLayer(16), 32x32": (lambda: layers.LocallyInvariantLayer(16), (32, 32, 3)),
}
QUANTISED = ("ScatteringFFT(J=2), 32x32", "ComplexModulusConv(), 32x32", "DTCWTScattering(J=2), 32x32")
KINDS = ("float16", "dynamic_int8", "int8")
CALIBRATION = 64  # dead-leaves images
KEPT = ("error", "relative_rms", "errors_by_order", "bytes", "by_products", "operators")


def attempt(name, format, quantize=None):
    """What the report of an export says, or the reason why there is none."""
    make, shape = LAYERS[name]
    keras.utils.set_random_seed(0)
    inputs = keras.Input(shape)
    model = keras.Model(inputs, make()(inputs))
    calibration = dead_leaves(CALIBRATION, shape[0]) if quantize == "int8" else None
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / f"model{FORMATS[format].ending}"
        try:
            report = keras_scatter.export(model, path, format, quantize=quantize, calibration=calibration)
        except (ValueError, RuntimeError) as error:
            return {"reason": str(error)}
    return {name: report[name] for name in KEPT}


def attempts():
    """Layer, format and quantisation of every file that the backend may write."""
    formats = [name for name, one in FORMATS.items() if keras.backend.backend() in one.backends]
    quantised = [(name, "litert", kind) for name in QUANTISED for kind in KINDS if "litert" in formats]
    return [(name, format, None) for name in LAYERS for format in formats] + quantised


def started(out):
    """The result so far.

    Raises:
        ValueError: it was made by other programs.
    """
    empty = {"versions": versions(), "layers": {}}
    found = files.read_json(out, tuple(empty)) if out and out.exists() else empty
    if found["versions"] != empty["versions"]:
        raise ValueError(f"--out must be of these programs, {empty['versions']}. Received: {found['versions']}")
    return found


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--out", type=pathlib.Path, help="JSON file for the result")
    out = parser.parse_args(arguments).out
    result = started(out)
    for name, format, quantize in attempts():
        found = result["layers"].setdefault(name, {})
        kind = f"{format}, {quantize}" if quantize else format
        if kind in found:
            continue
        found[kind] = attempt(name, format, quantize)
        print(f"{name}, {kind}: {found[kind].get('reason') or found[kind]['error']}", flush=True)
        if out:
            files.write_json(out, result)


if __name__ == "__main__":
    main()

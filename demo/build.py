"""Build the browser demo, a folder of files for any web server: `python demo/build.py`, after `npm ci` in demo/.

The folder holds the page, the exact and the distilled transform as LiteRT files, LiteRT for browsers, sample pictures,
and `demo.json`: what the page has to know of them. A folder that an earlier build made is replaced.
"""

import argparse
import pathlib
import shutil
import tempfile

import keras
import numpy as np

import keras_scatter
from keras_scatter import files, plots
from keras_scatter.filters.morlet import angle
from keras_scatter.layers import ComplexModulusConv, ScatteringFFT
from keras_scatter.optional import require

HERE = pathlib.Path(__file__).parent
OUT = HERE.parent / "build" / "demo"
# Of LiteRT's packages: the page takes `compat` in browsers without relaxed SIMD. Threads would need special headers.
RUNTIME = {
    "litert/core.js": "core/dist/index.js",
    "litert/wasm-utils.js": "wasm-utils/dist/index.js",
    **{
        f"litert/wasm/{name}.{ending}": f"core/wasm/{name}.{ending}"
        for name in ("litert_wasm_internal", "litert_wasm_compat_internal")
        for ending in ("js", "wasm")
    },
}
SIZE, J, L = 64, 3, 8
COLOURS = 64


def layers():
    """The transforms that the page compares, by name."""
    return {"exact": ScatteringFFT(J=J, L=L), "distilled": ComplexModulusConv.from_group(f"refined_J{J}_o2")}


def samples():
    """Grey pictures in 0..1, all free to pass on, by name: of scikit-image, where they are CC0, and drawn."""
    data, resize = require("skimage.data", "test"), require("skimage.transform", "test").resize
    pictures = {
        "Bricks": data.brick()[:192, :192],
        "Grass": data.grass()[:192, :192],
        "Cat": data.chelsea()[:, 90:390] @ np.array([0.299, 0.587, 0.114]),
        "Photographer": data.camera()[20:340, 80:400],
    }
    found = {name: resize(x / 255, (SIZE, SIZE), anti_aliasing=True) for name, x in pictures.items()}
    rows, columns = np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2
    found["Rings"] = 0.5 + 0.5 * np.cos(np.hypot(rows, columns) * np.pi / 4)
    found["Stripes"] = 0.5 + 0.5 * np.cos((rows + columns) * np.pi / 4)
    return found


def build(out=OUT, modules=HERE / "node_modules" / "@litertjs"):
    """Build the demo.

    Args:
        out: folder that is made, or that an earlier build has made.
        modules: folder with the packages of LiteRT.

    Raises:
        ValueError: `out` is something else.
        FileNotFoundError: packages are missing.
    """
    out, modules = pathlib.Path(out), pathlib.Path(modules)
    files.check_empty_or_folder(out)
    if out.exists() and any(out.iterdir()) and not (out / "demo.json").exists():
        raise ValueError(f"--out must be new, empty, or a demo that was built before. Received: {str(out)!r}")
    for source in RUNTIME.values():
        if not (modules / source).exists():
            raise FileNotFoundError(f"{modules / source} must be there: run `npm ci` in {HERE}")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}") as folder:
        written, old = pathlib.Path(folder) / "new", pathlib.Path(folder) / "old"
        _write(written, modules)
        if out.exists():
            out.rename(old)
        written.rename(out)


def _write(folder, modules):
    shutil.copytree(HERE / "page", folder, copy_function=shutil.copyfile)
    shutil.copyfile(HERE / "NOTICES.md", folder / "NOTICES.md")
    shutil.copyfile(HERE.parent / "LICENSE", folder / "LICENSE")
    for name, source in RUNTIME.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(modules / source, folder / name)
    made, pictures = layers(), samples()
    models = {name: _export(layer, folder / f"{name}.tflite") for name, layer in made.items()}
    (folder / "samples").mkdir()
    places = {name: f"samples/{name.lower()}.png" for name in pictures}
    for name, x in pictures.items():
        keras.utils.save_img(folder / places[name], x[..., None] * 255, scale=False)
    paths = list(map(_described, made["exact"].paths))
    described = {"size": SIZE, "models": models, "paths": paths, "samples": places, "colours": _colours()}
    files.write_json(folder / "demo.json", described)


def _export(layer, path):
    # The browser's LiteRT takes fixed sizes alone.
    report = keras_scatter.export(layer, path, input_shape=(1, SIZE, SIZE, 1))
    return {"file": path.name, "bytes": path.stat().st_size, "error": report["error"]}


def _described(path):
    """A path for the page: with directions of its waves in degrees, from the horizontal upwards, and its place."""
    directions = [(np.degrees(angle(t, L)) - 90) % 180 for t in path.angles]
    sector = plots.sector(path, J, L) if path.order else None
    return {"order": path.order, "scales": path.scales, "directions": directions, "sector": sector}


def _colours():
    matplotlib = require("matplotlib", "test")
    shades = matplotlib.colormaps[plots.COLOURS](np.linspace(0, 1, COLOURS))
    return [matplotlib.colors.to_hex(shade) for shade in shades]


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("--out", default=OUT, help="the folder, instead of build/demo")
    build(parser.parse_args(arguments).out)


if __name__ == "__main__":
    main()

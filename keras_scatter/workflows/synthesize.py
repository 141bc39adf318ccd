"""New pictures with the statistics of one."""

import io
import pathlib

import keras
import numpy as np

from keras_scatter import files
from keras_scatter.arguments import check_integer
from keras_scatter.layers import ScatteringCovariance2D
from keras_scatter.optional import require
from keras_scatter.synthesis import synthesize
from keras_scatter.versions import versions
from keras_scatter.workflows import charts, reports


def read_picture(path, size):
    """The middle of a picture file in grey, `(1, size, size, 1)` float32 of 0 to 255, its shorter side shrunk."""
    image = require("PIL.Image", "datasets")
    try:
        picture = keras.utils.load_img(path, "grayscale", target_size=(size, size), keep_aspect_ratio=True)
    except image.UnidentifiedImageError:
        raise ValueError(f"picture must be a file with an image. Received: picture={str(path)!r}") from None
    return keras.utils.img_to_array(picture, "channels_last")[None]


def make(picture, count=2, size=128, J=None, L=4, wavelets="bump", reduction=None, iterations=100, seed=0):
    """Samples with the scattering covariances of a picture.

    Args:
        picture: file.
        count, iterations, seed: as in `keras_scatter.synthesize`.
        size: height and width.
        J: number of scales; None for those up to a quarter of the size.
        L, wavelets, reduction: as in `layers.ScatteringCovariance2D`.

    Returns:
        The target `(size, size)`, the samples `(count, size, size)`, and a dict of `settings`, `versions`,
        `iterations`, `reason`, `relative_error` by step, and `errors` by kind.
    """
    settings = {name: value for name, value in locals().items() if name != "picture"} | {"picture": str(picture)}
    check_integer("size", size, 8)
    settings["J"] = J = size.bit_length() - 3 if J is None else J
    layer = ScatteringCovariance2D(J, L, wavelets=wavelets, reduction=reduction, data_format="channels_last")
    target = read_picture(picture, size)
    found = synthesize(target, layer, count, iterations=iterations, seed=seed)
    result = {"settings": settings, "versions": versions(), "iterations": found.iterations, "reason": found.reason}
    result |= {"relative_error": found.history["relative_error"], "errors": found.errors}
    return target[0, ..., 0], found.image[..., 0], result


def command(picture, count, size, J, L, wavelets, reduction, iterations, seed, out, overwrite):
    """What `keras-scatter synthesize` does."""
    drawn = files.check_result(out, overwrite)
    samples = pathlib.Path(out).with_suffix(".npz")
    files.check_file(samples, overwrite)
    charts.require("matplotlib", "plots")
    target, made, result = make(picture, count, size, J, L, wavelets, reduction, iterations, seed)
    reports.write_result(out, result, charts.textures(target, made), drawn)
    content = io.BytesIO()
    np.savez_compressed(content, target=target, samples=made)
    files.write_atomically(samples, content.getvalue())
    reports.print_synthesis(result)
    print(f"Results are in {out}, samples in {samples}, a picture in {drawn}")

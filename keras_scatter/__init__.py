"""Wavelet scattering in Keras 3: exact, distilled into small convolutions, and learnable."""

import os

try:
    import keras
except ImportError as error:
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    extra = f"[{backend}]" if backend in ("jax", "torch") else ""
    raise ImportError(
        f"Keras cannot be imported with its backend {backend!r} ({error}): pip install 'keras_scatter{extra}', "
        "or choose another backend by the environment variable KERAS_BACKEND (tensorflow, jax, torch)"
    ) from error

from keras_scatter import features, filters, layers, losses, models, molecules, plots, preprocessing, saved_filters
from keras_scatter.angular import angular_spectrum, angular_threshold
from keras_scatter.denoising import denoise
from keras_scatter.deployment import export
from keras_scatter.features import extract
from keras_scatter.inversion import invert
from keras_scatter.synthesis import synthesize
from keras_scatter_command import __version__ as __version__

del keras, os

__all__ = [
    "angular_spectrum",
    "angular_threshold",
    "denoise",
    "export",
    "extract",
    "features",
    "filters",
    "invert",
    "layers",
    "losses",
    "models",
    "molecules",
    "plots",
    "preprocessing",
    "saved_filters",
    "synthesize",
]

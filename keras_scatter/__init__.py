"""Wavelet scattering in Keras 3: exact, distilled into small convolutions, and learnable."""

import importlib.metadata

from keras_scatter import layers, models, saved_filters

try:
    __version__ = importlib.metadata.version("keras_scatter")
except importlib.metadata.PackageNotFoundError:  # a bare checkout
    __version__ = "0.1.0"

__all__ = ["layers", "models", "saved_filters"]

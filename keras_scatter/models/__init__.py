"""Models built from scattering layers, and what trains them."""

from keras_scatter.models.relative_error import RelativeError
from keras_scatter.models.restore_best import RestoreBest
from keras_scatter.models.scattering_distiller import ScatteringDistiller

__all__ = ["RelativeError", "RestoreBest", "ScatteringDistiller"]

"""Kymatio's interface to the transforms of this package: change the import, and nothing else.

Arrays have any axes in front of those that are transformed, and no channels; paths have an axis of their own. NumPy
arrays give NumPy arrays, tensors of the Keras backend give tensors; the dtype is kept, float32 or float64.
"""

from keras_scatter.kymatio.harmonic_scattering_3d import HarmonicScattering3D
from keras_scatter.kymatio.scattering_1d import Scattering1D
from keras_scatter.kymatio.scattering_2d import Scattering2D
from keras_scatter.kymatio.time_frequency_scattering import TimeFrequencyScattering

__all__ = ["HarmonicScattering3D", "Scattering1D", "Scattering2D", "TimeFrequencyScattering"]

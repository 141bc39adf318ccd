"""Scattering layers."""

from keras_scatter.layers.complex_modulus_conv import ComplexModulusConv
from keras_scatter.layers.scattering_fft import ScatteringFFT

__all__ = ["ComplexModulusConv", "ScatteringFFT"]

"""Scattering layers."""

from keras_scatter.layers.scattering_fft import ScatteringFFT

__all__ = ["ScatteringFFT"]

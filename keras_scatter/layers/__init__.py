"""Scattering layers."""

from keras_scatter.layers.complex_modulus_conv import ComplexModulusConv
from keras_scatter.layers.complex_modulus_conv_1d import ComplexModulusConv1D
from keras_scatter.layers.dtcwt import DTCWT
from keras_scatter.layers.dtcwt_scattering import DTCWTScattering
from keras_scatter.layers.harmonic_scattering_3d import HarmonicScattering3D
from keras_scatter.layers.inverse_dtcwt import InverseDTCWT
from keras_scatter.layers.locally_invariant_layer import LocallyInvariantLayer
from keras_scatter.layers.non_expansive import NonExpansive
from keras_scatter.layers.scattering_covariance_2d import ScatteringCovariance2D
from keras_scatter.layers.scattering_fft import ScatteringFFT
from keras_scatter.layers.scattering_fft_1d import ScatteringFFT1D
from keras_scatter.layers.scattering_spectra_1d import ScatteringSpectra1D
from keras_scatter.layers.time_frequency_scattering import TimeFrequencyScattering

__all__ = [
    "ComplexModulusConv",
    "ComplexModulusConv1D",
    "DTCWT",
    "DTCWTScattering",
    "HarmonicScattering3D",
    "InverseDTCWT",
    "LocallyInvariantLayer",
    "NonExpansive",
    "ScatteringCovariance2D",
    "ScatteringFFT",
    "ScatteringFFT1D",
    "ScatteringSpectra1D",
    "TimeFrequencyScattering",
]

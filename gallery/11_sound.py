"""
A scalogram, and joint scattering
=================================

A sound like a voice, made from a formula: a buzz whose pitch rises, through two resonances that move as from "a" to
"i". The scalogram, order 1 of scattering, shows the harmonics and the resonances. Joint time-frequency scattering
says in which way patterns of the scalogram move: its wavelets of one spin see what rises, above zero in the grid, those
of the other what falls.
"""

import numpy as np
from matplotlib import pyplot

from keras_scatter import plots
from keras_scatter.layers import ScatteringFFT1D, TimeFrequencyScattering

RATE = 8000  # samples a second
t = np.arange(8192) / RATE
pitch = 110 * 2 ** (2 * t)  # Hz: two octaves a second
phase = 2 * np.pi * np.cumsum(pitch) / RATE
formants = (700 - 400 * t, 1200 + 900 * t)  # Hz
sound = np.zeros_like(t)
for k in range(1, 25):
    loudness = sum(1 / (1 + ((k * pitch - formant) / 150) ** 2) for formant in formants)
    sound += loudness * np.cos(k * phase) * (k * pitch < 3500)
sound = (sound / abs(sound).max()).astype("float32")

figure, ((above, wavelets), (left, right)) = pyplot.subplots(2, 2, figsize=(10, 7.6), layout="constrained")
figure.get_layout_engine().set(wspace=0.08, hspace=0.06)
plots.coefficients(ScatteringFFT1D(J=8, Q=12, T=256, order=1), sound, above)

layer = TimeFrequencyScattering(J=11, J_fr=3, Q=12)
plots.filters(layer, wavelets)
wavelets.set_title("joint wavelets, real parts")
for axis, name, signal in ((left, "the sound", sound), (right, "the same, backwards", sound[::-1].copy())):
    plots.coefficients(layer, signal, axis)
    axis.set_title(name)
pyplot.show()

"""
A scalogram, and joint scattering
=================================

A sound like a voice, made from a formula: a buzz whose pitch rises, through two resonances that move as from "a" to
"i". The scalogram, order 1 of scattering, shows the harmonics and the resonances. Joint time-frequency scattering
says in which way patterns of the scalogram move: features of one spin see what rises, those of the other what falls.
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

figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
figure.get_layout_engine().set(wspace=0.12)
plots.coefficients(ScatteringFFT1D(J=8, Q=12, T=256, order=1), sound, left)

layer = TimeFrequencyScattering(J=9, J_fr=4, Q=12, order_1=False)
for name, signal, place in (("rising", sound, -0.2), ("the same, backwards", sound[::-1].copy(), 0.2)):
    features = np.asarray(layer(signal[None, :, None])).mean((0, 1))
    energy = [sum(features[k] for k, path in enumerate(layer.paths) if path.spin == spin) for spin in (1, -1)]
    right.bar(np.arange(2) + place, np.array(energy) / sum(energy), 0.4, label=name)
right.set(xticks=range(2), xticklabels=["spin 1", "spin -1"], ylabel="share of both spins", ylim=(0, 1))
right.legend()
pyplot.show()

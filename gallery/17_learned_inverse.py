"""
A learned inverse
=================

A small network learns to draw digits from their scattering coefficients, from 1,500 of those that come with
scikit-learn. Then it draws what lies between a two and a one that it has not seen. Halfway between the pixels are
two pale digits; halfway between the coefficients is one.
"""

import keras
import numpy as np
from matplotlib import pyplot
from sklearn.datasets import load_digits

from keras_scatter.layers import ScatteringFFT

keras.utils.set_random_seed(0)
digits = load_digits().images[..., None].astype("float32") / 16
features = keras.ops.convert_to_numpy(ScatteringFFT(J=2)(digits))
known, first, second = 1500, 1528, 1505
dense = keras.layers.Dense
inverse = keras.Sequential(
    [keras.layers.Normalization(), keras.layers.Flatten(), dense(512, "relu"), dense(512, "relu"), dense(64, "sigmoid")]
)
inverse.layers[0].adapt(features[:known])
inverse.compile(keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(1e-3, 1200)), "binary_crossentropy")
inverse.fit(features[:known], digits[:known].reshape(known, 64), batch_size=50, epochs=40, verbose=0)

shares = np.linspace(0, 1, 7)
pixels, between = (
    np.stack([(1 - share) * values[first] + share * values[second] for share in shares])
    for values in (digits, features)
)
figure, axes = pyplot.subplots(2, len(shares), figsize=(9, 3), layout="constrained")
rows = {"pixels": pixels, "coefficients": inverse.predict(between, verbose=0)}
for row, (name, pictures) in zip(axes, rows.items()):
    for axis, picture in zip(row, pictures):
        axis.imshow(picture.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        axis.set(xticks=[], yticks=[])
    row[0].set_ylabel(name)
for axis, share in zip(axes[0], shares):
    axis.set_title(f"{100 * share:.0f} %")
pyplot.show()

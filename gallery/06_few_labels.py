"""
Few labels
==========

Handwritten digits of 8x8 pixels, which come with scikit-learn: the same classifier on pixels and on scattering
features, by the number of labels of each digit. Mean and deviation over ten draws.
"""

import numpy as np
from matplotlib import pyplot
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from keras_scatter.sklearn import ScatteringTransformer

X, y = load_digits(return_X_y=True)
features = {"pixels": X, "scattering": ScatteringTransformer(J=1, L=8, order=1, shape=(8, 8)).fit_transform(X)}
counts, test = (1, 2, 5, 10, 20), slice(1000, None)
rng = np.random.default_rng(0)
draws = [[rng.permutation(np.flatnonzero(y[:1000] == digit)) for digit in range(10)] for _ in range(10)]

figure, axis = pyplot.subplots(figsize=(6, 3.6), layout="constrained")
for (name, values), marker in zip(features.items(), "os"):
    scores = np.zeros((len(counts), len(draws)))
    for row, count in enumerate(counts):
        for column, draw in enumerate(draws):
            chosen = np.concatenate([of_digit[:count] for of_digit in draw])
            classifier = make_pipeline(StandardScaler(), LogisticRegression(max_iter=300))
            scores[row, column] = 100 * classifier.fit(values[chosen], y[chosen]).score(values[test], y[test])
    axis.errorbar(counts, scores.mean(1), scores.std(1), marker=marker, capsize=3, label=name)
axis.set(xlabel="labels of each digit", ylabel="accuracy (%)", xscale="log", xticks=counts)
axis.set_xticks(counts, map(str, counts))
axis.minorticks_off()
axis.legend(loc="lower right")
pyplot.show()

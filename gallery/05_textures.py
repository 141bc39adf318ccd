"""
Textures told apart
===================

Squares of 32 pixels of grass, gravel and bricks, without their light and contrast: five of each texture to learn
from, those of another part of the pictures to measure on. Means over all positions of the coefficients make a row of
numbers of each square, and a linear classifier does the rest. Mean and deviation over ten draws of the squares to
learn from. From J = 2 on order 2 helps. With J = 4 only 2 x 2 positions are left to take a mean of.
"""

import numpy as np
from matplotlib import pyplot
from skimage import data
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from keras_scatter.layers import ScatteringFFT

SIZE, LABELS, DRAWS = 32, 5, 10


def squares(picture):
    places = range(0, 256 - SIZE + 1, SIZE)
    found = np.stack([picture[i : i + SIZE, j : j + SIZE] for i in places for j in places])[..., None] / 255
    return (found - found.mean((1, 2), keepdims=True)) / found.std((1, 2), keepdims=True)


pictures = data.grass(), data.gravel(), data.brick()
train = np.concatenate([squares(picture[:256, :256]) for picture in pictures])
test = np.concatenate([squares(picture[256:, 256:]) for picture in pictures])
labels = np.repeat(range(3), len(train) // 3)
rng = np.random.default_rng(0)
draws = [np.concatenate([rng.permutation(64)[:LABELS] + 64 * k for k in range(3)]) for _ in range(DRAWS)]

scores = np.zeros((2, 4, DRAWS))
for J in range(1, 5):
    layer = ScatteringFFT(J=J, L=4)
    known, new = (np.log(abs(np.asarray(layer(x)).mean((1, 2))) + 1e-3) for x in (train, test))
    for order in (1, 2):
        kept = [0 < path.order <= order for path in layer.paths]
        for draw, chosen in enumerate(draws):
            classifier = make_pipeline(StandardScaler(), LogisticRegression())
            classifier.fit(known[chosen][:, kept], labels[chosen])
            scores[order - 1, J - 1, draw] = 100 * classifier.score(new[:, kept], labels)

figure, axis = pyplot.subplots(figsize=(6, 3.6), layout="constrained")
for order, marker in ((1, "o"), (2, "s")):
    found = scores[order - 1]
    axis.errorbar(range(1, 5), found.mean(1), found.std(1), marker=marker, capsize=3, label=f"up to order {order}")
axis.axhline(100 / 3, color="grey", linestyle=":", label="chance")
axis.set(xlabel="J", ylabel=f"accuracy (%) of {len(test)} squares", xticks=range(1, 5), ylim=(20, 102))
axis.legend(loc="lower right")
pyplot.show()

"""Scattering features in a pipeline of scikit-learn: handwritten digits, beside raw pixels and the same classifier.

`GridSearchCV` chooses the number of angles, whether features are logarithms, and the constant of the classifier, by
5-fold cross-validation on the 1,797 images of 8x8 pixels that come with scikit-learn. Pixels get the same search over
scaling and constant.

Needs `pip install 'keras_scatter[sklearn]'`. Run:

    python examples/digits_in_scikit_learn.py
    python examples/digits_in_scikit_learn.py --jobs 2
"""

import argparse
import tempfile

from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from keras_scatter.sklearn import ScatteringTransformer


def search(steps, choices, X, y, jobs):
    """The best of all choices, a fitted `GridSearchCV`. Features of a fold are computed once for all classifiers."""
    with tempfile.TemporaryDirectory() as folder:
        pipeline = Pipeline(steps, memory=folder)
        return GridSearchCV(pipeline, choices, cv=5, n_jobs=jobs).fit(X, y)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=None, help="number of images (default: all)")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    options = parser.parse_args(arguments)
    X, y = (array[: options.images] for array in load_digits(return_X_y=True))

    classifier = {"classify__C": [1, 10]}
    pixels = search(
        [("scale", StandardScaler()), ("classify", SVC())],
        {**classifier, "scale": [StandardScaler(), "passthrough"]},
        X,
        y,
        options.jobs,
    )
    transformer = ScatteringTransformer(J=1, order=1, shape=(8, 8), batch_size=256)
    scattering = search(
        [("scatter", transformer), ("scale", StandardScaler()), ("classify", SVC())],
        {**classifier, "scatter__L": [4, 8], "scatter__log": [False, True]},
        X,
        y,
        options.jobs,
    )
    for name, found in (("pixels", pixels), ("scattering", scattering)):
        print(f"{name}: {found.best_score_:.2%} in 5-fold cross-validation, with {found.best_params_}")
    return pixels.best_score_, scattering.best_score_


if __name__ == "__main__":
    main()

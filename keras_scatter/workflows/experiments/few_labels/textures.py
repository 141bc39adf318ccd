"""Textures told apart from a few images of each: scattering, its covariances, gradients, and a network on pixels."""

import dataclasses
import hashlib
import pathlib

import numpy as np

from keras_scatter.arguments import shown
from keras_scatter.files import damaged, read_npz
from keras_scatter.layers import ScatteringCovariance2D, ScatteringFFT
from keras_scatter.optional import require
from keras_scatter.workflows.accuracy_curves import AccuracyCurves
from keras_scatter.workflows.classifiers import cnn, in_batches, linear
from keras_scatter.workflows.datasets import striped_images
from keras_scatter.workflows.experiment import chosen, given
from keras_scatter.workflows.experiments.distilled_filters.downstream import balanced_draw

LABELS = (1, 5, 20)  # images of each class
EPOCHS = 100


def scattering(images):
    """Means over positions of the coefficients of two orders, in logarithms."""
    coefficients = in_batches(ScatteringFFT(J=5, L=8), images).mean((1, 2))
    return np.log(coefficients[:, 1:])


def covariance(images):
    """Scattering covariances, means over rotations."""
    return in_batches(ScatteringCovariance2D(J=5, L=4, reduction="isotropic"), images)


def gradients(images):
    """Histograms of oriented gradients, means over all blocks."""
    hog = require("skimage.feature", "reproduce").hog
    found = [hog(image[..., 0], 8, (12, 12), (2, 2), feature_vector=False).mean((0, 1)) for image in images]
    return np.stack(found).reshape(len(images), -1)


ROWS = {"scattering-linear": scattering, "covariance-linear": covariance, "hog-linear": gradients, "pixels-cnn": None}
OF_ONE_UNIT = ("hog-linear",)  # other features are divided each by their own deviation


@dataclasses.dataclass(frozen=True, kw_only=True)
class Textures(AccuracyCurves):
    """Accuracies by features and number of images of each class. Files: those of `AccuracyCurves`."""

    extra, needs = "reproduce", ("matplotlib", "sklearn", "skimage")

    def plan(self, quick, folder: str | None = None, seeds: int | None = None, only: list[str] | None = None):
        """As in `Experiment`.

        Args:
            folder: a folder with one folder of pictures for each class, all of one size; or an .npz file with the
                arrays images, `(n, h, w)` uint8, and labels, `(n,)`.
            seeds: draws of the labels (default: 10).
            only: features and classifier, such as scattering-linear (default: all).
        """
        if not quick and folder is None:
            raise ValueError(
                "folder must be a folder of pictures by class, such as that of the Kylberg textures, or an .npz file. "
                "Received: folder=None"
            )
        names = chosen(only, ROWS, ROWS)
        seeds = given("seeds", seeds, 1 if quick else 10)
        jobs = [
            f"textures/{name}/{count}_{seed}"
            for name in names
            for count in (LABELS[:1] if quick else LABELS)
            for seed in range(seeds)
        ]
        folder = None if quick else str(pathlib.Path(folder).resolve())
        return {"quick": quick, "folder": folder, "data": folder and _checksum(folder)}, jobs

    def prepare(self, protocol):
        """Features by row, and labels."""
        if protocol["quick"]:
            images, labels = striped_images(24, (48, 48, 1), classes=3)
        else:
            images, labels = load_textures(protocol["folder"])
        images = images.astype("float32") / 255
        # Contrast and brightness are those of the light.
        images = (images - images.mean((1, 2), keepdims=True)) / images.std((1, 2), keepdims=True)
        return {name: make(images) if make else images for name, make in ROWS.items()}, labels

    def _config(self, protocol):
        # The images are what must agree, wherever they lie.
        return {key: value for key, value in super()._config(protocol).items() if key != "folder"}

    def measure(self, job, protocol, data, out, verbose):
        """Train one classifier, and measure it on all other images."""
        _, name, draw = job.split("/")
        count, seed = map(int, draw.split("_"))
        features, labels = data[0][name], data[1]
        seen = balanced_draw(labels, count * len(np.unique(labels)), seed)
        others = np.setdiff1d(np.arange(len(labels)), seen)
        arrays = features[seen], labels[seen], features[others]
        if name == "pixels-cnn":
            found = cnn(*arrays, epochs=1 if protocol["quick"] else EPOCHS, seed=seed)
        else:
            found = linear(*arrays, each=name not in OF_ONE_UNIT)
        accuracy = 100 * float((found == labels[others]).mean())
        described = {"dataset": "textures", "row": name, "labels": count, "seed": seed}
        return described | {"measured_on": len(others), "accuracy": accuracy}


def load_textures(folder):
    """Grey images `(n, h, w, 1)` uint8 and labels `(n,)`, see the option `folder`."""
    path = pathlib.Path(folder)
    if path.is_file():
        found = read_npz(path, ("images", "labels"))
        images, labels = found["images"], found["labels"]
        if images.ndim != 3 or images.dtype != "uint8" or labels.shape != images.shape[:1]:
            raise damaged(
                path, f"images must be (n, h, w) uint8 with as many labels, not {images.shape} {images.dtype}"
            )
        return images[..., None], labels.astype("int64")
    if not path.is_dir():
        raise ValueError(f"folder must be a folder or an .npz file. Received: folder={shown(str(folder))}")
    names = sorted(part.name for part in path.iterdir() if part.is_dir())
    pictures = require("PIL.Image", "datasets")
    images, labels = [], []
    for label, name in enumerate(names):
        for file in sorted((path / name).iterdir()):
            try:
                images.append(np.asarray(pictures.open(file).convert("L")))
            except OSError as error:
                raise damaged(file, error) from error
            labels.append(label)
    sizes = {image.shape for image in images}
    if len(names) < 2 or len(sizes) != 1:
        raise ValueError(
            f"folder must hold folders of pictures of one size, one for each class. Received: {len(names)} folders, "
            f"pictures of sizes {sorted(sizes)}"
        )
    return np.stack(images)[..., None], np.array(labels)


def _checksum(folder):
    """What the images are, wherever they lie."""
    images, labels = load_textures(folder)
    return hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()[:16]


EXPERIMENT = Textures(
    module=__name__,
    title="Accuracies in percent, by images of each class",
    datasets=("textures",),
    lines=tuple(ROWS),
    note="Each image has mean 0 and deviation 1. Logistic regression on fixed features, which are centred and divided "
    "by their deviations (gradients, which have one unit, by one number); the network is trained for 100 epochs on "
    "images that are shifted and mirrored at random. Measured on all images that were not drawn.",
)

"""Textures, and samples from three models of each: scattering covariances, plain scattering and the power spectrum."""

import dataclasses

import keras
import numpy as np
from scipy import stats

from keras_scatter import files
from keras_scatter.layers import ScatteringCovariance2D, ScatteringFFT
from keras_scatter.optional import require
from keras_scatter.synthesis import synthesize
from keras_scatter.workflows import charts
from keras_scatter.workflows.experiment import Series, chosen, given

TEXTURES = ("brick", "gravel", "grass")
SIZE, J, L = 128, 5, 4
MEASURED = ("histogram", "spectrum", "gradients", "correlation")  # see `differences`


def covariance(target):
    """All scattering covariances."""
    return ScatteringCovariance2D(_scale(target), L, wavelets="bump")


def scattering(target):
    """Means of scattering coefficients, each in its own unit."""
    plain = [ScatteringFFT(_scale(target), L, padding="periodic"), keras.layers.GlobalAveragePooling2D()]
    means = keras.ops.convert_to_numpy(keras.Sequential(plain)(target))[0]
    # That of order 0 is zero.
    return keras.Sequential([*plain, keras.layers.Rescaling((1 / np.where(abs(means) < 1e-3, 1, means)).tolist())])


def spectrum(target):
    """The power at each scale and angle."""
    return ScatteringCovariance2D(_scale(target), L, wavelets="bump", paths=lambda path: path.kind == "P00")


MODELS = {"scattering covariance": covariance, "scattering": scattering, "power spectrum": spectrum}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Samples(Series):
    """How far samples are from their targets, in the statistics of the model and in others.

    Files: `TEXTURE/MODEL_SEED.json`, with what was measured and the sample.
    """

    figure = "samples.png"
    extra, needs = "reproduce", ("matplotlib", "skimage")
    pattern = "*/*.json"

    def plan(
        self,
        quick,
        seeds: int | None = None,
        only: list[str] | None = None,
        iterations: int | None = None,
    ):
        """As in `Experiment`.

        Args:
            seeds: samples of each model (default: 3).
            only: textures, of brick, gravel and grass (default: all).
            iterations: steps of L-BFGS (default: 100).
        """
        names = chosen(only, TEXTURES[:1] if quick else TEXTURES, TEXTURES)
        seeds = given("seeds", seeds, 1 if quick else 3)
        iterations = given("iterations", iterations, 2 if quick else 100)
        jobs = [
            f"{name}/{model.replace(' ', '-')}_{seed}" for name in names for model in MODELS for seed in range(seeds)
        ]
        return {"size": 16 if quick else SIZE, "iterations": iterations}, jobs

    def parts(self, protocol):
        return TEXTURES

    def prepare(self, protocol):
        """The targets by name, `(1, size, size, 1)` with mean 0 and deviation 1."""
        return {name: texture(name, protocol["size"]) for name in TEXTURES}

    def measure(self, job, protocol, data, out, verbose):
        """Make one sample."""
        name, made = job.split("/")
        model, seed = made.replace("-", " ").split("_")
        target, layer = data[name], MODELS[model](data[name])
        found = synthesize(
            target, layer, iterations=protocol["iterations"], tolerance=None, seed=int(seed), verbose=verbose
        )
        sample, wanted = found.image[0, ..., 0], target[0, ..., 0]
        error = float(np.min(found.history["relative_error"]))
        return {
            "texture": name,
            "model": model,
            "seed": int(seed),
            "steps": found.iterations,
            "relative_error": error,
            **differences(sample, wanted),
            "sample": sample.round(3).tolist(),
            "target": wanted.round(3).tolist(),
        }

    def rows(self, results):
        """Means over the samples of a model, and the first one."""
        each = {}
        for found in sorted(results.values(), key=lambda found: found["seed"]):
            each.setdefault((found["texture"], found["model"]), []).append(found)
        rows = {}
        for name in TEXTURES:
            for model in MODELS:
                if found := each.get((name, model)):
                    means = {key: float(np.mean([one[key] for one in found])) for key in ("relative_error", *MEASURED)}
                    rows.setdefault(name, {})[model] = means | {"samples": len(found), "steps": found[0]["steps"]}
        return rows

    def summarise(self, protocol, out):
        # The samples are drawn, and are too many numbers for a summary.
        return super().summarise(protocol, out) | {"folder": str(out)}

    def tables(self, summary):
        lines = [
            (name, model, f"{row['relative_error']:.1e}", *(f"{row[key]:.2f}" for key in MEASURED))
            for name, models in summary["rows"].items()
            for model, row in models.items()
        ]
        return {None: [["texture", "model", "error of its statistics", *MEASURED], *lines]}

    def draw(self, summary):
        """The target and the first sample of each model, a texture a row."""
        rows, folder = summary["rows"], summary["folder"]
        figure, axes = charts.subplots(len(rows), 4, figsize=(8, 2.2 * len(rows)), squeeze=False, layout="constrained")
        for line, name in zip(axes, rows):
            found = {
                model: files.read_json(f"{folder}/{name}/{model.replace(' ', '-')}_0.json", ("sample", "target"))
                for model in rows[name]
            }
            target = np.array(next(iter(found.values()))["target"])
            pictures = {"target": target, **{model: np.array(one["sample"]) for model, one in found.items()}}
            for axis, (model, image) in zip(line, pictures.items()):
                axis.imshow(image, cmap="gray", vmin=target.min(), vmax=target.max())
                axis.set(title=model if name == next(iter(rows)) else None, xticks=[], yticks=[])
            line[0].set_ylabel(name)
        return figure


def texture(name, size):
    """The corner of a picture of scikit-image, two pixels averaged in each direction: `(1, size, size, 1)`."""
    image = getattr(require("skimage.data", "reproduce"), name)()[: 2 * size, : 2 * size].astype("float32")
    target = image.reshape(1, size, 2, size, 2, 1).mean((2, 4))
    return (target - target.mean()) / target.std()


def differences(sample, target):
    """What is not asked for.

    Returns:
        `histogram`, the mean distance between sorted pixels, in deviations; `spectrum`, the mean of the absolute log
        ratio of the power in rings of frequencies; `gradients`, the mean distance between sorted lengths of gradients,
        in times of the target's mean; `correlation`, with the pixels of the target.

    Example:

    >>> x = np.random.default_rng(0).normal(size=(16, 16))
    >>> {name: round(value, 6) for name, value in differences(x, x).items()}
    {'histogram': 0.0, 'spectrum': 0.0, 'gradients': 0.0, 'correlation': 1.0}
    """
    lengths = [np.hypot(*np.gradient(x)) for x in (sample, target)]
    ratio = np.log(_rings(sample) / _rings(target))
    return {
        "histogram": float(stats.wasserstein_distance(sample.ravel(), target.ravel()) / target.std()),
        "spectrum": float(np.abs(ratio).mean()),
        "gradients": float(stats.wasserstein_distance(*(x.ravel() for x in lengths)) / lengths[1].mean()),
        "correlation": float(np.corrcoef(sample.ravel(), target.ravel())[0, 1]),
    }


def _rings(image):
    """The mean power in rings of frequencies from 0 to 1/2 cycles a pixel."""
    count = min(16, min(image.shape) // 2)
    radius = np.hypot(*np.meshgrid(*(np.fft.fftfreq(size) for size in image.shape), indexing="ij"))
    ring = np.floor(2 * count * radius).astype(int)
    power = np.abs(np.fft.fft2(image - image.mean())) ** 2
    return np.array([power[ring == k].mean() for k in range(1, count)])


def _scale(target):
    return min(J, int(np.log2(target.shape[1])) - 1)


EXPERIMENT = Samples(
    module=__name__,
    title="Samples of textures: how far they are from their targets",
    note=f"Bricks, gravel and grass of scikit-image, {SIZE} x {SIZE} pixels, J = {J}, L = {L}, bump wavelets for "
    "covariances, from noise with the spectrum of the target by L-BFGS. Histogram, spectrum and gradients were not "
    "asked for; correlation is that with the pixels of the target. Means over samples.",
)

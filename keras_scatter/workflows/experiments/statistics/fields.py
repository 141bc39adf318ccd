"""Fields of one power spectrum: which statistics tell them from Gaussian ones, and read off a parameter."""

import dataclasses

import numpy as np

from keras_scatter.layers import ScatteringCovariance2D, ScatteringFFT
from keras_scatter.optional import require
from keras_scatter.workflows import reports
from keras_scatter.workflows.classifiers import in_batches, in_deviations, linear
from keras_scatter.workflows.comparison import mean_and_deviation
from keras_scatter.workflows.datasets import dead_leaves
from keras_scatter.workflows.experiment import Series, chosen, given

SIZE, COUNT, J, L = 64, 200, 4, 4
TASKS = ("dead leaves", "log-normal", "filaments", "parameter")


def power(fields):
    """The power at each scale and angle, in logarithms."""
    return in_batches(ScatteringCovariance2D(_scale(fields), L, paths=lambda path: path.kind == "P00"), fields)


def scattering(fields):
    """Means of scattering coefficients of two orders, in logarithms."""
    coefficients = in_batches(ScatteringFFT(_scale(fields), L, padding="periodic"), fields).mean((1, 2))
    return np.log(coefficients[:, 1:])


def covariance(fields):
    """Scattering covariances, means over rotations."""
    return in_batches(ScatteringCovariance2D(_scale(fields), L, reduction="isotropic"), fields)


FEATURES = {"power spectrum": power, "scattering": scattering, "scattering covariance": covariance}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fields(Series):
    """Accuracies in percent against Gaussian fields, and how much of a parameter's variance is explained.

    Files: `TASK/FEATURES_SEED.json`.
    """

    extra, needs = "reproduce", ("sklearn",)
    pattern = "*/*.json"

    def plan(self, quick, seeds: int | None = None, only: list[str] | None = None):
        """As in `Experiment`.

        Args:
            seeds: sets of fields (default: 5).
            only: dead leaves, log-normal, filaments or parameter (default: all).
        """
        names = chosen(only, TASKS, TASKS)
        seeds = given("seeds", seeds, 1 if quick else 5)
        jobs = [
            f"{task}/{features}_{seed}".replace(" ", "-")
            for task in names
            for features in FEATURES
            for seed in range(seeds)
        ]
        return {"size": 16 if quick else SIZE, "count": 12 if quick else COUNT}, jobs

    def parts(self, protocol):
        return tuple(task.replace(" ", "-") for task in TASKS)

    def measure(self, job, protocol, data, out, verbose):
        """Train on fields of one seed, and measure on others."""
        name, made = job.split("/")
        features, seed = made.rsplit("_", 1)
        features = features.replace("-", " ")
        task = next(task for task in TASKS if task.replace(" ", "-") == name)
        train, test = (make(task, protocol["count"], protocol["size"], [int(seed), part]) for part in (0, 1))
        (seen, wanted), (others, answers) = ((FEATURES[features](fields), values) for fields, values in (train, test))
        described = {"task": task, "features": features, "seed": int(seed), "fields": len(train[0])}
        if task == "parameter":
            found = _ridge(seen, wanted, others)
            explained = 1 - np.square(found - answers).mean() / answers.var()
            return described | {"score": 100 * float(explained)}
        found = linear(seen, wanted, others, each=True)
        return described | {"score": 100 * float((found == answers).mean())}

    def rows(self, results):
        """Mean and deviation by task and features."""
        each = {}
        for found in sorted(results.values(), key=lambda found: found["seed"]):
            each.setdefault((found["task"], found["features"]), []).append(found["score"])
        return {
            task: {name: mean_and_deviation(each[task, name]) for name in FEATURES if (task, name) in each}
            for task in TASKS
            if any((task, name) in each for name in FEATURES)
        }

    def tables(self, summary):
        lines = []
        for name in FEATURES:
            found = [row.get(name) for row in summary["rows"].values()]
            lines.append((name, *(reports.accuracy(one["accuracy"], one["deviation"]) if one else "" for one in found)))
        return {None: [["statistics", *summary["rows"]], *lines]}


def make(task, count, size, seed):
    """Fields of a task `(2 * count, size, size, 1)` and what is to be told of each, `(2 * count,)`.

    Half of the fields are of the kind that is named, half Gaussian, and the label is 1 or 0; those of the parameter are
    log-normal, and it is their strength. All fields have the amplitudes of one spectrum, `(0.02 + |f|)^-1.5`.
    """
    generator = np.random.default_rng(seed)
    gaussian = [_with_spectrum(generator.normal(size=(size, size))) for _ in range(2 * count)]
    if task == "parameter":
        strengths = generator.uniform(0.2, 1.5, 2 * count)
        fields = [_with_spectrum(np.exp(strength * field)) for strength, field in zip(strengths, gaussian)]
        return _stacked(fields), strengths
    if task == "dead leaves":
        others = dead_leaves(count, size, int(generator.integers(2**31)))[..., 0]
        # A leaf may be larger than the field, and has no phases.
        others = others + 1e-3 * generator.normal(size=others.shape)
    elif task == "log-normal":
        others = [np.exp(field) for field in gaussian[count:]]
    else:
        # Bright where a smooth field is near zero.
        others = [np.exp(-4 * abs(_with_spectrum(field, 3.0))) for field in gaussian[count:]]
    fields = gaussian[:count] + [_with_spectrum(field) for field in others]
    return _stacked(fields), np.repeat([0, 1], count)


def _with_spectrum(field, slope=1.5):
    """The field with other amplitudes, its phases as they are; mean 0 and deviation 1."""
    frequency = np.hypot(*np.meshgrid(*(np.fft.fftfreq(size) for size in field.shape), indexing="ij"))
    amplitude = (0.02 + frequency) ** -slope
    amplitude[0, 0] = 0
    spectrum = np.fft.fft2(field)
    found = np.fft.ifft2(amplitude * spectrum / np.maximum(abs(spectrum), 1e-12)).real
    return found / found.std()


def _stacked(fields):
    return np.stack(fields).astype("float32")[..., None]


def _ridge(features, values, others):
    """Predictions of ridge regression on features by their own deviations."""
    regression = require("sklearn.linear_model", "reproduce").RidgeCV(np.logspace(-2, 4, 13))
    features, others = in_deviations(features, others, each=True)
    return regression.fit(features, values).predict(others)


def _scale(fields):
    return min(J, int(np.log2(fields.shape[1])) - 1)


EXPERIMENT = Fields(
    module=__name__,
    title="Fields of one power spectrum",
    note=f"{SIZE} x {SIZE} pixels; {COUNT} fields of each kind to train on and as many to measure on. Accuracy "
    "in percent of logistic regression against Gaussian fields; for the strength of log-normal fields, the part of its "
    "variance in percent that ridge regression explains.",
)

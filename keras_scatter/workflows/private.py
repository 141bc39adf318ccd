"""Linear classifiers on fixed features, trained with differential privacy.

What is published, the classifier, hardly depends on any one example: with an example more or less among those that it
was trained on, the probability of every outcome changes by a factor of at most exp(epsilon), but for events of
probability delta. Scattering learns nothing from data, so only the classifier costs privacy.

Reference: F. Tramer, D. Boneh, Differentially Private Learning Needs Better Features (or Much More Data), ICLR 2021.
"""

import dataclasses

import numpy as np
from rich.console import Console
from rich.progress import Progress

from keras_scatter.arguments import check_array, check_fraction, check_integer, check_number, check_positive, check_seed
from keras_scatter.files import is_finite
from keras_scatter.optional import require
from keras_scatter.typing import ArrayLike

EXTRA = "private"
STATISTICS_NOISE = 8.0  # of each of the two sums that features are normalised by, in times of their clipping
LEAST_NOISE = 0.25  # the accountant takes long for less, which protects nobody
PART = 4096  # examples that are normalised at a time


@dataclasses.dataclass(frozen=True)
class PrivateLinear:
    """A linear classifier, and what its training tells about any one example.

    Attributes:
        kernel: `(d, classes)` float32, for features in one row.
        bias: `(classes,)` float32.
        mean, deviation: by channel, `(K,)` float32, with noise; features are normalised by them first.
        epsilon, delta: the privacy, mean and deviation included.
        noise: deviation of the noise in a step, in times of the clipping norm.
        steps: how many there were.
    """

    kernel: np.ndarray
    bias: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    epsilon: float
    delta: float
    noise: float
    steps: int

    def logits(self, features):
        """Of features `(n, ..., K)`, as `(n, classes)` float32."""
        parts = (features[first : first + PART] for first in range(0, len(features), PART))
        return np.concatenate(
            [_normalised(part, self.mean, self.deviation) @ self.kernel + self.bias for part in parts]
        )

    def predict(self, features):
        """Classes of features, `(n,)`."""
        return self.logits(features).argmax(1)


def fit_private(
    features: ArrayLike,
    labels: ArrayLike,
    classes: int,
    *,
    epsilon: float = 3.0,
    delta: float = 1e-5,
    steps: int = 560,
    batch: int = 4096,
    noise: float | None = None,
    clip: float = 0.1,
    normalization: tuple[float, float] | None = (0.2, 0.05),
    learning_rate: float = 8.0,
    momentum: float = 0.9,
    seed: int | None = None,
    verbose: bool = True,
) -> PrivateLinear:
    """Train a linear classifier with differential privacy.

    Each step takes every example with probability `batch / n`, clips its gradient of the cross-entropy to the norm
    `clip`, adds the gradients and noise of deviation `clip * noise`, and divides by `batch`. Of a linear classifier the
    gradient of an example is `(p - y) (x, 1)^T`, with the norm `||p - y|| sqrt(||x||^2 + 1)`: the sum of the clipped
    ones is one product of matrices.

    The number of examples counts as public, and so must all arguments be: what was tuned on the same examples is not
    accounted for. Nor is the rounding of floating-point numbers.

    Args:
        features: array `(n, ..., K)` of finite numbers; K channels that are normalised alike at all positions.
        labels: integers from 0 to classes - 1, `(n,)`.
        classes: their number.
        epsilon, delta: the privacy that may be spent.
        steps: how many.
        batch: expected number of examples in a step, at most n.
        noise: deviation of the noise in times of `clip`; None takes the least that epsilon, delta and steps allow.
        clip: largest norm of the gradient of an example.
        normalization: largest norms of an example's means of the K channels over positions, and of the means of their
            squares; both enter averages with noise. They must not be taken from these examples. None for no averages.
        learning_rate, momentum: of plain gradient descent.
        seed: of batches and noise. Whoever knows it can take the noise away: None, for chance, where privacy matters.
        verbose: whether to show progress.

    Returns:
        The classifier.

    Raises:
        TypeError: an argument is of another type.
        ValueError: an argument is out of range, or the steps cost more than epsilon.
        ImportError: dp-accounting is not installed.

    Example:

    >>> rng = np.random.default_rng(0)
    >>> labels = rng.integers(0, 2, 2000)
    >>> features = rng.normal(size=(2000, 8)) + 4 * labels[:, None]
    >>> settings = {"batch": 500, "steps": 40, "normalization": None, "learning_rate": 1.0}
    >>> found = fit_private(features, labels, 2, seed=0, verbose=False, **settings)
    >>> bool((found.predict(features) == labels).mean() > 0.95), found.epsilon <= 3
    (True, True)

    Reference:
        F. Tramer, D. Boneh, ICLR 2021, section 2 and appendix A. M. Abadi et al., Deep Learning with Differential
        Privacy, CCS 2016, algorithm 1.
    """
    features, labels, classes = _check_examples(features, labels, classes)
    count = len(features)
    batch, steps = check_integer("batch", batch, maximum=count), check_integer("steps", steps)
    clip, learning_rate = check_positive("clip", clip), check_positive("learning_rate", learning_rate)
    momentum = check_fraction("momentum", momentum)
    thresholds = _check_normalization(normalization)
    generator = np.random.default_rng(None if seed is None else check_seed("seed", seed))
    budget = Budget(epsilon, delta, batch / count, statistics=2 if thresholds else 0)
    noise = budget.noise(steps) if noise is None else budget.check(noise, steps)
    mean, deviation = _statistics(features, thresholds, generator)
    kernel = np.zeros((int(np.prod(features.shape[1:])) + 1, classes), "float32")  # the last row is the bias
    velocity = np.zeros_like(kernel)
    with Progress(transient=True, disable=not verbose, console=Console(stderr=True)) as progress:
        for _ in progress.track(range(steps), description="steps"):
            chosen = np.flatnonzero(generator.random(count) < batch / count)
            x = _normalised(features[chosen], mean, deviation)
            gradient = _clipped_sum(kernel, x, labels[chosen], clip)
            gradient += generator.normal(scale=clip * noise, size=kernel.shape)
            velocity = (momentum * velocity + gradient / batch).astype("float32")
            kernel -= learning_rate * velocity
    spent = budget.spent(noise, steps)
    return PrivateLinear(kernel[:-1], kernel[-1], mean, deviation, spent, budget.delta, noise, steps)


class Budget:
    """What may be spent, and what things cost: sums over random parts of the examples, with Gaussian noise.

    Costs are those of the accountant of `dp-accounting` by distributions of privacy loss (PLD), for an example more or
    less.

    Args:
        epsilon: a positive number.
        delta: between 0 and 1.
        rate: probability with which an example takes part in a step, above 0 and at most 1.
        statistics: number of sums over all examples with a noise of `STATISTICS_NOISE`.

    Raises:
        ValueError: an argument is out of range, or the sums over all cost more than epsilon.

    Example:

    >>> budget = Budget(epsilon=3.0, delta=1e-5, rate=4096 / 60000, statistics=2)
    >>> round(budget.spent(noise=2.48, steps=560), 3)
    2.997
    """

    def __init__(self, epsilon: float, delta: float, rate: float, statistics: int = 0):
        self.epsilon, self.delta = (
            check_positive("epsilon", epsilon),
            check_positive("delta", check_fraction("delta", delta)),
        )
        self.rate = check_positive("rate", rate)
        if rate > 1:
            raise ValueError(f"rate must be a number > 0 and <= 1. Received: rate={rate}")
        self.statistics = check_integer("statistics", statistics, minimum=0)
        self._accounting = require("dp_accounting", EXTRA)
        self._accountant = require("dp_accounting.pld", EXTRA).PLDAccountant
        alone = self.spent(1.0, 0) if self.statistics else 0.0
        if alone >= self.epsilon:
            raise ValueError(
                f"epsilon must be above {alone:.3g}, which the normalization of the features costs. "
                f"Received: epsilon={epsilon}"
            )

    def spent(self, noise: float, steps: int) -> float:
        """Epsilon of so many steps with that noise, and of the sums over all examples."""
        return float(self._accountant().compose(self._event(noise, steps)).get_epsilon(self.delta))

    def noise(self, steps: int) -> float:
        """The least noise that leaves so many steps within the budget, in times of the clipping norm."""
        # The less noise, the longer the accountant takes.
        lower, upper = 1.0, 2.0
        while self.spent(lower, steps) <= self.epsilon:
            if lower == LEAST_NOISE:
                return LEAST_NOISE
            lower, upper = lower / 2, lower
        return float(self._largest(lambda noise: self._event(noise, steps), lower, upper, tol=1e-3))

    def steps(self, noise: float) -> int:
        """The largest number of steps with that noise that is within the budget."""
        if self.spent(noise, 1) > self.epsilon:
            return 0
        return int(self._largest(lambda steps: self._event(noise, steps), 1, 100, discrete=True))

    def check(self, noise: float, steps: int) -> float:
        """The noise, if so many steps with it are within the budget."""
        noise = check_number("noise", noise)
        if not noise >= LEAST_NOISE:
            raise ValueError(f"noise must be at least {LEAST_NOISE}. Received: noise={noise}")
        if self.spent(noise, steps) > self.epsilon:
            raise ValueError(
                f"steps must be at most {self.steps(noise)}, which epsilon={self.epsilon} and delta={self.delta} allow "
                f"with noise={noise}. Received: steps={steps}"
            )
        return noise

    def _event(self, noise, steps):
        gaussian = self._accounting.GaussianDpEvent
        events = [gaussian(STATISTICS_NOISE)] * self.statistics
        if steps:
            step = self._accounting.PoissonSampledDpEvent(self.rate, gaussian(noise))
            events.append(self._accounting.SelfComposedDpEvent(step, int(steps)))
        return self._accounting.ComposedDpEvent(events)

    def _largest(self, event, lower, guess, **options):
        bracket = self._accounting.LowerEndpointAndGuess(lower, guess)
        return self._accounting.calibrate_dp_mechanism(
            self._accountant, event, self.epsilon, self.delta, bracket, **options
        )


def _statistics(features, thresholds, generator):
    """Mean and deviation by channel, with noise."""
    channels = features.shape[-1]
    if thresholds is None:
        return np.zeros(channels, "float32"), np.ones(channels, "float32")
    sums = np.zeros((2, channels))
    for first in range(0, len(features), PART):
        part = np.asarray(features[first : first + PART], "float64").reshape(-1, _positions(features), channels)
        for power, threshold in enumerate(thresholds):
            means = (part ** (power + 1)).mean(1)
            norms = np.linalg.norm(means, axis=1, keepdims=True)
            sums[power] += (means * np.minimum(1, threshold / np.maximum(norms, 1e-300))).sum(0)
    noise = generator.normal(size=sums.shape) * STATISTICS_NOISE * np.array(thresholds)[:, None]
    mean, square = (sums + noise) / len(features)
    variance = np.maximum(square - mean**2, 0)
    # A channel without variance is left out.
    deviation = np.where(variance > 0, np.sqrt(variance + 1e-5), np.inf)
    return mean.astype("float32"), deviation.astype("float32")


def _normalised(features, mean, deviation):
    """Rows of normalised features, `(n, d)` float32."""
    found = np.subtract(features, mean, dtype="float32")
    found /= deviation
    return found.reshape(len(found), -1)


def _clipped_sum(kernel, x, labels, clip):
    """The sum over examples of their clipped gradients, `(d + 1, classes)`."""
    logits = x @ kernel[:-1] + kernel[-1]
    error = np.exp(logits - logits.max(1, keepdims=True))
    error /= error.sum(1, keepdims=True)
    error[np.arange(len(x)), labels] -= 1
    norms = np.sqrt((error**2).sum(1) * (np.einsum("nd,nd->n", x, x) + 1))
    error *= np.minimum(1, clip / np.maximum(norms, 1e-30))[:, None]
    return np.concatenate([x.T @ error, error.sum(0, keepdims=True)])


def _positions(features):
    return int(np.prod(features.shape[1:-1]))


def _check_examples(features, labels, classes):
    classes = check_integer("classes", classes, minimum=2)
    # What is mapped from a file stays there.
    features = features if isinstance(features, np.ndarray) else check_array("features", features)
    if features.ndim < 2 or not features.size:
        raise ValueError(f"features must have the shape (n, ..., K) and hold some. Received: shape {features.shape}")
    if not all(is_finite(features[first : first + PART]) for first in range(0, len(features), PART)):
        raise ValueError("features must be finite. Received: NaN or infinity")
    labels = np.asarray(labels)
    if labels.shape != (len(features),) or labels.dtype.kind not in "iu":
        raise ValueError(
            f"labels must be {len(features)} integers, one for each example. "
            f"Received: shape {labels.shape}, dtype {labels.dtype}"
        )
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(
            f"labels must be from 0 to classes - 1 = {classes - 1}. Received: {labels.min()} to {labels.max()}"
        )
    return features, labels, classes


def _check_normalization(normalization):
    if normalization is None:
        return None
    if not isinstance(normalization, (tuple, list)) or len(normalization) != 2:
        raise TypeError(f"normalization must be None or two positive numbers. Received: {normalization!r}")
    return tuple(check_positive("normalization", threshold) for threshold in normalization)

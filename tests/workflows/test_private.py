import math
import re

import numpy as np
import pytest
from compare import on_torch
from scipy import optimize, stats

from keras_scatter.testing import assert_clear_error
from keras_scatter.workflows import private
from keras_scatter.workflows.private import Budget, fit_private

pytestmark = on_torch


def examples(count=1000, channels=4, seed=0):
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 3, count)
    features = generator.normal(size=(count, 2, 2, channels)) + 3 * (labels == 1)[:, None, None, None]
    features[labels == 2, ..., 0] -= 4
    return features.astype("float32"), labels


def test_the_published_costs():
    budget = Budget(3.0, 1e-5, 4096 / 60_000, statistics=2)
    assert budget.spent(2.48, 560) == pytest.approx(2.997, abs=1e-3)
    assert budget.spent(2.48, 586) == pytest.approx(3.068, abs=1e-3)


@pytest.mark.parametrize(("noise", "steps"), [(1.0, 1), (4.0, 3)])
def test_without_sampling_it_is_the_gaussian_mechanism(noise, steps):
    """Balle and Wang 2018, equation 6, for the sum of the steps."""
    delta, ratio = 1e-5, math.sqrt(steps) / noise

    def excess(epsilon):
        tails = (stats.norm.cdf(sign * ratio / 2 - epsilon / ratio) for sign in (1, -1))
        return next(tails) - math.exp(epsilon) * next(tails) - delta

    expected = optimize.brentq(excess, 0, 50)
    assert Budget(100.0, delta, 1.0).spent(noise, steps) == pytest.approx(expected, rel=1e-3)


def test_the_least_noise_and_the_most_steps():
    budget = Budget(1.0, 1e-5, 0.2)
    noise = budget.noise(20)
    assert budget.spent(noise, 20) <= 1.0 < budget.spent(0.99 * noise, 20)
    most = budget.steps(noise)
    assert budget.spent(noise, most) <= 1.0 < budget.spent(noise, most + 1) and most >= 20
    assert Budget(300.0, 1e-5, 1.0).noise(1) == private.LEAST_NOISE
    assert Budget(0.05, 1e-5, 0.5).steps(0.5) == 0


def test_the_sum_of_clipped_gradients():
    """Beside the gradients of the examples, one by one."""
    generator = np.random.default_rng(0)
    x, labels = generator.normal(size=(20, 5)), generator.integers(0, 3, 20)
    kernel = generator.normal(size=(6, 3))
    expected = np.zeros((6, 3))
    for row, label in zip(x, labels):
        logits = np.append(row, 1) @ kernel
        error = np.exp(logits) / np.exp(logits).sum() - np.eye(3)[label]
        gradient = np.outer(np.append(row, 1), error)
        expected += gradient * min(1, 0.7 / np.linalg.norm(gradient))
    assert np.allclose(private._clipped_sum(kernel, x, labels, 0.7), expected, rtol=1e-10)


def test_an_example_moves_the_statistics_by_its_threshold_at_most(monkeypatch):
    monkeypatch.setattr(private, "STATISTICS_NOISE", 0.0)
    features, _ = examples(200)
    features[0] = 1e6
    (with_it, _), (without, _) = (
        private._statistics(part, (0.5, 0.5), np.random.default_rng(0)) for part in (features, features[1:])
    )
    moved = np.linalg.norm(with_it * 200 - without * 199)
    assert 0.4 < moved <= 0.5 + 1e-3


def test_statistics_without_noise_and_clipping(monkeypatch):
    monkeypatch.setattr(private, "STATISTICS_NOISE", 0.0)
    features, _ = examples()
    features[..., 3] = 2.0
    mean, deviation = private._statistics(features, (1e6, 1e6), np.random.default_rng(0))
    assert np.allclose(mean, features.mean((0, 1, 2)), atol=1e-5)
    assert np.allclose(deviation[:3], features.std((0, 1, 2))[:3], rtol=1e-4)
    logits = private.PrivateLinear(np.ones((16, 2)), np.zeros(2), mean, deviation, 1.0, 0.1, 1.0, 1).logits(features)
    assert logits.shape == (1000, 2) and np.isfinite(logits).all()


def test_it_learns_within_the_budget():
    features, labels = examples(3000)
    options = {"epsilon": 2.0, "steps": 60, "batch": 600, "learning_rate": 1.0, "normalization": (3.0, 12.0)}
    found = fit_private(features, labels, 3, seed=0, verbose=False, **options)
    assert (found.predict(features) == labels).mean() > 0.9
    assert 1.9 < found.epsilon <= 2.0 and found.steps == 60
    options["noise"] = found.noise
    again, other = (fit_private(features, labels, 3, seed=seed, verbose=False, **options) for seed in (0, 1))
    assert np.array_equal(found.kernel, again.kernel) and not np.array_equal(found.kernel, other.kernel)


def test_the_noise_is_that_which_was_paid_for(monkeypatch):
    """A single step from zero, without examples' gradients: what is left is the noise."""
    features, labels = examples(4000, channels=64)
    monkeypatch.setattr(private, "_clipped_sum", lambda kernel, *_: np.zeros(kernel.shape))
    found = fit_private(
        features,
        labels,
        3,
        steps=1,
        batch=100,
        noise=3.0,
        clip=0.2,
        learning_rate=1.0,
        normalization=None,
        verbose=False,
    )
    assert found.kernel.std() == pytest.approx(0.2 * 3.0 / 100, rel=0.1)


def test_batches_are_drawn_example_by_example(monkeypatch):
    counts = []
    monkeypatch.setattr(private, "_clipped_sum", lambda kernel, x, *_: counts.append(len(x)) or np.zeros(kernel.shape))
    features, labels = examples(1000)
    options = {"steps": 200, "batch": 100, "seed": 0, "noise": 3.0, "normalization": None}
    fit_private(features, labels, 3, epsilon=100.0, verbose=False, **options)
    assert np.mean(counts) == pytest.approx(100, abs=3) and np.std(counts) == pytest.approx(math.sqrt(90), rel=0.2)


FEATURES, LABELS = examples(50)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"epsilon": 0}, "epsilon must be a number > 0. Received: epsilon=0"),
        ({"delta": 1.0}, "delta must be a number >= 0 and < 1. Received: delta=1.0"),
        ({"delta": 0}, "delta must be a number > 0"),
        ({"clip": -1}, "clip must be a number > 0. Received: clip=-1"),
        ({"batch": 51}, "batch must be an integer from 1 to 50. Received: batch=51"),
        ({"steps": 0}, "steps must be an integer >= 1"),
        ({"noise": 0.1}, "noise must be at least 0.25. Received: noise=0.1"),
        ({"noise": 4.0, "steps": 500}, r"steps must be at most \d+, which epsilon=3.0 and delta=1e-05 allow"),
        ({"epsilon": 0.1}, "epsilon must be above 0.[0-9]+, which the normalization of the features costs"),
        ({"momentum": 1.0}, "momentum must be a number >= 0 and < 1"),
        ({"normalization": 3}, "normalization must be None or two positive numbers. Received: 3"),
        ({"normalization": (1, 0)}, "normalization must be a number > 0. Received: normalization=0"),
        ({"labels": LABELS[1:]}, "labels must be 50 integers, one for each example"),
        ({"labels": LABELS + 1}, "labels must be from 0 to classes - 1 = 2. Received: 1 to 3"),
        ({"features": FEATURES * np.nan}, "features must be finite"),
        ({"features": FEATURES[:0]}, "features must have the shape"),
        ({"classes": 1}, "classes must be an integer >= 2"),
        ({"seed": -1}, "seed must be an integer from 0"),
    ],
)
def test_bad_input(changed, text):
    arguments = {"features": FEATURES, "labels": LABELS, "classes": 3, "batch": 10, "steps": 5, "verbose": False}
    error = assert_clear_error(lambda: fit_private(**{**arguments, **changed}), list(changed)[-1])
    assert re.search(text, str(error))

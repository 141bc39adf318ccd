"""The search for an array that minimises a function: gradient descent by Keras's optimizers, or L-BFGS."""

import contextlib
import dataclasses
import math
import sys
import typing

import keras
import numpy as np
import scipy.optimize
from keras import ops

from keras_scatter.arguments import check_choice, check_integer, check_positive


@dataclasses.dataclass(frozen=True)
class OptimisationResult:
    """What a search found.

    Attributes:
        image: NumPy array, `(batch, ...)`.
        history: dict of lists, `loss`, `relative_error` and `learning_rate` (NaN for L-BFGS) after 0, 1, ... steps.
        iterations: number of steps that were made.
        reason: why it ended: `"tolerance"` (the relative error is as small as asked for), `"iterations"` (all were
            made), `"callback"` (one set `model.stop_training`), `"not finite"` (so is the loss of the last step) or
            `"no progress"` (L-BFGS found no better image).
    """

    image: np.ndarray
    history: dict
    iterations: int
    reason: str


@dataclasses.dataclass(frozen=True)
class Search:
    """How to search. Arguments are checked; see `keras_scatter.invert` for what they mean."""

    optimizer: typing.Any = None
    learning_rate: float = 10.0
    iterations: int = 400
    drop_every: int | None = 200
    drop: float = 0.1
    tolerance: float | None = 2e-3
    keep: str = "best"

    def __post_init__(self):
        check_integer("iterations", self.iterations)
        if self.drop_every is not None:
            check_integer("drop_every", self.drop_every)
        check_positive("learning_rate", self.learning_rate)
        check_positive("drop", self.drop)
        if self.tolerance is not None:
            check_positive("tolerance", self.tolerance)
        check_choice("keep", self.keep, ("best", "last"))
        if not self.by_lbfgs:
            self.new_optimizer()

    @property
    def by_lbfgs(self):
        return isinstance(self.optimizer, str) and self.optimizer == "lbfgs"

    def new_optimizer(self):
        """An optimizer that has seen no variables yet: a user's is copied."""
        if isinstance(self.optimizer, keras.optimizers.Optimizer):
            return type(self.optimizer).from_config(self.optimizer.get_config())
        if self.optimizer is None:
            # The loss is no random one: squares of older gradients say little.
            return keras.optimizers.Adam(float(self.learning_rate), beta_2=0.99)
        try:
            optimizer = keras.optimizers.get(self.optimizer)
        except (ValueError, TypeError):
            raise ValueError(
                'optimizer must be None, "lbfgs", or an optimizer of Keras or its name. '
                f"Received: optimizer={self.optimizer!r}"
            ) from None
        optimizer.learning_rate = self.learning_rate
        return optimizer


def minimise(function, start, search, callbacks=None, verbose="auto"):
    """Search for the array with the smallest loss.

    The array is the one weight of a small model, and a step is a step of its training, so the code is the same on all
    backends.

    Args:
        function: from a tensor like `start` to its loss and its relative error, scalar tensors.
        start: NumPy array, float32 or float64.
        search: a `Search`.
        callbacks: Keras callbacks, for which every step is an epoch; `self.model.image` is the array.
        verbose: 0, 1 for a progress bar, or `"auto"`: 1 in a terminal or a notebook.

    Returns:
        An `OptimisationResult`.

    Example:

    >>> def function(x):
    ...     error = keras.ops.sum((x - 3.0) ** 2)
    ...     return error, error
    >>> found = minimise(function, np.zeros(2, "float32"), Search(learning_rate=1.0, tolerance=1e-3), verbose=0)
    >>> found.reason, found.image.round(1).tolist()
    ('tolerance', [3.0, 3.0])
    """
    check_choice("verbose", verbose, ("auto", 0, 1, 2))
    callbacks = list(callbacks) if isinstance(callbacks, (list, tuple)) else [callbacks] if callbacks else []
    if _shows(verbose):
        callbacks.append(_Bar(search.iterations))
    run = _run_lbfgs if search.by_lbfgs else _run_optimizer
    model = _Model(function, start)
    steps = _Steps(model, search, callbacks)
    reason = run(model, search, steps)
    steps.callbacks.on_train_end()
    image = model.best if search.keep == "best" else model.evaluated
    return OptimisationResult(ops.convert_to_numpy(image.value), steps.history, len(steps.history["loss"]) - 1, reason)


@contextlib.contextmanager
def frozen(layer):
    """No variable of the layer is trainable for a while: PyTorch would gather gradients of them."""
    trainable = [variable for variable in layer.variables if variable.trainable]
    try:
        for variable in trainable:
            variable.trainable = False
        yield
    finally:
        for variable in trainable:
            variable.trainable = True


class _Model(keras.Model):
    """A model whose one trainable weight is the array."""

    def __init__(self, function, start):
        super().__init__(dtype=str(start.dtype), name="search")
        self.function = function
        self.image = self._variable("image", start, trainable=True)
        self.evaluated, self.best = (self._variable(name, start) for name in ("evaluated", "best"))
        # Loss and relative error of `evaluated`, and the loss of `best`.
        self.found = self._variable("found", np.full(2, np.nan))
        self.least = self._variable("least", np.asarray(np.inf))

    def call(self, _):
        image = ops.convert_to_tensor(self.image)
        found = ops.stack([ops.cast(value, self.compute_dtype) for value in self.function(image)])
        loss = found[0]
        best, least = ops.convert_to_tensor(self.best), ops.convert_to_tensor(self.least)
        self.evaluated.assign(image)
        self.best.assign(ops.where(loss < least, image, best))
        self.least.assign(ops.where(loss < least, loss, least))
        self.found.assign(found)
        return loss

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return y_pred

    def step(self):
        """Evaluate the array, and then change it. Returns loss and relative error."""
        self.train_on_batch(np.zeros((1, 1), "float32"))
        return map(float, ops.convert_to_numpy(self.found))

    def _variable(self, name, value, trainable=False):
        initializer = lambda shape, dtype: ops.convert_to_tensor(value, dtype)  # noqa: E731
        return self.add_weight(name=name, shape=value.shape, initializer=initializer, trainable=trainable)


class _Steps:
    """History of a search, and its end."""

    def __init__(self, model, search, callbacks):
        self.search = search
        self.history = {"loss": [], "relative_error": [], "learning_rate": []}
        self.callbacks = keras.callbacks.CallbackList(callbacks, model=model, epochs=search.iterations, steps=1)
        self.model = model
        model.stop_training = False
        self.callbacks.on_train_begin()

    def record(self, loss, relative_error, learning_rate):
        """Write down an evaluation. Returns the reason to end the search, or None."""
        number = len(self.history["loss"])
        logs = {"loss": loss, "relative_error": relative_error, "learning_rate": learning_rate}
        for name, value in logs.items():
            self.history[name].append(value)
        if number == 0 and not math.isfinite(loss):
            raise ValueError(f"The loss must be a finite number at the start. Received: {loss}")
        self.callbacks.on_epoch_begin(number)
        self.callbacks.on_epoch_end(number, logs)
        if not math.isfinite(loss):
            return "not finite"
        if self.search.tolerance is not None and relative_error <= self.search.tolerance:
            return "tolerance"
        if self.model.stop_training:
            return "callback"
        return "iterations" if number == self.search.iterations else None


def _run_optimizer(model, search, steps):
    optimizer = search.new_optimizer()
    model.compile(optimizer=optimizer)
    scheduled = isinstance(optimizer._learning_rate, keras.optimizers.schedules.LearningRateSchedule)
    reason, number = None, 0
    while reason is None:
        rate = float(ops.convert_to_numpy(optimizer.learning_rate))
        if number and search.drop_every and number % search.drop_every == 0 and not scheduled:
            rate *= search.drop
            optimizer.learning_rate = rate
        reason = steps.record(*model.step(), rate)
        number += 1
    return reason


def _run_lbfgs(model, search, steps):
    optimizer = _Gradient(learning_rate=0.0, name="gradient")
    model.compile(optimizer=optimizer)
    shape, dtype = model.image.shape, model.image.dtype
    found = {}

    def evaluate(x):
        model.image.assign(np.reshape(x, shape).astype(dtype))
        found["loss"], found["error"] = model.step()
        if not steps.history["loss"]:
            found["reason"] = steps.record(found["loss"], found["error"], math.nan)
        gradient = ops.convert_to_numpy(optimizer.gradient.value)
        return found["loss"], np.ravel(gradient).astype("float64")

    def step_made(intermediate_result):
        found["reason"] = found["reason"] or steps.record(found["loss"], found["error"], math.nan)
        if found["reason"]:
            raise StopIteration

    # SciPy's own tolerances are off: the relative error ends the search.
    options = {"maxiter": search.iterations + 1, "maxfun": 20 * search.iterations, "maxcor": 20, "ftol": 0, "gtol": 0}
    start = np.ravel(ops.convert_to_numpy(model.image.value)).astype("float64")
    with np.errstate(invalid="ignore"):
        scipy.optimize.minimize(evaluate, start, jac=True, method="L-BFGS-B", callback=step_made, options=options)
    return found["reason"] or "no progress"


class _Gradient(keras.optimizers.Optimizer):
    """Keeps the gradient, and makes no step: so that SciPy gets it, whatever the backend."""

    def build(self, variables):
        super().build(variables)
        self.gradient = self.add_variable_from_reference(variables[0], name="gradient")

    def update_step(self, gradient, variable, learning_rate):
        self.assign(self.gradient, gradient)


class _Bar(keras.callbacks.Callback):
    """One progress bar for all steps."""

    def __init__(self, steps):
        super().__init__()
        names = ["loss", "relative_error", "learning_rate"]
        self.bar = keras.utils.Progbar(steps, stateful_metrics=names, unit_name="step")

    def on_epoch_end(self, epoch, logs=None):
        self.bar.update(epoch, list(logs.items()), finalize=False)

    def on_train_end(self, logs=None):
        self.bar.update(self.bar._seen_so_far, finalize=True)


def _shows(verbose):
    return sys.stdout.isatty() or "ipykernel" in sys.modules if verbose == "auto" else bool(verbose)

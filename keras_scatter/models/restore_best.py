"""A training that never ends worse than it began."""

import math
import os
import signal
import threading
import weakref
from typing import Any

import keras
import numpy as np

from keras_scatter.arguments import shown
from keras_scatter.files import damaged, npz_bytes, read_npz, write_atomically
from keras_scatter.typing import PathLike


class RestoreBest(keras.callbacks.Callback):
    """Keep the best weights of a fit, counting those before training, and restore them at its end.

    The first Ctrl-C stops the fit after the batch in progress, restores the best weights and returns as usual; a
    second one interrupts at once. The epoch that was cut is no candidate. Callbacks that log or back up epochs would
    take it for a whole one: give them to `fit` as `whole_epochs(callback)`.

    With another model, the callback begins anew.

    Used with `ScatteringDistiller.fit`, which evaluates the state before training; it needs `validation_data`.

    Args:
        monitor: name of the logged value to minimise.
        filepath: None, or an `.npz` file that always holds the best weights; if it exists, its weights are the first
            candidate, so that a resumed fit goes on with what the earlier one found.

    Attributes:
        best: least value of the monitor so far.
        best_epoch: epochs trained when it was seen; 0 is the state before training.
        interrupted: whether Ctrl-C ended the fit.

    Raises:
        ValueError: `filepath` does not end in .npz, or is damaged.

    Example:

    >>> distiller = ScatteringDistiller(ComplexModulusConv(L=4, order=1))
    >>> distiller.compile(keras.optimizers.Adam(0.1))
    >>> images, best = np.random.default_rng(0).uniform(size=(8, 16, 16, 1)), RestoreBest()
    >>> history = distiller.fit(images, validation_data=images, callbacks=[best], verbose=0)
    >>> best.best_epoch
    0
    """

    def __init__(self, monitor: str = "val_loss", filepath: PathLike | None = None) -> None:
        super().__init__()
        if filepath is not None and not str(filepath).endswith(".npz"):
            raise ValueError(f"filepath must end in .npz. Received: filepath={str(filepath)!r}")
        if not isinstance(monitor, str):
            raise TypeError(f"monitor must be the name of a logged value. Received: monitor={shown(monitor)}")
        self.monitor = monitor
        self.filepath = filepath
        self.best = math.inf
        self.best_epoch: int | None = None
        self.best_weights: list[np.ndarray] | None = None
        self.interrupted = False
        self._earlier_handler: Any = None
        self._owner: weakref.ref | None = None  # the model that the best weights are of
        if filepath is not None and os.path.exists(filepath):
            self._load()

    def set_model(self, model: keras.Model) -> None:
        super().set_model(model)
        if self._owner is not None and self._owner() is not model:
            self.best, self.best_epoch, self.best_weights = math.inf, None, None
        self._owner = weakref.ref(model)

    def whole_epochs(self, callback: keras.callbacks.Callback) -> keras.callbacks.Callback:
        """Keep a callback from being told the end of an epoch that Ctrl-C cut short.

        Returns:
            The callback itself.

        Example:

        >>> best = RestoreBest()
        >>> callbacks = [best, best.whole_epochs(keras.callbacks.BackupAndRestore("backup"))]
        """
        told = callback.on_epoch_end

        def on_epoch_end(epoch, logs=None):
            if not self.interrupted:
                told(epoch, logs)

        callback.on_epoch_end = on_epoch_end
        return callback

    def consider(self, epochs: int, logs: dict[str, Any]) -> None:
        """Take the present weights if `logs` says that they are the best after that many epochs."""
        if self.monitor not in logs:
            raise ValueError(f"monitor must be one of {sorted(logs)}. Received: monitor={self.monitor!r}")
        if logs[self.monitor] < self.best or self.best_weights is None:
            self.best, self.best_epoch = float(logs[self.monitor]), epochs
            self.best_weights = self.model.get_weights()
            self._keep()

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.interrupted = False
        if threading.current_thread() is threading.main_thread():
            self._earlier_handler = signal.signal(signal.SIGINT, self._interrupt)

    def on_test_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        if self.interrupted:
            self.model.stop_evaluating = True

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if not self.interrupted:
            self.consider(epoch + 1, logs or {})

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self.release()
        if self.best_weights is not None:
            self.model.set_weights(self.best_weights)

    def release(self) -> None:
        """Give Ctrl-C back to who had it before; `ScatteringDistiller.fit` does so after an exception too."""
        if self._earlier_handler is not None:
            signal.signal(signal.SIGINT, self._earlier_handler)
            self._earlier_handler = None

    def _load(self):
        kept = read_npz(self.filepath, ("best", "best_epoch"))
        names = [f"weight_{i}" for i in range(len(kept) - 2)]
        if not names or set(names) - set(kept) or kept["best"].ndim or kept["best_epoch"].ndim:
            raise damaged(self.filepath, "it lacks weights")
        self.best, self.best_epoch = float(kept["best"]), int(kept["best_epoch"])
        self.best_weights = [kept[name] for name in names]

    def _keep(self):
        if self.filepath is not None:
            kept = {"best": np.float64(self.best), "best_epoch": np.int64(self.best_epoch)}
            kept |= {f"weight_{i}": weight for i, weight in enumerate(self.best_weights)}
            write_atomically(self.filepath, npz_bytes(kept, sealed=True))

    def _interrupt(self, number, frame):
        self.interrupted = self.model.stop_training = True
        self.release()

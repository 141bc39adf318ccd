"""A training that never ends worse than it began."""

import io
import math
import os
import signal
import threading

import keras
import numpy as np

from keras_scatter.saved_filters import write_atomically


class RestoreBest(keras.callbacks.Callback):
    """Keep the best weights of a fit, counting those before training, and restore them at its end.

    The first Ctrl-C stops the fit after the batch in progress, restores the best weights and returns as usual; a
    second one interrupts at once.

    Used with `ScatteringDistiller.fit`, which evaluates the state before training; it needs `validation_data`.

    Args:
        monitor: name of the logged value to minimise.
        filepath: None, or an `.npz` file that always holds the best weights; if it exists, its weights are the first
            candidate, so that a resumed fit goes on with what the earlier one found.

    Attributes:
        best: least value of the monitor so far.
        best_epoch: epochs trained when it was seen; 0 is the state before training.
        interrupted: whether Ctrl-C ended the fit.

    Example:

    >>> distiller = ScatteringDistiller(ComplexModulusConv(L=4, order=1))
    >>> distiller.compile(keras.optimizers.Adam(0.1))
    >>> images, best = np.random.default_rng(0).uniform(size=(8, 16, 16, 1)), RestoreBest()
    >>> history = distiller.fit(images, validation_data=images, callbacks=[best], verbose=0)
    >>> best.best_epoch
    0
    """

    def __init__(self, monitor="val_loss", filepath=None):
        super().__init__()
        if filepath is not None and not str(filepath).endswith(".npz"):
            raise ValueError(f"filepath must end in .npz. Received: filepath={str(filepath)!r}")
        self.monitor = monitor
        self.filepath = filepath
        self.best = math.inf
        self.best_epoch = None
        self.best_weights = None
        self.interrupted = False
        self._earlier_handler = None
        if filepath is not None and os.path.exists(filepath):
            with np.load(filepath, allow_pickle=False) as kept:
                self.best, self.best_epoch = float(kept["best"]), int(kept["best_epoch"])
                self.best_weights = [kept[f"weight_{i}"] for i in range(len(kept.files) - 2)]

    def consider(self, epochs, logs):
        """Take the present weights if `logs` says that they are the best after that many epochs."""
        if self.monitor not in logs:
            raise ValueError(f"monitor must be one of {sorted(logs)}. Received: monitor={self.monitor!r}")
        if logs[self.monitor] < self.best or self.best_weights is None:
            self.best, self.best_epoch = float(logs[self.monitor]), epochs
            self.best_weights = self.model.get_weights()
            self._keep()

    def on_train_begin(self, logs=None):
        self.interrupted = False
        if threading.current_thread() is threading.main_thread():
            self._earlier_handler = signal.signal(signal.SIGINT, self._interrupt)

    def on_epoch_end(self, epoch, logs=None):
        # An epoch that Ctrl-C cut short has no validation values.
        if not (self.interrupted and self.monitor not in (logs or {})):
            self.consider(epoch + 1, logs or {})

    def on_train_end(self, logs=None):
        if self._earlier_handler is not None:
            signal.signal(signal.SIGINT, self._earlier_handler)
        if self.best_weights is not None:
            self.model.set_weights(self.best_weights)

    def _keep(self):
        if self.filepath is not None:
            buffer = io.BytesIO()
            weights = {f"weight_{i}": weight for i, weight in enumerate(self.best_weights)}
            np.savez(buffer, best=self.best, best_epoch=self.best_epoch, **weights)
            write_atomically(self.filepath, buffer.getvalue())

    def _interrupt(self, number, frame):
        self.interrupted = self.model.stop_training = True
        signal.signal(signal.SIGINT, self._earlier_handler)

"""Training such that a resumed one gives what an uninterrupted one gives."""

import dataclasses
import functools
import json
import pathlib
import tempfile

import h5py
import keras
import numpy as np
from keras import ops

from keras_scatter import files
from keras_scatter.backend import processes
from keras_scatter.optional import require
from keras_scatter.workflows.folders import epochs_logged, read_history

MARGIN = 4
ABOUT = "keras_scatter"  # HDF5 attribute of a backup


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How an architecture is trained: stochastic gradient descent with momentum and L2 weight decay.

    Attributes:
        learning_rate, momentum, weight_decay: as in PyTorch's SGD, see `DecayedSGD`.
        gain: factor a of the Glorot-uniform initial weights.
        epochs, batch: how long, and how many images a step.
        drops: epochs after which the learning rate is multiplied by 0.2.
        augment: whether images are shifted and mirrored at random.
    """

    learning_rate: float
    momentum: float
    weight_decay: float
    gain: float
    epochs: int = 20
    batch: int = 64
    drops: tuple = ()
    augment: bool = False

    def of_length(self, epochs):
        """The same with another number of epochs; the drops move with it."""
        return dataclasses.replace(self, epochs=epochs, drops=tuple(drop * epochs / self.epochs for drop in self.drops))

    def optimizer(self, steps):
        """The optimizer for that many steps an epoch."""
        rate = self.learning_rate
        if self.drops:
            boundaries = [round(drop * steps) - 1 for drop in self.drops]
            rates = [rate * 0.2**index for index in range(len(boundaries) + 1)]
            rate = keras.optimizers.schedules.PiecewiseConstantDecay(boundaries, rates)
        return DecayedSGD(rate, self.momentum, self.weight_decay)


@keras.saving.register_keras_serializable(package="keras_scatter")
class DecayedSGD(keras.optimizers.SGD):
    """Stochastic gradient descent with momentum and coupled weight decay: `g + l2 * w` takes the place of g.

    This is what `weight_decay` of PyTorch's SGD does: all trainable variables decay, biases too, through the momentum.
    Keras's `weight_decay` shrinks the weights directly, which is weaker by 1 / (1 - momentum).

    Args:
        learning_rate, momentum: as in `keras.optimizers.SGD`.
        l2: factor of the weights that is added to their gradients.
    """

    def __init__(self, learning_rate=0.01, momentum=0.0, l2=0.0, **kwargs):
        super().__init__(learning_rate, momentum, **kwargs)
        self.l2 = l2

    def update_step(self, gradient, variable, learning_rate):
        super().update_step(ops.add(gradient, ops.multiply(variable, self.l2)), variable, learning_rate)

    def get_config(self):
        return {**super().get_config(), "l2": self.l2}


class Batches(keras.utils.PyDataset):
    """Shuffled batches, each a function of seed, epoch and position.

    Args:
        images: float32 `(n, height, width, channels)`.
        labels: integers `(n,)`.
        batch: images a batch; the last one may be smaller.
        seed: seed of order, shifts and reflections.
        augment: shift by up to 4 pixels, margins being filled with zeros, and mirror half of the images.
    """

    def __init__(self, images, labels, batch, seed, augment=False):
        super().__init__()
        self.images, self.labels = images, labels
        self.batch, self.seed, self.augment = batch, seed, augment
        self.start(0)

    def start(self, epoch):
        """Go to the order of an epoch."""
        self.epoch = epoch
        self._order = np.random.default_rng([self.seed, epoch]).permutation(len(self.images))

    def callback(self):
        """What tells the batches the epoch, after a resumption too."""
        return keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: self.start(epoch))

    def __len__(self):
        return -(-len(self.images) // self.batch)

    def __getitem__(self, index):
        chosen = self._order[index * self.batch : (index + 1) * self.batch]
        images = self.images[chosen]
        if self.augment:
            images = shifted_and_mirrored(images, np.random.default_rng([self.seed, self.epoch, index]))
        return images, self.labels[chosen]


class _Part(keras.utils.PyDataset):
    """What one process takes of each batch. What cannot be shared equally, of the last one, is left out.

    Args:
        batches: a `Batches`, the same in all processes.
    """

    def __init__(self, batches):
        super().__init__()
        processes.check_shares(batches.batch, len(batches.images))
        self.batches, self.count, self.rank = batches, processes.count(), processes.rank()

    def __len__(self):
        whole, rest = divmod(len(self.batches.images), self.batches.batch)
        return whole + (rest >= self.count)

    def __getitem__(self, index):
        def part(array):
            return array[: len(array) // self.count * self.count][self.rank :: self.count]

        return tuple(map(part, self.batches[index]))


def part_of_process(batches):
    """What this process takes of `Batches`: all, unless there are others."""
    return _Part(batches) if processes.count() > 1 else batches


class Steps(Batches):
    """Batches of shuffled images, round after round, in one epoch: epochs of few images cost more than their steps."""

    def __init__(self, images, labels, batch, seed, steps):
        super().__init__(images, labels, batch, seed)
        generator, rounds = np.random.default_rng(seed), -(-steps * batch // len(images))
        self._order = np.concatenate([generator.permutation(len(images)) for _ in range(rounds)])[: steps * batch]

    def __len__(self):
        return len(self._order) // self.batch


def shifted_and_mirrored(images, generator):
    """Images `(n, height, width, channels)`, shifted by up to 4 pixels each way and mirrored with probability 1/2."""
    padded = np.pad(images, ((0, 0), (MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0)))
    rows, columns = generator.integers(0, 2 * MARGIN + 1, (2, len(images)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, images.shape[1:3], axis=(1, 2))
    # (n, channels, height, width)
    shifted = np.moveaxis(windows[np.arange(len(images)), rows, columns], 1, -1)
    mirrored = generator.random(len(images)) < 0.5
    shifted[mirrored] = shifted[mirrored, :, ::-1]
    return np.ascontiguousarray(shifted)


def compile_classifier(model, recipe, steps):
    """Compile a model that gives logits."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(recipe.optimizer(steps), loss, metrics=["accuracy"])


def train(model, recipe, data, seed, folder, verbose="auto"):
    """Train a model that gives logits, or go on with what `folder` holds of its training.

    Args:
        model: a built `keras.Model`.
        recipe: a `Recipe`.
        data: pairs of images and labels, to train on and to measure on.
        seed: seed of the order of the images.
        folder: gets `history.csv`, `tensorboard/` and `backup/`.
        verbose: as in `keras.Model.fit`.

    Returns:
        Dict of lists by epoch: `loss`, `accuracy`, `val_loss`, `val_accuracy`.

    Raises:
        ValueError: the loss became infinite or NaN.
    """
    (images, labels), test = data
    batches = Batches(images, labels, recipe.batch, seed, recipe.augment)
    compile_classifier(model, recipe, len(batches))
    processes.average_gradients(model)
    folder.mkdir(parents=True, exist_ok=True)
    model.fit(
        part_of_process(batches),
        epochs=recipe.epochs,
        shuffle=False,
        validation_data=test,
        validation_batch_size=recipe.batch,
        verbose=verbose,
        callbacks=[
            batches.callback(),
            keras.callbacks.LambdaCallback(on_epoch_end=functools.partial(_check_finite, recipe)),
            *logs(folder),
        ],
    )
    history = read_history(folder / "history.csv")
    return {name: history[name] for name in ("loss", "accuracy", "val_loss", "val_accuracy")}


class EpochLog(keras.callbacks.Callback):
    """Keras's CSV log of epochs, but always whole, and with every epoch once, also if it is repeated.

    Args:
        path: the CSV file.
    """

    def __init__(self, path):
        super().__init__()
        self.path = path

    def on_epoch_begin(self, epoch, logs=None):
        earlier = (row for row in epochs_logged(self.path) if row["epoch"] < epoch)
        self._rows = [{**row, "epoch": int(row["epoch"])} for row in earlier]

    def on_epoch_end(self, epoch, logs=None):
        row = {"epoch": epoch, **{name: float(value) for name, value in (logs or {}).items()}}
        self._rows.append(row)
        files.write_csv(self.path, [{name: found.get(name, np.nan) for name in row} for found in self._rows])


class Backup(keras.callbacks.Callback):
    """What a training goes on from: weights and optimizer after the last whole epoch, with a checksum, in one file.

    Keras's own backup is two files, which a kill in between leaves of two epochs, and holds no checksum.

    Args:
        folder: gets `latest.weights.h5`. That of Keras's backup, which version 0.1.0 wrote, is read too.
    """

    def __init__(self, folder):
        super().__init__()
        self.path = folder / "latest.weights.h5"

    def on_train_begin(self, logs=None):
        if not self.path.exists():
            return
        try:
            epoch = self._checked_epoch()
            self.model.optimizer.build(self.model.trainable_variables)
            self.model.load_weights(self.path)
        except Exception as error:  # h5py and Keras raise some five kinds
            raise files.damaged(self.path, error) from error
        self.model._initial_epoch = epoch

    def on_epoch_end(self, epoch, logs=None):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / self.path.name
            self.model.save_weights(path)
            with h5py.File(path, "a") as file:
                file.attrs[ABOUT] = json.dumps({"epoch": epoch + 1, "checksum": _checksum(file, epoch + 1)})
            files.write_atomically(self.path, path.read_bytes())

    def _checked_epoch(self):
        with h5py.File(self.path, "r") as file:
            if ABOUT not in file.attrs:
                return int(files.read_json(self.path.parent / "training_metadata.json", ("epoch",))["epoch"])
            about = json.loads(file.attrs[ABOUT])
            if about["checksum"] != _checksum(file, about["epoch"]):
                raise ValueError("its checksum is not the one that was written with it")
            return about["epoch"]


def _checksum(file, epoch):
    """A checksum of all arrays of an HDF5 file by path, and of the epoch that they are of."""
    found = {"epoch": np.array(epoch)}
    file.visititems(lambda name, item: found.update({name: item[()]} if isinstance(item, h5py.Dataset) else {}))
    return files.checksum(found)


def logs(folder):
    """Callbacks that write a log and TensorBoard's, and keep what a resumed training needs."""
    require("tensorboard", "reproduce")
    return [
        EpochLog(folder / "history.csv"),
        keras.callbacks.TensorBoard(str(folder / "tensorboard"), write_graph=False),
        Backup(folder / "backup"),
    ]


def _check_finite(recipe, epoch, logs):
    if not np.isfinite(logs["loss"]):
        raise ValueError(f"training diverged: the loss of epoch {epoch + 1} is {logs['loss']}. Received: {recipe}")

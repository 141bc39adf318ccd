"""Losses of networks that learn the coefficients of the exact transform: what figures 3 and 4 share.

They are trained as the paper trains them: mean squared error, AdamW, batches of 50, CIFAR-10's green channel.
"""

import dataclasses
import shutil
from collections.abc import Callable

import keras
from keras import layers

from keras_scatter.arguments import check_integer
from keras_scatter.errors import errors_by_order
from keras_scatter.layers import ComplexModulusConv, ScatteringFFT
from keras_scatter.workflows import charts, reports
from keras_scatter.workflows.datasets import load_images
from keras_scatter.workflows.distill import DistillConfig
from keras_scatter.workflows.experiment import Series, chosen
from keras_scatter.workflows.folders import read_history
from keras_scatter.workflows.training import Batches, logs

BATCH, HELD_OUT, SEED = 50, 1000, 0
QUICK_IMAGES = 50


def complex_modulus(kernel_size):
    """The paper's second-order network on random kernels."""
    layer = ComplexModulusConv(
        L=8, order=2, design="paper", kernel_size=kernel_size, kernel_initializer=keras.initializers.GlorotUniform(SEED)
    )
    return keras.Sequential([keras.Input((None, None, 1)), layer])


def regular(kernel_size):
    """A plain network with as many layers, channels and pixels out: twice a convolution, ReLU and max-pooling."""
    network = keras.Sequential([keras.Input((None, None, 1))])
    for filters in (9, 81):
        network.add(layers.Conv2D(filters, kernel_size, padding="same", activation="relu"))
        network.add(layers.MaxPooling2D())
    return network


@dataclasses.dataclass(frozen=True, kw_only=True)
class LossCurves(Series):
    """A figure of losses.

    Files: `NETWORK.json` and the folder `NETWORK` with logs, for every network.

    Attributes:
        networks: dict of functions that build a model, by name.
    """

    networks: dict[str, Callable]

    figure = "losses.png"
    extra, needs = "reproduce", ("matplotlib", "tensorboard")

    def plan(
        self,
        quick,
        only: list[str] | None = None,
        dataset: str = "cifar10",
        epochs: int = 30,
        images: int = 10_000,
    ):
        """As in `Experiment`.

        Args:
            only: names of the networks (default: all).
            dataset: as for distill.
            epochs: how long they are trained.
            images: on how many images.
        """
        names = chosen(only, self.networks, self.networks)
        counts = {"epochs": check_integer("epochs", epochs), "images": check_integer("images", images)}
        if quick:
            dataset, counts = "dead_leaves", {"epochs": 1, "images": min(images, QUICK_IMAGES)}
        return {"dataset": dataset, **counts}, names

    def parts(self, protocol):
        return tuple(self.networks)

    def prepare(self, protocol):
        """Pairs of images and exact coefficients, to train on and to measure on."""
        images = protocol["images"]
        teacher = keras.Sequential([ScatteringFFT(J=2, L=8, order=2)])
        found = load_images(protocol["dataset"], images, min(images, HELD_OUT), seed=SEED)
        return [(part, teacher.predict(part, batch_size=BATCH, verbose=0)) for part in found]

    def measure(self, job, protocol, data, out, verbose):
        """Train one network."""
        keras.utils.set_random_seed(SEED)
        (images, coefficients), held_out = data
        model, folder = self.networks[job](), out / job
        model.compile(DistillConfig(design="paper", initializer="glorot_uniform").optimizer(len(images)), "mse")
        batches = Batches(images, coefficients, BATCH, SEED)
        folder.mkdir(exist_ok=True)
        model.fit(
            batches,
            epochs=protocol["epochs"],
            shuffle=False,
            validation_data=held_out,
            verbose=verbose,
            callbacks=[batches.callback(), *logs(folder)],
        )
        shutil.rmtree(folder / "backup")
        history = read_history(folder / "history.csv")
        found = model.predict(held_out[0], batch_size=BATCH, verbose=0)
        return {
            "network": job,
            "parameters": model.count_params(),
            "loss": history["loss"],
            "val_loss": history["val_loss"],
            "relative_error": errors_by_order(found, held_out[1], ScatteringFFT(J=2, L=8, order=2).paths),
        }

    def rows(self, results):
        keys = "parameters", "loss", "val_loss", "relative_error"
        return {name: {key: results[name][key] for key in keys} for name in self.networks if name in results}

    def tables(self, summary):
        columns = ["network", "parameters", "mean squared error", "held out", "relative error by order, held out"]
        lines = [
            (
                name,
                f"{row['parameters']:,}",
                *(f"{row[loss][-1]:.3g}" for loss in ("loss", "val_loss")),
                reports.by_order(row["relative_error"]),
            )
            for name, row in summary["rows"].items()
        ]
        return {None: [columns, *lines]}

    def draw(self, summary):
        """Losses against epochs, in training and on images held out."""
        figure, axis = charts.subplots(figsize=(6, 4))
        for name, row in summary["rows"].items():
            epochs = range(1, len(row["loss"]) + 1)
            line = axis.semilogy(epochs, row["loss"], marker=".", label=name)[0]
            axis.semilogy(epochs, row["val_loss"], linestyle=":", color=line.get_color(), label=f"{name}, held out")
        axis.set(title=summary["title"], xlabel="epoch", ylabel="mean squared error")
        axis.legend(fontsize=8)
        return figure

"""Losses of networks that learn the coefficients of the exact transform: what figures 3 and 4 share.

They are trained as the paper trains them: mean squared error, AdamW, batches of 50, CIFAR-10's green channel.
"""

import dataclasses
import json
import pathlib
import shutil
from collections.abc import Callable

import keras
from keras import layers
from rich.console import Console

from keras_scatter.arguments import check_choice, check_integer
from keras_scatter.layers import ComplexModulusConv, ScatteringFFT
from keras_scatter.saved_filters import write_atomically
from keras_scatter.workflows import plots, reports
from keras_scatter.workflows.datasets import load_images
from keras_scatter.workflows.distill import DistillConfig
from keras_scatter.workflows.errors import errors_by_order
from keras_scatter.workflows.experiments.training import Batches, logs
from keras_scatter.workflows.folders import check_folder, read_history, start_folder, versions
from keras_scatter.workflows.optional import require

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


@dataclasses.dataclass(frozen=True)
class Curves:
    """A figure of losses.

    Attributes:
        name: name of the experiment.
        title: what it shows, for people.
        paper: what the paper's figure says.
        note: where ours may differ, and why.
        networks: dict of functions that build a model, by name.
    """

    name: str
    title: str
    paper: str
    note: str
    networks: dict[str, Callable]


def run(
    curves,
    out=None,
    quick=False,
    resume=False,
    overwrite=False,
    only=None,
    dataset="cifar10",
    epochs=30,
    images=10_000,
    verbose="auto",
):
    """Train what is not yet trained, and write and print losses and errors.

    Files: `NETWORK.json` and the folder `NETWORK` with logs, for every network; `summary.json` and `losses.png`.

    Args:
        curves: a `Curves`.
        out: folder to make; None means `runs/NAME`, with `-quick` in the quick form.
        quick: a few dead-leaves images, one epoch: shows that all works, measures nothing.
        resume: go on with the run in `out`; finished networks are kept.
        overwrite: replace the run in `out`; not together with `resume`.
        only: names of the networks; None means all.
        dataset: see `keras_scatter.workflows.datasets.load_images`.
        epochs, images: how long, and on how many images.
        verbose: as in `keras.Model.fit`.

    Returns:
        The content of `summary.json`.
    """
    out = pathlib.Path(out or f"runs/{curves.name}{'-quick' * quick}")
    names = list(only or curves.networks)
    for name in names:
        check_choice("only", name, tuple(curves.networks))
    if quick:
        dataset, epochs, images = "dead_leaves", 1, min(images, QUICK_IMAGES)
    counts = {"epochs": check_integer("epochs", epochs), "images": check_integer("images", images)}
    protocol = {"experiment": curves.name, "dataset": dataset, **counts}
    check_folder(protocol, out, resume, overwrite)
    require("matplotlib", "plots")
    start_folder(protocol, out, resume, [*curves.networks, *(f"{name}.json" for name in curves.networks)])
    todo = [name for name in names if not (out / f"{name}.json").exists()]
    if todo:
        teacher = ScatteringFFT(J=2, L=8, order=2)
        found = load_images(dataset, images, min(images, HELD_OUT), seed=SEED)
        data = [(part, keras.Sequential([teacher]).predict(part, batch_size=BATCH, verbose=0)) for part in found]
    for name in todo:
        Console().print(f"{curves.name}: {name}")
        result = _train(curves.networks[name], data, teacher.paths, epochs, out / name, verbose)
        write_atomically(out / f"{name}.json", json.dumps(protocol | {"network": name} | result, indent=1).encode())
    summary = _write_summary(curves, protocol, out)
    plots.save(plots.losses(summary), out / "losses.png")
    reports.print_losses(summary, out)
    return summary


def _train(build, data, paths, epochs, folder, verbose):
    """Train one network; the content of its result file."""
    keras.utils.set_random_seed(SEED)
    (images, coefficients), held_out = data
    model = build()
    model.compile(DistillConfig(design="paper", initializer="glorot_uniform").optimizer(len(images)), "mse")
    batches = Batches(images, coefficients, BATCH, SEED)
    folder.mkdir(exist_ok=True)
    callbacks = [batches.callback(), *logs(folder)]
    model.fit(batches, epochs=epochs, shuffle=False, validation_data=held_out, verbose=verbose, callbacks=callbacks)
    shutil.rmtree(folder / "backup")
    history = read_history(folder / "history.csv")
    return {
        "parameters": model.count_params(),
        "loss": history["loss"],
        "val_loss": history["val_loss"],
        "relative_error": errors_by_order(model.predict(held_out[0], batch_size=BATCH, verbose=0), held_out[1], paths),
        "versions": versions(),
    }


def _write_summary(curves, protocol, out):
    """Collect the results that are there."""
    files = {name: out / f"{name}.json" for name in curves.networks}
    rows = {name: json.loads(file.read_text()) for name, file in files.items() if file.exists()}
    keys = "parameters", "loss", "val_loss", "relative_error"
    about = {"title": curves.title, "paper": curves.paper, "note": curves.note, "versions": versions()}
    summary = {**protocol, **about, "rows": {name: {key: row[key] for key in keys} for name, row in rows.items()}}
    write_atomically(out / "summary.json", json.dumps(summary, indent=1).encode())
    return summary

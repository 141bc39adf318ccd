"""The search for the hyperparameters of the small networks on MNIST: Hyperband over the grid of table 1.2."""

import concurrent.futures
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys

import keras
from rich.progress import Progress

from keras_scatter.arguments import check_integer
from keras_scatter.saved_filters import write_atomically
from keras_scatter.workflows import plots, reports
from keras_scatter.workflows.experiments import mnist_mixing
from keras_scatter.workflows.experiments.comparison import chosen, folder_of, load, note_of, protocol_of
from keras_scatter.workflows.experiments.training import Batches, compile_classifier
from keras_scatter.workflows.folders import check_folder, start_folder, versions
from keras_scatter.workflows.optional import require

GRID = {
    "learning_rate": (0.0316, 0.1, 0.316, 1.0),
    "momentum": (0.0, 0.25, 0.5, 0.9),
    "weight_decay": (1e-5, 3.16e-5, 1e-4, 3.16e-4),
    "gain": (0.5, 1.0, 1.5, 2.0),
}
# Rounds of 5 and 20 epochs: the paper stops no training before 5.
FACTOR, EPOCHS = 4, 20
QUICK_EPOCHS = 2
COMPARISON = dataclasses.replace(
    mnist_mixing.COMPARISON,
    name="mnist-search",
    title="Hyperparameters found on MNIST (tables 1.2 and 1.4)",
    note="Chosen by the last 10,000 training images; the paper chose by the test images.",
    splits=("train[:50000]", "train[50000:]"),
    quick=("1x1",),
)


def run(
    out=None,
    quick=False,
    resume=False,
    overwrite=False,
    only=None,
    epochs=None,
    images=None,
    iterations=None,
    workers=1,
    verbose="auto",
):
    """Search for the best hyperparameters of each architecture, and write and print them.

    Files: `NAME.json` for every architecture, with all trials; `NAME/`, from which an interrupted search goes on;
    `summary.json` and `hyperparameters.png`.

    Args:
        out, quick, resume, overwrite, only, images, verbose: as in `comparison.run`.
        epochs: length of the longest training; None means 20.
        iterations: how often Hyperband is repeated: 12 choices each, of which 8 are tried for 5 epochs first; None
            means 4. The paper went through all 256 choices.
        workers: number of architectures that are searched at the same time, each in a process of its own.

    Returns:
        The content of `summary.json`.
    """
    out, names = folder_of(COMPARISON, quick, out), chosen(COMPARISON, quick, only)
    iterations = check_integer("iterations", (1 if quick else 4) if iterations is None else iterations)
    epochs = (QUICK_EPOCHS if quick else EPOCHS) if epochs is None else epochs
    protocol = protocol_of(COMPARISON, quick, epochs, images) | {"iterations": iterations}
    check_integer("workers", workers)
    check_folder(protocol, out, resume, overwrite)
    require("keras_tuner", "search")
    require("matplotlib", "plots")
    data = load(COMPARISON, protocol)
    known = COMPARISON.architectures
    start_folder(protocol, out, resume, [*known, *(f"{name}.json" for name in known)])
    waiting = [name for name in names if not (out / f"{name}.json").exists()]
    if workers > 1:
        _search_in_processes(waiting, workers, out, protocol)
    else:
        for name in waiting:
            _search(name, data, out, protocol, verbose)
    summary = _summary(out, protocol)
    write_atomically(out / "summary.json", json.dumps(summary, indent=1).encode())
    plots.save(plots.search(summary), out / "hyperparameters.png")
    reports.print_search(summary, out)
    return summary


def _search(name, data, out, protocol, verbose="auto"):
    """Search for one architecture and write its file."""
    architecture = COMPARISON.architectures[name]
    (images, labels), test = data
    batches = Batches(images, labels, architecture.recipe.batch, seed=0)

    def build(hp):
        recipe = dataclasses.replace(architecture.recipe, **{key: hp.Choice(key, GRID[key]) for key in GRID})
        model = architecture.build(recipe, 0, protocol["width"])
        compile_classifier(model, recipe, len(batches))
        return model

    keras.utils.set_random_seed(0)
    tuner = require("keras_tuner", "search").Hyperband(
        build,
        objective="val_accuracy",
        max_epochs=protocol["epochs"],
        factor=FACTOR,
        hyperband_iterations=protocol["iterations"],
        seed=0,
        directory=out,
        project_name=name,
    )
    tuner.search(
        batches,
        shuffle=False,
        validation_data=test,
        validation_batch_size=architecture.recipe.batch,
        callbacks=[batches.callback()],
        verbose=verbose,
    )
    trials = [
        {
            "hyperparameters": {key: trial.hyperparameters.get(key) for key in GRID},
            "epochs": trial.hyperparameters.get("tuner/epochs"),
            "accuracy": 100 * trial.score,
        }
        for trial in tuner.oracle.get_best_trials(1_000_000)
        if trial.score is not None
    ]
    if not trials:
        raise ValueError(f"No trial of {name} could be trained; what went wrong stands above.")
    result = {**protocol, "architecture": name, "trials": trials, "versions": versions()}
    write_atomically(out / f"{name}.json", json.dumps(result, indent=1).encode())
    # The state of the search and a checkpoint of every trial are of no more use.
    shutil.rmtree(out / name)


def _search_in_processes(names, workers, out, protocol):
    """Each architecture in a process of its own, some at a time."""
    shared = {"TF_FORCE_GPU_ALLOW_GROWTH": "true", "XLA_PYTHON_CLIENT_PREALLOCATE": "false"}

    def search(name):
        arguments = json.dumps({"name": name, "out": str(out), "protocol": protocol})
        status = subprocess.run([sys.executable, "-m", __name__, arguments], env=os.environ | shared).returncode
        progress.update(task, advance=1, description=f"{name} {'failed' if status else 'done'}")
        return status

    pool = concurrent.futures.ThreadPoolExecutor(workers)
    try:
        with Progress() as progress:
            task = progress.add_task("searching", total=len(names))
            failed = [name for name, status in zip(names, pool.map(search, names)) if status]
    finally:
        # After Ctrl-C no further search must start.
        pool.shutdown(cancel_futures=True)
    if failed:
        raise ValueError(f"The search failed for {', '.join(failed)}; what went wrong stands above.")


def _summary(out, protocol):
    """The best trial of every architecture beside the paper's choice."""
    rows = {}
    for name, architecture in COMPARISON.architectures.items():
        if (out / f"{name}.json").exists():
            trials = json.loads((out / f"{name}.json").read_text())["trials"]
            paper = {key: getattr(architecture.paper_recipe or architecture.recipe, key) for key in GRID}
            rows[name] = {**trials[0], "paper": paper, "trials": trials}
    changed = protocol if protocol["epochs"] != EPOCHS else protocol | {"epochs": None}
    described = {"title": COMPARISON.title, "note": note_of(COMPARISON, changed)}
    return {**protocol, **described, "rows": rows, "versions": versions()}


def main(arguments):
    """Search for one architecture, in a worker process."""
    protocol = arguments["protocol"]
    _search(arguments["name"], load(COMPARISON, protocol), pathlib.Path(arguments["out"]), protocol, verbose=0)


if __name__ == "__main__":
    try:
        main(json.loads(sys.argv[1]))
    except KeyboardInterrupt:
        sys.exit(130)

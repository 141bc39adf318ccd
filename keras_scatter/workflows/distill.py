"""Distillation as a command: train, measure, and write everything that came out of it."""

import dataclasses
import json
import pathlib
import shutil
import statistics
import time

import keras

from keras_scatter import saved_filters
from keras_scatter.arguments import check_choice, check_integer
from keras_scatter.layers import ComplexModulusConv
from keras_scatter.models import RestoreBest, ScatteringDistiller
from keras_scatter.saved_filters import write_atomically
from keras_scatter.workflows import plots
from keras_scatter.workflows.datasets import load_images
from keras_scatter.workflows.folders import check_folder, read_history, versions
from keras_scatter.workflows.optional import require

BATCH = 50


@dataclasses.dataclass(frozen=True)
class DistillConfig:
    """What is distilled, and how; two runs with equal configs give equal filters.

    Attributes:
        dataset: see `keras_scatter.workflows.datasets.load_images`.
        order, L, J, design, kernel_size, lowpass_filters, initializer: arguments of `ComplexModulusConv`.
        loss: loss of `ScatteringDistiller`.
        epochs: None means 5 from a design and 30 from a random initializer.
        images: number of images to train on; None means 2,000 from a design and 10,000 from a random initializer.
        held_out: number of images to measure on.
        size: height and width of images that are made or cropped.
        seed: seed of images, initial values and shuffling.
    """

    dataset: str = "dead_leaves"
    order: int = 2
    L: int = 8
    J: int | None = None
    design: str = "faithful"
    kernel_size: int = 7
    lowpass_filters: int = 2
    initializer: str = "morlet"
    loss: str = "balanced"
    epochs: int | None = None
    images: int | None = None
    held_out: int = 500
    size: int = 32
    seed: int = 0

    def __post_init__(self):
        designed = self.initializer == "morlet"
        for name, default in (("epochs", 5 if designed else 30), ("images", 2000 if designed else 10_000)):
            if getattr(self, name) is None:
                object.__setattr__(self, name, default)
        check_integer("epochs", self.epochs, minimum=0)

    def student(self):
        """The untrained layer."""
        return ComplexModulusConv(
            L=self.L,
            order=self.order,
            J=self.J,
            kernel_size=self.kernel_size,
            design=self.design,
            lowpass_filters=self.lowpass_filters,
            kernel_initializer=self.initializer,
        )

    def optimizer(self, images):
        """Adam with a small, decaying rate from a design; AdamW as in the paper from random values.

        Random kernels start with gradients a thousand times larger than later ones; unclipped, the second moment of
        Adam remembers them for tens of epochs.
        """
        if self.initializer == "morlet":
            steps = max(1, self.epochs * -(-images // BATCH))
            return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(1e-5, steps))
        return keras.optimizers.AdamW(1e-3, weight_decay=0.01, global_clipnorm=1.0)


def distill(config, out, resume=False, overwrite=False, verbose="auto"):
    """Distil and write the results into the folder `out`.

    Files: `filters.weights.h5` and `filters.npz` (the filter group), `filters.png`, `loss.png`, `history.csv`,
    `report.json` (config, errors by order before and after on held-out images, milliseconds per image, versions) and
    `state/`, from which an interrupted run is resumed.

    Args:
        config: a `DistillConfig`.
        out: folder to make.
        resume: continue the run in `out`, which must have an equal config; a finished one is read again.
        overwrite: replace what a run left in `out`; not together with `resume`.
        verbose: as in `keras.Model.fit`.

    Returns:
        The content of `report.json`.
    """
    require("matplotlib", "plots")
    out = pathlib.Path(out)
    student = config.student()
    check_choice("loss", config.loss, ("balanced", "mse"))
    check_folder(dataclasses.asdict(config), out, resume, overwrite)
    if resume and (out / "report.json").exists():
        report = json.loads((out / "report.json").read_text())
        if report["finished"]:
            return report
    keras.utils.set_random_seed(config.seed)
    train, held_out = load_images(config.dataset, config.images, config.held_out, config.size, config.seed)
    if not (resume and (out / "config.json").exists()):
        _start_folder(config, out)
    distiller = ScatteringDistiller(student, loss=config.loss)
    distiller.compile(config.optimizer(len(train)))
    if config.loss == "balanced":
        distiller.calibrate(train)
    before = relative_errors(distiller, held_out)
    best = RestoreBest(filepath=out / "state" / "best.npz")
    distiller.fit(
        train,
        batch_size=BATCH,
        epochs=config.epochs,
        validation_data=held_out,
        verbose=verbose,
        callbacks=[
            best,
            keras.callbacks.CSVLogger(out / "history.csv", append=True),
            keras.callbacks.BackupAndRestore(out / "state" / "backup", delete_checkpoint=False),
        ],
    )
    report = {
        "finished": not best.interrupted,
        "config": dataclasses.asdict(config),
        "images": {"train": list(train.shape), "held_out": list(held_out.shape)},
        "epochs": config.epochs,
        "best_epoch": best.best_epoch,
        "relative_error": {"before": before, "after": relative_errors(distiller, held_out)},
        "milliseconds_per_image": milliseconds_per_image(distiller, held_out),
        "versions": versions(),
    }
    _write_results(out, student, report)
    return report


def _start_folder(config, out):
    """Make the folder, without what an earlier run would hand on to this one."""
    for name in ("history.csv", "report.json", "state/best.npz"):
        (out / name).unlink(missing_ok=True)
    shutil.rmtree(out / "state" / "backup", ignore_errors=True)
    (out / "state" / "backup").mkdir(parents=True)
    write_atomically(out / "config.json", json.dumps(dataclasses.asdict(config), indent=2).encode())


def relative_errors(distiller, images):
    """Relative errors of a compiled distiller's student on images, a list by order."""
    logs = distiller.evaluate(images, batch_size=BATCH, verbose=0, return_dict=True)
    return [logs[f"relative_error_{m}"] for m in range(len(logs) - 1)]


def errors_on(dataset, layer, held_out, size=32):
    """Relative errors by order of a layer on images that no distillation trains on, a list.

    Args:
        dataset, held_out, size: see `keras_scatter.workflows.datasets.load_images`.
        layer: a `ComplexModulusConv`.
    """
    _, images = load_images(dataset, 1, held_out, size, seed=1000)
    distiller = ScatteringDistiller(layer)
    distiller.compile()
    return relative_errors(distiller, images)


def distilled_layer(out):
    """The layer with the filters of the finished run in the folder `out`."""
    file = pathlib.Path(out) / "filters.weights.h5"
    config, _ = saved_filters.load(file)
    return ComplexModulusConv(**config, weights=file)


def milliseconds_per_image(distiller, images, repetitions=5):
    """Median time of one image in a batch, teacher and student measured in turn."""
    batch = images[:BATCH]
    models = {"teacher": keras.Sequential([distiller.teacher]), "student": keras.Sequential([distiller.student])}
    times = {name: [] for name in models}
    for _ in range(repetitions + 1):
        for name, model in models.items():
            start = time.perf_counter()
            model.predict_on_batch(batch)
            times[name].append(1000 * (time.perf_counter() - start) / len(batch))
    return {name: statistics.median(found[1:]) for name, found in times.items()}


def _write_results(out, student, report):
    about = {key: report[key] for key in ("config", "epochs", "best_epoch", "relative_error")}
    for name in ("filters.weights.h5", "filters.npz"):
        student.save_filters(out / name, overwrite=True, **about)
    arrays = {name: keras.ops.convert_to_numpy(value) for name, value in student.filters.items()}
    plots.save(plots.filter_group(student.group_config, arrays), out / "filters.png")
    history = read_history(out / "history.csv")
    if history:
        plots.save(plots.loss_curve(history, range(len(report["relative_error"]["after"]))), out / "loss.png")
    write_atomically(out / "report.json", json.dumps(report, indent=2).encode())

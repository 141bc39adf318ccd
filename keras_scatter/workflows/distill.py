"""Distillation as a command: train, measure, and write everything that came out of it."""

import dataclasses
import pathlib
import statistics
import time

import keras

from keras_scatter import files, saved_filters
from keras_scatter.arguments import check_choice, check_integer, check_seed
from keras_scatter.backend import processes
from keras_scatter.layers import ComplexModulusConv
from keras_scatter.layers._initial import check_initializer
from keras_scatter.models import RestoreBest, ScatteringDistiller
from keras_scatter.optional import require
from keras_scatter.versions import versions
from keras_scatter.workflows import charts, reports
from keras_scatter.workflows.datasets import load_images
from keras_scatter.workflows.folders import check_folder, claimed, folder_of_process, read_history, start_folder
from keras_scatter.workflows.training import Backup, Batches, EpochLog, part_of_process

BATCH = 50
# What a run leaves, and must not hand on to another run.
PARTS = ("history.csv", "report.json", "state", "filters.weights.h5", "filters.npz", "filters.png", "loss.png")
REPORTED = ("finished", "config", "best_epoch", "relative_error", "milliseconds_per_image", "images", "versions")


@dataclasses.dataclass(frozen=True)
class DistillConfig:
    """What is distilled, and how; two runs with equal configs give equal filters.

    Attributes are options of `keras-scatter distill`, whose help says what they are.
    """

    dataset: str = "dead_leaves"
    order: int = 2
    L: int = 8
    J: int | None = None
    design: str = "faithful"
    kernel_size: int | None = None
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
        if self.kernel_size is None and self.design == "paper":
            object.__setattr__(self, "kernel_size", 7)  # as configs of 0.1.0 have it
        for name, default in (("epochs", 5 if designed else 30), ("images", 2000 if designed else 10_000)):
            if getattr(self, name) is None:
                object.__setattr__(self, name, default)
        check_integer("epochs", self.epochs, minimum=0)
        for name, least in (("images", 1), ("held_out", 1), ("size", 4)):
            check_integer(name, getattr(self, name), least)
        check_seed("seed", self.seed)
        if not designed:
            check_initializer("initializer", self.initializer, "morlet or a Keras initializer")
        check_choice("loss", self.loss, ("balanced", "mse"))

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

        With `loss="mse"`, random kernels start with gradients a thousand times larger than later ones; unclipped, the
        second moment of Adam remembers them for tens of epochs.
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
    out, described = pathlib.Path(out), dataclasses.asdict(config)
    config.student()
    processes.check_shares(BATCH, config.images)
    check_folder(described, out, resume, overwrite)
    if resume and (finished := finished_report(out)):
        return finished
    data = load(config)
    with folder_of_process(out) as out:
        start_folder(described, out, resume, overwrite, PARTS)
        with claimed(out / "run") as free:
            if not free:
                raise ValueError(f"out must not be in use by another process. Received: out={str(out)!r}")
            return distillation(config, data, out, verbose)


def finished_report(out):
    """The report of the folder `out` if its run is finished, else None."""
    path = out / "report.json"
    report = files.read_json(path, REPORTED) if path.exists() else {"finished": False}
    return report if report["finished"] else None


def load(config):
    """Images to train on and others to measure on."""
    return load_images(config.dataset, config.images, config.held_out, config.size, config.seed)


def distillation(config, data, out, verbose="auto"):
    """Distil in the folder `out`, from where it stands there. As `distill`.

    Args:
        data: result of `load`.
    """
    keras.utils.set_random_seed(config.seed)
    with processes.scope():
        return _distillation(config, data, out, verbose)


def _distillation(config, data, out, verbose):
    (train, held_out), student = data, config.student()
    (out / "state" / "backup").mkdir(parents=True, exist_ok=True)
    distiller = ScatteringDistiller(student, loss=config.loss)
    distiller.compile(config.optimizer(len(train)))
    processes.average_gradients(distiller)
    if config.loss == "balanced":
        distiller.calibrate(train)
    before = relative_errors(distiller, held_out)
    best, batches = RestoreBest(filepath=out / "state" / "best.npz"), Batches(train, train, BATCH, config.seed)
    logs = EpochLog(out / "history.csv"), Backup(out / "state" / "backup")
    distiller.fit(
        part_of_process(batches),
        shuffle=False,
        epochs=config.epochs,
        validation_data=held_out,
        validation_batch_size=BATCH,
        verbose=verbose,
        callbacks=[best, batches.callback(), *map(best.whole_epochs, logs)],
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
    charts.save(charts.filter_group(student.group_config, arrays), out / "filters.png")
    history = read_history(out / "history.csv")
    if history:
        charts.save(charts.loss_curve(history, range(len(report["relative_error"]["after"]))), out / "loss.png")
    files.write_json(out / "report.json", report, sealed=True)


def command(out, resume, overwrite, **options):
    """What `keras-scatter distill` does."""
    report = distill(DistillConfig(**options), out, resume=resume, overwrite=overwrite)
    reports.print_distillation(report, out)
    return 0 if report["finished"] else 130

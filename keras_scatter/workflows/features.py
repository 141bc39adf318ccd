"""Features of large data sets, by any number of processes or machines, on Apache Beam."""

import contextlib
import math
import os
import pathlib
import threading

from rich.console import Console
from rich.progress import Progress

from keras_scatter import files
from keras_scatter.arguments import check_choice, check_integer, check_positive
from keras_scatter.features import computing, load, shards
from keras_scatter.workflows import features_pipeline
from keras_scatter.workflows.features_order import layer_of, opened

POLL = 0.5  # seconds between two looks at the shards that are there


def command(
    *options: str,
    input: str,
    output: str,
    layer: str,
    shard_size: int = 1024,
    batch_size: int = 32,
    image_size: list[int] | None = None,
    color_mode: str = "rgb",
    scale: float = 1 / 255,
    split: str = "train",
    on_error: str = "fail",
    workers: int = 1,
    threads: int | None = None,
    runner: str = "direct",
):
    """Compute the features of all images of a data set once, in shards; a second start computes those that lack.

    Features, labels and names of images are in files .npz, what they were made of in manifest.json;
    keras_scatter.features.load reads them.

    Args:
        options: what the runner of Apache Beam shall know, its own options, behind two dashes that stand alone.
        input: a folder of images, whose folders are the classes, or a data set of TensorFlow Datasets.
        output: folder for the features, which all workers must see.
        layer: a .keras file, or a layer as it is written in Python, such as 'ScatteringFFT(J=3, order=1)'.
        shard_size: images of a file.
        batch_size: images that are computed at a time.
        image_size: height and width that images are scaled to (default: those of the first image).
        color_mode: rgb or grayscale, for folders.
        scale: what pixels of 0 to 255 are multiplied by (default: 1/255).
        split: part of a data set of TensorFlow Datasets, such as train or test[:1000].
        on_error: fail, or skip: leave out images of a folder that cannot be read.
        workers: processes on this machine.
        threads: threads of each of these processes (default: as many as the backend takes).
        runner: direct, on this machine, or another one of Apache Beam: DataflowRunner, FlinkRunner, SparkRunner.
    """
    order = {
        "input": _location(input),
        "layer": _location(layer),
        "image_size": image_size,
        "color_mode": color_mode,
        "scale": check_positive("scale", scale),
        "split": split,
        "on_error": check_choice("on_error", on_error, ("fail", "skip")),
        "shard_size": check_integer("shard_size", shard_size),
        "batch_size": min(check_integer("batch_size", batch_size), shard_size),
    }
    processes = check_integer("workers", workers), None if threads is None else check_integer("threads", threads)
    files.check_empty_or_folder(output, "output")
    features_pipeline.check_runner(runner, *processes)
    source, model = opened(order)
    sizes = {"shard_size": order["shard_size"], "batch_size": order["batch_size"]}
    config = {"layer": computing.describe(layer_of(model)), "input": source.describe(), **sizes}
    order |= {"output": str(pathlib.Path(output).resolve()), "shards": math.ceil(source.count / shard_size)}
    with shards.opened(pathlib.Path(output), config, "output") as manifest:
        order["manifest"] = manifest
        if not shards.is_whole(output, manifest):
            with _progress(order):
                features_pipeline.run(order, runner, options, *processes)
    show(load(output))


def show(features):
    """Print what there is, and what lacks."""
    kind = f"{len(features):,} images, features of shape {features.shape}, {features.dtype}"
    print(f"{kind}, are in {features.folder}")
    if features.skipped:
        print(f"{len(features.skipped):,} images could not be read and were left out:")
        for name, reason in sorted(features.skipped.items()):
            print(f"  {name}: {reason}")


def _location(text):
    """A path of something that is there as workers find it in other folders; what is no path stays."""
    return str(pathlib.Path(text).resolve()) if os.path.exists(text) else text


@contextlib.contextmanager
def _progress(order):
    """A bar that counts the shards that are there, in a `with` statement."""
    ended = threading.Event()

    def show():
        with Progress(console=Console(stderr=True)) as progress:
            task, over = progress.add_task("shards", total=order["shards"]), False
            while not over:
                over = ended.wait(POLL)
                progress.update(task, completed=len(shards.shard_paths(order["output"])))

    thread = threading.Thread(target=show, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()

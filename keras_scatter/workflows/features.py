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
    *options,
    input,
    output,
    layer,
    shard_size,
    batch_size,
    image_size,
    color_mode,
    scale,
    split,
    on_error,
    workers,
    threads,
    runner,
):
    """What `keras-scatter features` does."""
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

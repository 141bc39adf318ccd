"""The pipeline of `keras-scatter features`: one element is one shard, and the last step writes the manifest."""

import contextlib
import functools
import json
import logging
import os
import pathlib
import re
import shlex
import signal
import sys
import tempfile
import threading

from keras_scatter.features import computing, shards
from keras_scatter.optional import require
from keras_scatter.workflows.features_order import layer_of, opened

DIRECT = ("direct", "directrunner")
# What OpenMP, TensorFlow and JAX take the number of their threads from.
THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "NPROC")
WORKER = "import keras_scatter_command; keras_scatter_command.features_worker()"
FAILED = re.compile(r"^(?:(?:\w+\.)*(\w+): )?(.+) \[while running '", re.MULTILINE)
GRACE = 2  # seconds in which Beam may see by itself that a worker died
_loading = threading.Lock()


def check_runner(runner, workers, threads):
    """Refuse a runner that is none, and what is said of processes that another machine starts.

    Args:
        runner, workers, threads: as in `run`.

    Raises:
        ImportError: Apache Beam is not installed.
        ValueError: an argument is wrong.
    """
    with silence():
        beam = require("apache_beam", "beam")
        if runner.lower() in DIRECT:
            return
        try:
            beam.runners.create_runner(runner)
        except Exception as error:  # also for what a runner needs and does not find
            raise ValueError(f"runner must be direct or one of Apache Beam. Received: {runner!r} ({error})") from error
    if workers > 1 or threads:
        raise ValueError(f"workers and threads must be left to the runner {runner}. Received: {workers} and {threads}")


def run(order, runner="direct", options=(), workers=1, threads=None):
    """Compute the shards that lack, and write the manifest.

    Args:
        order: see `features.command`.
        runner: `"direct"`, or the name of another one of Apache Beam.
        options: further options of Apache Beam.
        workers, threads: processes of the direct runner, and the threads of each; one that may take any number of
            threads is this process.

    Raises:
        ValueError: what a worker says is wrong.
        RuntimeError: something else went wrong there.
        KeyboardInterrupt: after Ctrl-C, when all workers are stopped.
    """
    import apache_beam as beam
    from apache_beam.options.pipeline_options import PipelineOptions

    direct, text = runner.lower() in DIRECT, json.dumps(order)
    ours = [f"--direct_num_workers={workers}"] if direct else [f"--runner={runner}"]
    ours += [] if _is_loud() else ["--default_sdk_harness_log_level=CRITICAL"]
    with silence(), _wanted(threads) as wanted, _deaths() as died:
        chosen = _direct_runner(wanted if workers > 1 or threads else None) if direct else None
        try:
            with beam.Pipeline(chosen, PipelineOptions([*ours, *options])) as pipeline:
                numbers = pipeline | beam.Create(list(range(order["shards"]))) | beam.Reshuffle()
                lines = numbers | "shard" >> beam.Map(make_shard, text) | beam.combiners.ToList()
                _ = lines | "manifest" >> beam.Map(finish, text)
        except (Exception, KeyboardInterrupt) as error:
            if died.is_set() or "Channel closed" in str(error):
                raise RuntimeError("a worker died, perhaps for lack of memory; the same command continues") from error
            if not wanted.exists():
                raise KeyboardInterrupt from None
            raise _in_words(error) from error


def make_shard(index, text):
    """Compute a shard if it is not there.

    Args:
        index: its number.
        text: an order, as JSON.

    Returns:
        The number and the line of the manifest.
    """
    order = json.loads(text)
    path = shards.shard_path(order["output"], index)
    if path.exists():
        return index, shards.read_shard(path)[1]
    with _loading:
        source, model = _opened(text)
    first = index * order["shard_size"]
    part = source.read(first, min(first + order["shard_size"], source.count))
    found = computing.compute(model, part.inputs, order["batch_size"])
    return index, shards.write_shard(order["output"], index, part.arrays(found), part.about())


def finish(lines, text):
    """Write the manifest of all shards."""
    order = json.loads(text)
    shards.finish(order["output"], order["manifest"], [line for _, line in sorted(lines, key=lambda one: one[0])])


def work():
    """Be a worker of the direct runner."""
    with silence():
        from apache_beam.runners.worker import sdk_worker_main

        sdk_worker_main.main([])


@functools.lru_cache(1)
def _opened(text):
    """Images and model, loaded once in a process.

    Raises:
        ValueError: they are not those that the command found.
    """
    order = json.loads(text)
    source, model = opened(order)
    for name, found in (("input", source.describe()), ("layer", computing.describe(layer_of(model)))):
        if json.loads(json.dumps(found)) != order["manifest"]["config"][name]:
            raise ValueError(f"{name} must be the same for all workers. Received: another {name}, {order[name]!r}")
    return source, model


def _direct_runner(wanted):
    """Beam's own runner of one machine; its `DirectRunner` would first try to download another one.

    Args:
        wanted: file that is there as long as processes are wanted; None for none but this one.
    """
    from apache_beam.runners.portability.fn_api_runner import FnApiRunner
    from apache_beam.transforms.environments import SubprocessSDKEnvironment

    if not wanted:
        return FnApiRunner()
    # A worker is a child of this process, with no shell between, so that it sees when this one dies.
    command = [*["exec"] * (os.name != "nt"), sys.executable, "-c", WORKER, str(os.getpid()), str(wanted)]
    return FnApiRunner(SubprocessSDKEnvironment.from_command_string(shlex.join(command)))


@contextlib.contextmanager
def _wanted(threads):
    """A file that Ctrl-C removes, which ends the workers; they inherit how many threads they take."""
    with tempfile.TemporaryDirectory() as folder:
        wanted = pathlib.Path(folder) / "wanted"
        wanted.touch()

        def stop(*_):
            wanted.unlink(missing_ok=True)
            raise KeyboardInterrupt

        set_here = {name: str(threads) for name in THREADS if threads}
        set_here |= {"KERAS_SCATTER_VERBOSE": "1"} if _is_loud() else {}
        earlier = {name: os.environ.get(name) for name in set_here}
        main = threading.current_thread() is threading.main_thread()
        handler = signal.signal(signal.SIGINT, stop) if main else None
        os.environ.update(set_here)
        try:
            yield wanted
        finally:
            if main:
                signal.signal(signal.SIGINT, handler)
            for name, value in earlier.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})


@contextlib.contextmanager
def _deaths():
    """An event that is set when a worker dies, and what Beam waits for is interrupted: it may wait for it for ever."""
    died, over, hook = threading.Event(), threading.Event(), threading.excepthook

    def watch(arguments):
        if "Worker subprocess exited" in str(arguments.exc_value):
            died.set()
            if not over.wait(GRACE) and hasattr(signal, "pthread_kill"):
                signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        elif _is_loud():
            hook(arguments)

    threading.excepthook = watch
    try:
        yield died
    finally:
        over.set()
        threading.excepthook = hook


@contextlib.contextmanager
def silence():
    """Beam logs every exception of a worker, and more; what is to be known is in the one that we raise."""
    if _is_loud():
        yield
        return
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(level)


def _is_loud():
    return bool(os.environ.get("KERAS_SCATTER_VERBOSE")) or "--verbose" in sys.argv


def _in_words(error):
    """The exception of a worker without the traceback that Beam makes of it."""
    found = FAILED.findall(str(error))
    if not found:
        return error
    kind, said = found[-1]
    return ValueError(said) if kind in ("", "ValueError") else RuntimeError(f"{kind}: {said}")

"""Seconds and memory of networks, in a process of their own: an earlier one would leave its memory behind."""

import json
import statistics
import subprocess
import sys
import time

import keras
import numpy as np

from keras_scatter.models import ScatResNet50
from keras_scatter.workflows.benchmark_worker import Memory


def footprint(order):
    """What a network takes, by a process of its own.

    Args:
        order: dict with `network`, a name of `NETWORKS`; `size`, pixels a side; `forward` and `training`, numbers of
            images in increasing order; `repetitions`.

    Returns:
        Dict of `parameters`, `forward`, seconds for a batch by its size, and `training`, bytes at the peak of a step by
        the size of its batch.

    Raises:
        ValueError: the process failed; what went wrong stands in its output.
    """
    code = "import sys; from keras_scatter.workflows.footprint import main; main(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", code, json.dumps(order)], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise ValueError(
            f"measuring {order['network']} at {order['size']} pixels failed; what went wrong stands above."
        )
    return json.loads(done.stdout.splitlines()[-1])


def main(order):
    """Measure, and print the result as the last line."""
    order = json.loads(order)
    build = NETWORKS[order.pop("network")]
    size = order.pop("size")
    print(json.dumps(measure(lambda: build(size), **order)))


def measure(build, forward, training, repetitions):
    """Seconds of the network that `build` gives, and the memory of its training, see `footprint`."""
    memory = Memory()
    memory.start()
    model = build()
    generator = np.random.default_rng(0)
    seconds, peaks = {}, {}
    model.compile(keras.optimizers.SGD(0.01, momentum=0.9), "sparse_categorical_crossentropy")
    # Training comes first: the peak counts all that was before.
    for batch in training:
        x = generator.normal(size=(batch, *model.input_shape[1:])).astype("float32")
        for _ in range(2):
            model.train_on_batch(x, np.zeros(batch, "int32"))
        peaks[batch] = memory.growth()
    for batch in forward:
        x = generator.normal(size=(batch, *model.input_shape[1:])).astype("float32")
        model.predict_on_batch(x)
        seconds[batch] = statistics.median(_timed(model.predict_on_batch, x) for _ in range(repetitions))
    return {"parameters": model.count_params(), "forward": seconds, "training": peaks}


def largest_batch(peaks, limit):
    """The largest batch whose training fits into `limit` bytes, from a line through measured peaks by batch.

    Example:

    >>> largest_batch({"1": 2e9, "2": 3e9, "4": 5e9}, 8e9)
    7
    """
    batches, values = np.array([(int(batch), peak) for batch, peak in peaks.items()], float).T
    slope, least = np.polyfit(batches, values, 1)
    return int((limit - least) / slope + 1e-6)


def _timed(function, *arguments):
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def _scat(scattering):
    def build(size):
        shape = (size // 8, size // 8, 75) if scattering is None else (size, size, 3)
        return ScatResNet50(shape, scattering=scattering)

    return build


def _resnet(name):
    return lambda size: getattr(keras.applications, name)(weights=None, input_shape=(size, size, 3))


NETWORKS = {
    "scat-resnet50": _scat("exact"),
    "scat-resnet50-learned": _scat(None),
    "resnet50": _resnet("ResNet50"),
    "resnet101": _resnet("ResNet101"),
}

"""Time, memory and multiply-adds of a loss on joint time-frequency scattering, of all paths and of one drawn at a time.

The transform is that of SCRAPL: four signals of 32,768 samples, J = 12, Q = (8, 2), J_fr = 3, Q_fr = 2, sums over time
and frequency. A step is loss and gradient, on the backend that KERAS_BACKEND names. Each loss has a process of its own.

    KERAS_BACKEND=jax python benchmarks/sampled_loss.py --out sampled_loss-jax.json
"""

import argparse
import json
import math
import statistics
import subprocess
import sys
import time

import keras
import numpy as np

from keras_scatter.files import write_json
from keras_scatter.layers import TimeFrequencyScattering
from keras_scatter.losses import ScatteringLoss
from keras_scatter.optimisation import Search, minimise
from keras_scatter.versions import versions
from keras_scatter.workflows.benchmark import machine
from keras_scatter.workflows.benchmark_worker import Memory

BATCH, SIZE = 4, 32768
ARGUMENTS = {"J": 12, "J_fr": 3, "Q": (8, 2), "Q_fr": 2, "T": "global", "F": "global"}
SAMPLES = {"whole": None, "one path": 1}


def multiply_adds(layer, size):
    """About the multiply-adds of the transform of one signal: Fourier transforms, and products along n1."""
    axes = layer._plan.axes((size,))
    padded, arrays = axes[0].length, layer._arrays(axes)
    levels = [node.level for node in layer._plan.first_nodes for _ in node.rows]
    total = _fft(padded) + sum(2 * _fft(padded >> level) for level in levels)
    for stack, bank in zip(layer._plan.stacks, arrays.stacks):
        rows, count = bank.analysis.shape
        if stack.wavelet is None:
            total += rows * count * (padded >> stack.level)
        else:
            samples = padded >> stack.level
            total += count * _fft(samples) + 2 * rows * count * samples
    return total


def mean_of_paths(layer, size, most=40):
    """The mean of `multiply_adds` over paths alone; of some at equal distances, where there are many."""
    some = layer.paths[:: -(-len(layer.paths) // most)]
    alone = [type(layer).from_config({**layer.get_config(), "paths": [list(path)]}) for path in some]
    return statistics.mean(multiply_adds(one, size) for one in alone)


def _fft(size):
    return 2.5 * size * math.log2(size)


def measure(layer, shape, sample, steps):
    """Seconds of each step but the first two, and bytes that the peak grows by in the first."""
    target, start = np.random.default_rng(0).normal(size=(2, *shape)).astype("float32")
    loss, memory, times, peaks = ScatteringLoss(layer, sample=sample, seed=0), Memory(), [], []

    class Clock(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            times.append(time.perf_counter())
            peaks.append(memory.growth())

    def function(x):
        value = loss(target, x)
        return value, value

    memory.start()
    search = Search(learning_rate=1e-3, iterations=steps + 1, drop_every=None, tolerance=None)
    minimise(function, start, search, Clock(), verbose=0)
    seconds = np.diff(times)[1:].tolist()
    return {"seconds": seconds, "median": statistics.median(seconds), "memory_bytes": peaks[0], "all_steps": peaks[-1]}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--out", help="JSON file for the result")
    parser.add_argument("--steps", type=int, default=11, help="steps that are timed (default: 11)")
    parser.add_argument("--only", choices=list(SAMPLES), help="measure this one in this process, and print the result")
    options = parser.parse_args(arguments)
    layer = TimeFrequencyScattering(**ARGUMENTS)
    if options.only:
        print(json.dumps(measure(layer, (BATCH, SIZE, 1), SAMPLES[options.only], options.steps)))
        return
    result = {"backend": keras.backend.backend(), "machine": machine(), "versions": versions(), "batch": BATCH}
    result["multiply_adds"] = {"whole": multiply_adds(layer, SIZE), "one path": mean_of_paths(layer, SIZE)}
    for name in SAMPLES:
        command = [sys.executable, __file__, "--only", name, "--steps", str(options.steps)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        result[name] = json.loads(done.stdout.splitlines()[-1])
        print(f"{name}: {result[name]['median']:.3g} s, {result[name]['memory_bytes'] / 1e6:.0f} MB in the first step")
    if options.out:
        write_json(options.out, result)


if __name__ == "__main__":
    main()

"""How many images a second `keras-scatter features` computes by one process of one thread, and by two of them.

Images are noise in a folder. The rate is that behind start-up: from when a tenth of the shards is there, to the end.
Both kinds of run take turns. It needs the extra `beam`, and a machine on which nothing else runs.

    python benchmarks/features.py --out features.json
"""

import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import keras
import numpy as np

from keras_scatter.features import load
from keras_scatter.versions import versions
from keras_scatter.workflows.benchmark import machine

LAYER = "ScatteringFFT(J=3)"
SIZE, SHARD = 64, 50
WORKERS = (1, 2)


def draw(folder, count):
    """Write so many images of noise."""
    folder.mkdir()
    generator = np.random.default_rng(0)
    for number in range(count):
        keras.utils.save_img(folder / f"{number:06}.png", generator.integers(0, 255, (SIZE, SIZE, 3)), scale=False)


def measure(images, out, workers):
    """Images a second behind start-up of one run, and how many cores other programs used meanwhile."""
    options = [f"--input={images}", f"--output={out}", f"--layer={LAYER}", f"--shard-size={SHARD}"]
    command = [sys.executable, "-m", "keras_scatter_command", "features", *options]
    start, before = time.monotonic(), busy_seconds()
    subprocess.run([*command, f"--workers={workers}", "--threads=1"], check=True, capture_output=True)
    others = (busy_seconds() - before) / (time.monotonic() - start)
    ends = sorted(path.stat().st_mtime for path in out.glob("shard-*.npz"))
    first = len(ends) // 10
    return SHARD * (len(ends) - 1 - first) / (ends[-1] - ends[first]), others


def busy_seconds():
    """Seconds that all cores were at work so far, without those of our own runs."""
    user, nice, system, _, _, *interrupts = map(int, pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:9])
    ours = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (user + nice + system + sum(interrupts)) / os.sysconf("SC_CLK_TCK") - ours.ru_utime - ours.ru_stime


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--images", type=int, default=5000, help="about a minute of work for one process")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--out", help="JSON file for the result")
    options = parser.parse_args(arguments)
    runs, contents = {workers: [] for workers in WORKERS}, set()
    with tempfile.TemporaryDirectory() as folder:
        images = pathlib.Path(folder) / "images"
        draw(images, options.images)
        for turn in range(options.repetitions):
            for workers in WORKERS:
                out = pathlib.Path(folder) / f"{turn}-{workers}"
                rate, others = measure(images, out, workers)
                runs[workers].append({"images_per_second": rate, "cores_of_other_programs": others})
                contents.add(json.dumps(json.loads((out / "manifest.json").read_text())["shards"]))
                print(f"workers {workers}: {rate:.1f} images/s, other programs used {others:.2f} cores", flush=True)
        shape = load(out).shape
    one, two = (statistics.median(run["images_per_second"] for run in runs[workers]) for workers in WORKERS)
    result = {"layer": LAYER, "images": options.images, "size": SIZE, "shard_size": SHARD, "features": shape}
    result |= {"runs_by_workers": runs, "ratio": two / one, "same_bytes": len(contents) == 1}
    result |= {"machine": machine(), "versions": versions()}
    print(f"ratio of the medians {result['ratio']:.2f}, same bytes: {result['same_bytes']}")
    if options.out:
        pathlib.Path(options.out).write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()

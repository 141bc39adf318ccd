"""How many images a second `keras-scatter features` computes by one process of one thread, and by two of them.

Images are noise in a folder. The rate is that behind start-up: from when a tenth of the shards is there, to the end.
Both kinds of run take turns. It needs the extra `beam`, and a machine on which nothing else runs.

    python benchmarks/features.py --out features.json
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

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
    """Images a second behind start-up, of one run."""
    options = [f"--input={images}", f"--output={out}", f"--layer={LAYER}", f"--shard-size={SHARD}"]
    command = [sys.executable, "-m", "keras_scatter_command", "features", *options]
    subprocess.run([*command, f"--workers={workers}", "--threads=1"], check=True, capture_output=True)
    ends = sorted(path.stat().st_mtime for path in out.glob("shard-*.npz"))
    first = len(ends) // 10
    return SHARD * (len(ends) - 1 - first) / (ends[-1] - ends[first])


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--images", type=int, default=5000, help="about a minute of work for one process")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--out", help="JSON file for the result")
    options = parser.parse_args(arguments)
    rates, loads, contents = {workers: [] for workers in WORKERS}, [], set()
    with tempfile.TemporaryDirectory() as folder:
        images = pathlib.Path(folder) / "images"
        draw(images, options.images)
        for turn in range(options.repetitions):
            for workers in WORKERS:
                loads.append(os.getloadavg()[0])
                out = pathlib.Path(folder) / f"{turn}-{workers}"
                rates[workers].append(measure(images, out, workers))
                contents.add(json.dumps(json.loads((out / "manifest.json").read_text())["shards"]))
                print(
                    f"{workers} processes: {rates[workers][-1]:.1f} images/s, load before {loads[-1]:.1f}", flush=True
                )
        shape = load(out).shape
    medians = {workers: statistics.median(found) for workers, found in rates.items()}
    result = {"layer": LAYER, "images": options.images, "size": SIZE, "shard_size": SHARD, "features": shape}
    result |= {"images_per_second": rates, "ratio": medians[2] / medians[1], "same_bytes": len(contents) == 1}
    result |= {"load_before": loads, "machine": machine(), "versions": versions()}
    print(f"ratio of the medians {result['ratio']:.2f}, same bytes: {result['same_bytes']}")
    if options.out:
        pathlib.Path(options.out).write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()

"""How the memory of one process grows while a layer meets more and more sizes.

One `ScatteringFFT1D` transforms signals of 300 lengths, then one `ScatteringFFT` images of 300 sizes, by eager calls on
the backend that KERAS_BACKEND names. Filters and compiled programs of earlier sizes must not pile up.

    KERAS_BACKEND=jax python benchmarks/memory_growth.py --out growth.json
"""

import argparse
import json
import pathlib

import keras
import numpy as np

from keras_scatter import layers

SIZES = 300
EVERY = 50


def lengths():
    return in_any_order([(256 + 7 * n,) for n in range(SIZES)])


def image_sizes():
    return in_any_order([(32 + n % 20, 32 + n // 20) for n in range(SIZES)])


def in_any_order(sizes):
    """So that later sizes are no larger than earlier ones: what grows then is what is never freed."""
    return [sizes[i] for i in np.random.default_rng(0).permutation(len(sizes))]


def resident_bytes():
    status = pathlib.Path("/proc/self/status").read_text()
    return 1024 * int(status.split("VmRSS:")[1].split()[0])


def measure(name, layer, sizes):
    """Resident memory before the first call and after every 50th, in bytes."""
    resident = [resident_bytes()]
    for count, size in enumerate(sizes, 1):
        x = np.random.default_rng(count).random((1, *size, 1), dtype="float32")
        keras.ops.convert_to_numpy(layer(x))
        if count % EVERY == 0:
            resident.append(resident_bytes())
            print(f"{name}: {count} sizes, {resident[-1] / 1e6:.0f} MB", flush=True)
    growth = resident[-1] - resident[1]
    print(f"{name}: {growth / 1e6:+.0f} MB after the first {EVERY} sizes")
    return {"resident_bytes": resident, "growth_bytes": growth}


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--only", choices=["signals", "images"], help="one of the two (default: both)")
    parser.add_argument("--out", help="JSON file for the result")
    options = parser.parse_args(arguments)
    result = {"backend": keras.backend.backend(), "keras": keras.__version__, "every": EVERY}
    if options.only != "images":
        result["signals"] = measure("signals", layers.ScatteringFFT1D(J=4, Q=4), lengths())
    if options.only != "signals":
        result["images"] = measure("images", layers.ScatteringFFT(J=2, L=4), image_sizes())
    if options.out:
        pathlib.Path(options.out).write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()

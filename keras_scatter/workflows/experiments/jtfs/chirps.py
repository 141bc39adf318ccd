"""Parameters of a synthesiser, found again by gradient descent on distances of its sounds."""

import dataclasses
import math

import keras
import numpy as np
from keras import ops

from keras_scatter.backend.modulus import smooth_root
from keras_scatter.layers import TimeFrequencyScattering
from keras_scatter.losses import ScatteringLoss
from keras_scatter.optimisation import Search, minimise
from keras_scatter.workflows import charts
from keras_scatter.workflows.experiment import Series, chosen, given

RATE, SIZE = 4000, 4096  # samples a second, and samples
# Frequency in the middle and of the amplitude (Hz), and octaves a second.
PARAMETERS = {"f0": (300.0, 600.0), "rate": (0.5, 3.0), "modulation": (4.0, 16.0)}
WINDOWS = (2048, 1024, 512, 256, 128, 64)
LEARNING_RATE, STEPS = 0.03, 100
FOUND = 0.05  # of the range of a parameter
BATCH = 4  # sounds that are searched for together


@dataclasses.dataclass(frozen=True, kw_only=True)
class Chirps(Series):
    """How many sounds are found again, by distance.

    Files: `LOSS/SEED.json`, with targets and parameters by step, as parts of their ranges.
    """

    figure = "errors.png"
    pattern = "*/*.json"

    def plan(self, quick, seeds: int | None = None, only: list[str] | None = None, steps: int | None = None):
        """As in `Experiment`.

        Args:
            seeds: sets of four pairs of a target and a start (default: 5).
            only: joint-scattering or spectrograms (default: both).
            steps: of gradient descent (default: 100).
        """
        names = chosen(only, LOSSES, LOSSES)
        seeds = given("seeds", seeds, 1 if quick else 5)
        protocol = {
            "size": 256 if quick else SIZE,
            "steps": given("steps", steps, 3 if quick else STEPS),
            "parameters": {name: list(bounds) for name, bounds in PARAMETERS.items()},
        }
        return protocol, [f"{name}/{seed}" for seed in range(seeds) for name in names]

    def parts(self, protocol):
        return tuple(LOSSES)

    def measure(self, job, protocol, data, out, verbose):
        """Search for four sounds, each from a start of its own."""
        name, seed = job.split("/")
        generator = np.random.default_rng(int(seed))
        target, start = generator.uniform(size=(2, BATCH, len(PARAMETERS))).astype("float32")
        way = descend(LOSSES[name](protocol["size"]), target, start, protocol["size"], protocol["steps"])
        return {"loss": name, "seed": int(seed), "target": target.tolist(), "way": np.round(way, 5).tolist()}

    def rows(self, results):
        """Errors by distance, as parts of the range of a parameter."""
        rows = {}
        for name in LOSSES:
            found = [result for result in results.values() if result["loss"] == name]
            if found:
                # (sound, step, parameter)
                errors = np.concatenate([abs(np.array(r["way"]) - np.array(r["target"])[:, None]) for r in found])
                rows[name] = {
                    "sounds": len(errors),
                    "found": float((errors[:, -1].max(1) <= FOUND).mean()),
                    "median": dict(zip(PARAMETERS, np.median(errors[:, -1], 0).tolist())),
                    "by_step": np.median(errors.max(2), 0).tolist(),
                    "last": errors[:, -1].tolist(),
                }
        return rows

    def tables(self, summary):
        lines = [
            [name, str(row["sounds"]), f"{100 * row['found']:.0f} %"]
            + [f"{100 * error:.2g} %" for error in row["median"].values()]
            for name, row in summary["rows"].items()
        ]
        return {None: [["distance", "sounds", "found", *PARAMETERS], *lines]}

    def draw(self, summary):
        """The largest error of a parameter by step, and the last errors of all sounds in order."""
        figure, (left, right) = charts.subplots(1, 2, figsize=(9, 3.5))
        for name, row in summary["rows"].items():
            left.plot([100 * error for error in row["by_step"]], label=name)
            last = 100 * np.sort(np.max(row["last"], 1))
            right.plot(100 * (np.arange(len(last)) + 1) / len(last), last, marker=".", label=name)
        left.set(xlabel="step", ylabel="median error (% of the range)", yscale="log")
        right.set(xlabel="sounds (%)", ylabel="last error (% of the range)", yscale="log")
        right.axhline(100 * FOUND, color="gray", linewidth=0.8)
        left.legend()
        return figure


def chirp(parameters, size):
    """Chirps `(n, size, 1)`: an exponential sweep with a modulated amplitude, under a window of Hann.

    `w(t) (1 + cos(2 pi m t)) / 2 cos(2 pi f0 (2^(r t) - 1) / (r log 2))`, t = 0 in the middle.

    Args:
        parameters: `(n, 3)`, f0, r and m as parts of their ranges.
    """
    low, high = (ops.convert_to_tensor(bounds, "float32") for bounds in zip(*PARAMETERS.values()))
    f0, rate, modulation = ops.split(low + (high - low) * parameters, len(PARAMETERS), axis=1)
    t = ops.convert_to_tensor((np.arange(size) - size / 2) / RATE, "float32")
    octaves = math.log(2) * rate
    phase = f0 * ops.expm1(octaves * t) / octaves
    amplitude = ops.convert_to_tensor(np.hanning(size), "float32") * (1 + ops.cos(2 * math.pi * modulation * t)) / 2
    return (amplitude * ops.cos(2 * math.pi * phase))[..., None]


def joint_scattering(size):
    """Distance of joint time-frequency scattering."""
    J = int(math.log2(size)) - 2
    return ScatteringLoss(TimeFrequencyScattering(J, 3, 8, T="global", F="global"), reduction=None)


def spectrograms(size):
    """Mean differences of spectrograms of several windows, and of their logarithms."""

    def distance(target, found):
        total = 0.0
        for window in WINDOWS:
            if window <= size:
                first, second = (spectrogram(sounds[..., 0], window) for sounds in (target, found))
                differences = ops.abs(first - second) + ops.abs(ops.log(first + 1e-3) - ops.log(second + 1e-3))
                total = total + ops.mean(differences, axis=(1, 2))
        return total

    return distance


def spectrogram(sounds, window):
    """Moduli of the Fourier transforms of windows that overlap by three quarters, `(n, frames, frequencies)`."""
    real, imaginary = ops.stft(sounds, window, window // 4, window)
    return smooth_root(real * real + imaginary * imaginary)


LOSSES = {"joint-scattering": joint_scattering, "spectrograms": spectrograms}


def descend(distance, target, start, size, steps):
    """Parameters by step `(n, steps + 1, 3)`, from the start."""
    wanted = keras.ops.convert_to_tensor(keras.ops.convert_to_numpy(chirp(target, size)))
    way = []

    def function(parameters):
        loss = ops.sum(distance(wanted, chirp(parameters, size)))
        return loss, loss

    class Record(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            way.append(np.array(ops.convert_to_numpy(self.model.evaluated)))

    search = Search(learning_rate=LEARNING_RATE, iterations=steps, drop_every=None, tolerance=None, keep="last")
    minimise(function, start, search, Record(), verbose=0)
    return np.stack(way, 1)


EXPERIMENT = Chirps(
    module=__name__,
    title="Chirps found again by gradient descent",
    note=f"Chirps of {SIZE} samples at {RATE} a second. Targets and starts are drawn anew for each sound, frequency "
    "(300 to 600 Hz), rate (0.5 to 3 octaves a second) and modulation of the amplitude (4 to 16 Hz) evenly from their "
    f"ranges; {STEPS} steps of Adam at {LEARNING_RATE} on parts of these. Found are those of which every parameter "
    f"ends within {100 * FOUND:.0f} % of its range; errors are medians.",
)

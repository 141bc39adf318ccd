"""The Free Spoken Digit Dataset: 3,000 recordings of ten digits by six speakers, 8 kHz."""

import pathlib
from typing import NamedTuple

import numpy as np
import scipy.io.wavfile

from keras_scatter.arguments import check_integer
from keras_scatter.optional import require

HELD_OUT = 5  # recordings of a digit and a speaker that are for testing: those with index 0 to 4


class SpokenDigits(NamedTuple):
    """Recordings, each divided by its peak and centred among zeros.

    Attributes:
        signals: `(N, size)` float32.
        digits: `(N,)` int64.
        speakers: tuple of N names.
        indices: `(N,)` int64, the number of the recording among those of its digit and speaker.
    """

    signals: np.ndarray
    digits: np.ndarray
    speakers: tuple
    indices: np.ndarray

    @property
    def is_held_out(self):
        """Which recordings are for testing, `(N,)` bool."""
        return self.indices < HELD_OUT

    def __getitem__(self, chosen):
        """Those recordings that a mask `(N,)` chooses, or a field by its number."""
        if isinstance(chosen, (int, slice)):
            return tuple.__getitem__(self, chosen)
        speakers = tuple(np.array(self.speakers)[chosen].tolist())
        return SpokenDigits(self.signals[chosen], self.digits[chosen], speakers, self.indices[chosen])


def load(folder=None, size=8192):
    """Read the recordings.

    Args:
        folder: where files such as `7_jackson_32.wav` are, also deeper in it. None takes TensorFlow Datasets'
            `spoken_digit`, if it is there already: nothing is downloaded.
        size: samples of each signal; of longer recordings the first ones are kept.

    Returns:
        `SpokenDigits`, sorted by digit, speaker and index.

    Raises:
        ValueError: there are no recordings, or a file is none.
    """
    size = check_integer("size", size)
    read = _from_tfds() if folder is None else _from_folder(pathlib.Path(folder))
    found = sorted(((_parts(name), samples) for name, samples in read), key=lambda recording: recording[0])
    if not found:
        raise ValueError(f"folder must hold files such as 7_jackson_32.wav. Received: folder={str(folder)!r}")
    keys, recordings = zip(*found)
    digits, speakers, indices = zip(*keys)
    return SpokenDigits(
        np.stack([_centred(samples, size) for samples in recordings]), np.array(digits), speakers, np.array(indices)
    )


def _from_folder(folder):
    for path in folder.rglob("*_*_*.wav"):
        try:
            _, samples = scipy.io.wavfile.read(path)
        except (ValueError, OSError, EOFError) as error:
            raise ValueError(f"{path} is damaged: {error}") from error
        yield path.stem, samples


def _from_tfds():
    try:
        found = require("tensorflow_datasets", "datasets").load("spoken_digit", split="train", download=False)
    except AssertionError as error:
        raise ValueError(
            "TensorFlow Datasets must have spoken_digit in TFDS_DATA_DIR already, or the folder of the recordings must "
            f"be given. Received: folder=None ({error})"
        ) from error
    for example in found.as_numpy_iterator():
        yield example["audio/filename"].decode().removesuffix(".wav"), example["audio"]


def _parts(name):
    try:
        digit, speaker, index = name.split("_")
        return int(digit), speaker, int(index)
    except ValueError as error:
        raise ValueError(f"A recording must be called like 7_jackson_32.wav. Received: {name}.wav") from error


def _centred(samples, size):
    samples = np.asarray(samples, "float32").reshape(len(samples), -1)[:size, 0]
    peak = abs(samples).max(initial=0)
    before = (size - len(samples)) // 2
    return np.pad(samples / peak if peak else samples, (before, size - len(samples) - before))

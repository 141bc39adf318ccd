import json
import pathlib

import keras
import numpy as np
from compare import on_torch, once

from keras_scatter.cli import main
from keras_scatter.workflows.experiments.jtfs import chirps


def test_the_quick_form(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["reproduce", "jtfs/chirps", "--quick"]) == 0
    out = pathlib.Path("runs/jtfs/chirps-quick")
    rows = json.loads((out / "summary.json").read_text())["rows"]
    assert set(rows) == set(chirps.LOSSES) and (out / "errors.png").exists()
    for row in rows.values():
        assert np.isfinite(row["by_step"]).all() and len(row["by_step"]) == 4


@once
def test_a_chirp_has_its_frequency_and_rate():
    parts = np.array([[0.25, 0.2, 0.5], [0.25, 0.2, 0.9]], "float32")
    sound, other = keras.ops.convert_to_numpy(chirps.chirp(parts, chirps.SIZE))[..., 0]
    assert abs(sound - other).max() > 0.1
    # Zero crossings where the amplitude is large: f0 in the middle, twice f0 after one octave.
    f0, rate = 300 + 0.25 * 300, 0.5 + 0.2 * 2.5
    for octaves in (-0.2, 0.0, 0.2):
        middle = chirps.SIZE // 2 + round(chirps.RATE * octaves / rate)
        crossings = np.sum(np.diff(np.sign(sound[middle - 100 : middle + 100])) != 0)
        assert abs(crossings - 2 * f0 * 2**octaves * 200 / chirps.RATE) <= 2


@on_torch
def test_spectrograms_find_a_chirp_that_is_near():
    target = np.array([[0.5, 0.5, 0.5]], "float32")
    way = chirps.descend(chirps.spectrograms(2048), target, target + np.float32(0.02), 2048, 30)
    assert way.shape == (1, 31, 3)
    errors = abs(way - target)[0]
    assert errors[-1, 0] < 0.5 * errors[0, 0]

import sys

import numpy as np
import pytest
import scipy.io.wavfile
from compare import once

from keras_scatter.workflows import spoken_digits

pytestmark = once


def record(folder, name, samples):
    folder.mkdir(exist_ok=True)
    scipy.io.wavfile.write(folder / f"{name}.wav", 8000, np.asarray(samples, "int16"))


def test_recordings_are_sorted_scaled_and_centred(tmp_path):
    record(tmp_path / "deeper", "7_ann_12", [0, -4000, 2000])
    record(tmp_path, "7_ann_3", np.arange(12))
    record(tmp_path, "0_bob_0", np.zeros(4))
    found = spoken_digits.load(tmp_path, size=8)
    assert found.digits.tolist() == [0, 7, 7] and found.indices.tolist() == [0, 3, 12]
    assert found.speakers == ("bob", "ann", "ann")
    assert found.signals.dtype == np.float32
    expected = [np.zeros(8), np.arange(8) / 7, [0, 0, 0, -1, 0.5, 0, 0, 0]]
    np.testing.assert_allclose(found.signals, expected, rtol=1e-6)
    held_out = found[found.is_held_out]
    assert held_out.digits.tolist() == [0, 7] and held_out.speakers == ("bob", "ann")


def test_bad_folders(tmp_path):
    with pytest.raises(ValueError, match=r"folder must hold files such as 7_jackson_32\.wav"):
        spoken_digits.load(tmp_path)
    record(tmp_path, "a_b_c", [1, 2])
    with pytest.raises(ValueError, match=r"A recording must be called like 7_jackson_32\.wav\. Received: a_b_c\.wav"):
        spoken_digits.load(tmp_path)
    (tmp_path / "a_b_c.wav").write_bytes(b"nothing")
    with pytest.raises(ValueError, match=r"a_b_c\.wav is damaged"):
        spoken_digits.load(tmp_path)


def test_without_a_folder_tensorflow_datasets_is_needed(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    with pytest.raises(ImportError, match=r"pip install 'keras_scatter\[datasets\]'"):
        spoken_digits.load()

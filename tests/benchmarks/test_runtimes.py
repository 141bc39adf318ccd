import numpy as np
import pytest
from compare import BACKEND, assert_close, images

from benchmarks import runtimes
from keras_scatter.layers import ScatteringFFT

pytestmark = pytest.mark.skipif(BACKEND != "tensorflow", reason="times files that TensorFlow writes")


def test_every_file_runs_or_says_why_not(tmp_path, monkeypatch):
    for package in ("onnxruntime", "tf2onnx", "openvino"):
        pytest.importorskip(package)
    monkeypatch.setattr(runtimes, "SECONDS", 1e-6)
    layer = ScatteringFFT(J=1, L=2)
    programs = runtimes.loaded(runtimes.exported(layer, 16, tmp_path))
    x = images(2, 16, 16, 1)
    for name, run in programs.items():
        if isinstance(run, str):
            assert "int8" in name and "must be at most" in run
        else:
            assert_close(run(x)[0], layer(x), 0.02 if "int8" in name or "bfloat16" in name else 1e-5)
    found = runtimes.measure(programs, x, turns=1)
    assert list(found) == list(runtimes.FILES)
    assert all(np.isfinite(one["seconds"]) if "seconds" in one else one["reason"] for one in found.values())
    assert sum("seconds" in one for one in found.values()) >= 6

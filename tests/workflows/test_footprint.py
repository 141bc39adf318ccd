import json

import keras
import pytest
from compare import once

from keras_scatter.workflows import footprint


def test_measure():
    def build():
        layers = [keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")]
        return keras.Sequential(layers)

    found = footprint.measure(build, forward=[1, 3], training=[1, 2], repetitions=2)
    assert found["parameters"] == 3 * (8 * 8 * 3 + 1)
    assert list(found["forward"]) == [1, 3] and all(0 < seconds < 10 for seconds in found["forward"].values())
    # The kernel counts pages in batches.
    assert list(found["training"]) == [1, 2] and -(2**21) < found["training"][1] < found["training"][2] + 2**21


@once
def test_a_process_of_its_own(monkeypatch):
    asked = {}

    class Done:
        returncode, stdout = 0, 'noise\n{"parameters": 1}\n'

    def start(command, **options):
        asked.update(json.loads(command[-1]))
        return Done

    monkeypatch.setattr(footprint.subprocess, "run", start)
    order = {"network": "resnet50", "size": 224, "forward": [1], "training": [1], "repetitions": 1}
    assert footprint.footprint(order) == {"parameters": 1} and asked == order
    Done.returncode = 1
    with pytest.raises(ValueError, match="measuring resnet50 at 224 pixels failed"):
        footprint.footprint(order)


@once
def test_the_largest_batch():
    assert footprint.largest_batch({"1": 2e9, "3": 4e9}, 8e9) == 7
    assert footprint.largest_batch({1: 2e9, 2: 3e9, 4: 5e9}, 7.99e9) == 6


@once
@pytest.mark.parametrize("name", ["scat-resnet50", "scat-resnet50-learned"])
def test_networks(name, monkeypatch):
    monkeypatch.setattr(
        keras.initializers.VarianceScaling, "__call__", lambda self, *args, **kw: keras.ops.zeros(*args)
    )
    model = footprint.NETWORKS[name](64)
    assert model.input_shape == ((None, 8, 8, 75) if name.endswith("learned") else (None, 64, 64, 3))
    assert model.count_params() == 27_850_856 + 58_112

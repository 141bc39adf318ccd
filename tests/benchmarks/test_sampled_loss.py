import numpy as np
from compare import on_torch

from benchmarks import sampled_loss
from keras_scatter.layers import TimeFrequencyScattering


@on_torch
def test_a_path_costs_less_than_a_tenth_of_all():
    layer = TimeFrequencyScattering(**sampled_loss.ARGUMENTS)
    whole = sampled_loss.multiply_adds(layer, sampled_loss.SIZE)
    assert whole > 10 * sampled_loss.mean_of_paths(layer, sampled_loss.SIZE, most=12)


@on_torch
def test_steps_are_measured():
    layer = TimeFrequencyScattering(J=4, J_fr=2, Q=4)
    for sample in (None, 1):
        found = sampled_loss.measure(layer, (1, 128, 1), sample, steps=2)
        assert len(found["seconds"]) == 2 and min(found["seconds"]) > 0 and np.isfinite(found["median"])
        assert 0 <= found["memory_bytes"] <= found["all_steps"]

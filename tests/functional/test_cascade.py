import gc
import weakref

import numpy as np
import pytest
from compare import assert_close, images
from keras import ops

from keras_scatter.functional import cascade
from keras_scatter.plan.images import image_plan


class Decimating(cascade.Stages):
    """Stages without filters: waves are every 2**(level - source)-th sample, once for each wavelet, doubled."""

    def __init__(self, plan, axes, arrays, dtype):
        self.axes, self.arrays = axes, arrays

    def analyse(self, moduli, node):
        return moduli

    def waves(self, moduli, band):
        step = 2 ** (band.level - band.source)
        waves = ops.repeat(2 * moduli[:, :, ::step, ::step], len(band.wavelets), axis=1)
        return waves, -waves

    def modulus(self, waves):
        return waves[0]

    def parts(self, waves):
        return waves

    def average(self, moduli, level):
        return moduli[:, :, :: 2 ** (2 - level), :: 2 ** (2 - level)]


def test_every_path_goes_through_its_stages():
    x, plan = images(2, 16, 12), image_plan(2, 3, 2, "periodic")
    maps = cascade.scatter(ops.convert_to_tensor(x), (), Decimating, plan, "scattering")
    for k, path in enumerate(plan.paths):
        assert_close(maps[:, k], 2**path.order * x[:, ::4, ::4], 0)


@pytest.mark.parametrize("output", ["modulus", "wavelet"])
def test_maps_in_front_of_the_average(output):
    x, plan = images(1, 16, 12), image_plan(2, 3, 2, "periodic")
    found = cascade.scatter(ops.convert_to_tensor(x), (), Decimating, plan, output)
    paths = [path for path in plan.paths if path.order or output == "modulus"]
    assert len(found) == len(paths)
    for maps, path in zip(found, paths):
        step = 2 ** path.scales[-1] if path.order else 1
        expected = 2**path.order * x[:, ::step, ::step]
        for part, sign in zip(maps if output == "wavelet" else [maps], (1, -1)):
            assert_close(part, sign * expected, 0)


def test_rows_go_on_in_parts_where_they_are_large(monkeypatch):
    x, plan = images(2, 16, 12), image_plan(2, 3, 2, "periodic")
    whole = cascade.scatter(ops.convert_to_tensor(x), (), Decimating, plan, "scattering")
    monkeypatch.setattr(cascade, "chunk_size", lambda size: 2)
    parts = cascade.scatter(ops.convert_to_tensor(x), (), Decimating, plan, "scattering")
    assert_close(parts, whole, 0)


def test_nothing_is_kept_after_a_call():
    """What the wavelets are made of can be large, so it must be free before garbage is collected."""

    filters = {"bank": np.zeros(1)}
    alive = weakref.ref(filters["bank"])
    gc.collect()
    gc.disable()
    try:
        plan = image_plan(2, 3, 2, "periodic")
        maps = cascade.scatter(ops.convert_to_tensor(images(2, 16, 16)), filters, Decimating, plan, "scattering")
        del filters
        assert alive() is None
    finally:
        gc.enable()
    assert tuple(maps.shape) == (2, 1 + 2 * 3 + 9, 4, 4)

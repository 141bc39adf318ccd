import numpy as np
import pytest
from compare import BACKEND, assert_close, images
from keras import ops

from keras_scatter.functional.channels import Layout, Transform, transform
from keras_scatter.layers import ScatteringFFT
from keras_scatter.plan.images import image_plan

PLAN = image_plan(1, 1, 1, "periodic", None)


def powers(planes, arrays, plan, output):
    """Two maps of each plane: itself and its square."""
    maps = planes, planes * planes
    return ops.stack(maps, axis=1) if output == "scattering" else maps


@pytest.mark.parametrize("chunk", [None, 0, 1, 4])
@pytest.mark.parametrize("last", [True, False])
def test_feature_2c_plus_k_is_map_k_of_channel_c(chunk, last):
    x = images(3, 4, 6, 2)
    given = x if last else np.moveaxis(x, -1, 1)
    layout = Layout(2, last, "float32", "float32")
    found = transform(ops.convert_to_tensor(given), (), Transform(powers, PLAN, "scattering", chunk), layout)
    expected = np.stack([x, x * x], -1).reshape(3, 4, 6, 4)
    assert_close(found, expected if last else np.moveaxis(expected, -1, 1))
    first, second = transform(ops.convert_to_tensor(given), (), Transform(powers, PLAN, "modulus", chunk), layout)
    assert_close(first, given)
    assert_close(second, given * given)


@pytest.mark.skipif(BACKEND != "jax", reason="other backends compile no single operations")
def test_a_new_size_is_one_program():
    """Operations outside of it would keep a program each, and so would the conversion of the images."""
    import jax

    compiled, layer = [], ScatteringFFT(J=1, L=2, order=1)
    layer(images(1, 8, 8, 1))

    def count(event, seconds, **others):
        compiled.extend([event] * event.endswith("backend_compile_duration"))

    jax.monitoring.register_event_duration_secs_listener(count)
    for size in (9, 10, 11):
        layer(images(1, 8, size, 1).astype("float32"))
    assert len(compiled) == 3

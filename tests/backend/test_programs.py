import functools
import logging
from typing import NamedTuple

import numpy as np
import pytest
from compare import BACKEND, assert_close
from keras import ops

from keras_scatter.backend import programs
from keras_scatter.backend.programs import compiled, in_xla

pytestmark = pytest.mark.keras_version

tensorflow_only = pytest.mark.skipif(BACKEND != "tensorflow", reason="XLA programs of TensorFlow")


@pytest.mark.parametrize("xla", [False, True])
def test_shapes_and_static_arguments_may_change(xla):
    function = compiled(xla_under_tensorflow=xla)(lambda x, y, *, power: x**power + y)
    for size, power in ((2, 1), (3, 1), (3, 2)):
        x = np.arange(size, dtype="float32")
        found = function(ops.convert_to_tensor(x), ops.convert_to_tensor(np.float32(1)), power=power)
        assert_close(found, x**power + 1)


@tensorflow_only
def test_gradients_of_an_xla_program():
    """Of nested results, for the leading tensors only, once and twice."""
    import tensorflow as tf

    @compiled(xla_under_tensorflow=True, differentiable=2)
    def function(x, y, constants):
        assert in_xla()
        return x * y**2, (x**3 * constants[0],)

    x, y, constant = (tf.constant(values) for values in ([1.0, 2.0], [3.0, -1.0], [2.0, 2.0]))
    with tf.GradientTape() as outer:
        outer.watch([x, y, constant])
        with tf.GradientTape() as tape:
            tape.watch([x, y, constant])
            first, (second,) = function(x, y, (constant,))
            total = tf.reduce_sum(first) + tf.reduce_sum(second)
        by_x, by_y, by_constant = tape.gradient(total, [x, y, constant])
        slope = tf.reduce_sum(by_x**2)
    assert_close(by_x, y**2 + 3 * x**2 * constant)
    assert_close(by_y, 2 * x * y)
    assert by_constant is None
    assert_close(outer.gradient(slope, x), 2 * (y**2 + 6 * x**2) * 12 * x)


@tensorflow_only
def test_autograph_does_not_warn_of_a_program(caplog):
    import tensorflow as tf

    function = compiled(xla_under_tensorflow=False)(functools.partial(lambda x, y: x + y, 1))
    logger = logging.getLogger("tensorflow")
    logger.addHandler(caplog.handler)
    try:
        assert tf.function(lambda x: function(x))(tf.constant(2)).numpy() == 3
    finally:
        logger.removeHandler(caplog.handler)
    assert not caplog.records


@tensorflow_only
def test_an_argument_without_influence_has_gradient_zero():
    import tensorflow as tf

    function = compiled(xla_under_tensorflow=True, differentiable=2)(lambda x, y: 2 * x)
    x, y = tf.constant([1.0]), tf.constant([1.0])
    with tf.GradientTape() as tape:
        tape.watch([x, y])
        found = function(x, y)
    assert [gradient.numpy().tolist() for gradient in tape.gradient(found, [x, y])] == [[2.0], [0.0]]


def test_outside_of_xla():
    assert not in_xla()


def test_arrays_in_nested_arguments_are_traced():
    """Everything else is a constant, and named tuples stay what they are."""
    calls = []

    class Pair(NamedTuple):
        array: object
        power: int

    @compiled(xla_under_tensorflow=False)
    def function(x, pairs, *, options):
        calls.append(options)
        return x + sum(pair.array**pair.power for pair in pairs["pairs"]) * options["factor"][0]

    x, y = (ops.convert_to_tensor(np.array(values, "float32")) for values in ([1.0, 2.0], [3.0, 4.0]))
    for power in (1, 2, 1):
        found = function(x, {"pairs": [Pair(y, power), Pair(x, 1)]}, options={"factor": (2,)})
        assert_close(found, [1 + 2 * (3**power + 1), 2 + 2 * (4**power + 2)])
    assert len(calls) == (3 if BACKEND == "torch" else 2)


@pytest.mark.skipif(BACKEND == "torch", reason="PyTorch runs functions as they are")
@pytest.mark.parametrize("xla", [False, True])
def test_the_number_of_programs_is_bounded(monkeypatch, xla):
    monkeypatch.setattr(programs, "PROGRAMS", 3)
    monkeypatch.setattr(programs, "XLA_SHAPES", 2)
    function = compiled(xla_under_tensorflow=xla)(lambda x: 2 * x)
    for size in (1, 2, 3, 4, 5, 6, 1, 2):
        assert_close(function(ops.ones((1, size))), 2 * np.ones((1, size)))
    kept = function.programs
    if BACKEND == "jax" or not xla:
        assert len(kept.latest) == 3
    else:
        # The first two stay, because TensorFlow would not free them; others come and go.
        assert len(kept.xla) == 2 and len(kept.latest) == 3


@tensorflow_only
def test_later_shapes_run_without_xla(monkeypatch):
    monkeypatch.setattr(programs, "XLA_SHAPES", 1)
    function = compiled(xla_under_tensorflow=True)(lambda x: x * int(in_xla()))
    found = [float(ops.sum(function(ops.ones((1, size))))) for size in (2, 3, 2)]
    assert found == [2.0, 0.0, 2.0]


@tensorflow_only
def test_inside_of_an_xla_program_a_function_is_a_part_of_it():
    """A program of its own would have no gradients there."""
    import tensorflow as tf

    function = compiled(xla_under_tensorflow=True)(lambda x: 2 * x)
    assert_close(tf.function(function, jit_compile=True)(ops.ones((1, 2))), np.full((1, 2), 2))
    assert not function.programs.xla and not function.programs.latest


@tensorflow_only
def test_a_graph_holds_inner_functions_itself():
    import tensorflow as tf

    function = compiled(xla_under_tensorflow=False)(lambda x: 2 * x)
    assert_close(tf.function(function)(ops.ones((1, 3))), 2 * np.ones((1, 3)))
    assert not function.programs.latest
    function(ops.ones((1, 3)))
    assert len(function.programs.latest) == 1

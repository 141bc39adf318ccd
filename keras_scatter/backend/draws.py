"""Random integers that a compiled program draws anew whenever it runs."""

import random

import keras
import numpy as np


class Draws:
    """A source of random integers, the same ones for the same seed.

    A generator of Keras keeps its state in a variable. JAX would take that for a constant where it is no variable of
    the model that is trained, as that of a loss: there the numbers come from the host.

    Args:
        seed: an integer, or None for one that is drawn as `keras.utils.set_random_seed` has it.
    """

    def __init__(self, seed):
        if keras.backend.backend() == "jax":
            self._generator = np.random.default_rng(random.randrange(2**32) if seed is None else seed)
        else:
            self._generator = keras.random.SeedGenerator(seed)

    def integers(self, count, below):
        """`count` integers from 0 on, int32."""
        if keras.backend.backend() != "jax":
            return keras.random.randint((count,), 0, below, seed=self._generator)
        import jax
        from jax.experimental import io_callback

        def draw():
            return self._generator.integers(below, size=count, dtype="int32")

        return io_callback(draw, jax.ShapeDtypeStruct((count,), "int32"))

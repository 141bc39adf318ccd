"""Files of weights hold what was written, or are refused."""

import h5py
import keras
import numpy as np
import pytest
from compare import to_numpy

from keras_scatter.files import checksum
from keras_scatter.layers import ComplexModulusConv, LocallyInvariantLayer
from keras_scatter.testing import assert_clear_error

pytestmark = pytest.mark.keras_version


def conv(**arguments):
    return ComplexModulusConv(L=2, order=1, kernel_size=5, kernel_initializer="glorot_uniform", **arguments)


def mixed(**arguments):
    return LocallyInvariantLayer(2, mixing="random", **arguments)


MAKE = pytest.mark.parametrize("make", [conv, mixed])


def built(make, **arguments):
    layer = make(**arguments)
    layer.build((None, 8, 8, 1))
    return layer


def saved(layer, folder, change=lambda arrays: None):
    """The file of its weights, after `change` of the arrays in it."""
    path = folder / "layer.weights.h5"
    keras.saving.save_weights(layer, path)
    with h5py.File(path, "a") as file:
        change(file["vars"])
    return path


def refused(layer, path):
    before = layer.get_weights()
    error = assert_clear_error(lambda: keras.saving.load_weights(layer, path))
    assert all(np.array_equal(a, b) for a, b in zip(layer.get_weights(), before, strict=True))
    return str(error)


@MAKE
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "mixed_float16"])
def test_what_was_written_is_read(tmp_path, make, dtype, recwarn):
    layer, other = built(make, dtype=dtype), built(make, dtype=dtype)
    layer.set_weights([array + 1 for array in layer.get_weights()])
    keras.saving.load_weights(other, saved(layer, tmp_path))
    assert not [warning for warning in recwarn if "checksum" in str(warning.message)]
    for a, b in zip(layer.weights, other.weights, strict=True):
        assert np.array_equal(to_numpy(a), to_numpy(b))


@MAKE
def test_no_bit_of_a_value_may_change(tmp_path, make):
    layer = built(make)
    name, bits = layer.weights[0].name, np.random.default_rng(0).integers(0, 32, 20)
    for place, bit in enumerate(bits):

        def flip(arrays, place=place, bit=bit):
            values = arrays[name][()].view("uint32")
            values.flat[place % values.size] ^= np.uint32(1 << bit)
            arrays[name][...] = values.view("float32")

        assert "must have the checksum" in refused(built(make), saved(layer, tmp_path, flip))


@MAKE
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_values_must_be_finite(tmp_path, make, value):
    """Also those that were saved so, or are so only in float32."""
    layer = built(make)

    def change(arrays):
        found = {name: array[()] for name, array in arrays.items() if name != "checksum"}
        name = layer.weights[-1].name
        found[name] = np.full(found[name].shape, value)
        del arrays[name]
        arrays[name] = found[name]
        arrays["checksum"][...] = np.frombuffer(checksum(found).encode(), "uint8")

    assert "must hold finite numbers" in refused(built(make), saved(layer, tmp_path, change))


def remove(arrays, name):
    del arrays[name]


def replace_by_group(arrays, name):
    del arrays[name]
    arrays.create_group(name)


def replace_by_link(arrays, name):
    del arrays[name]
    arrays[name] = h5py.SoftLink("/nowhere")


def reshape(arrays, name):
    del arrays[name]
    arrays[name] = np.zeros(7, "float32")


@MAKE
@pytest.mark.parametrize("change", [remove, replace_by_group, replace_by_link, reshape])
def test_arrays_that_are_none_are_named(tmp_path, make, change):
    name = built(make).weights[-1].name
    assert name in refused(built(make), saved(built(make), tmp_path, lambda arrays: change(arrays, name)))


@MAKE
def test_files_of_the_first_version_load_with_one_warning(tmp_path, make):
    layer, other = built(make), built(make)

    def as_then(arrays):
        for name in {"checksum", "made_with"} & set(arrays):
            del arrays[name]

    path = saved(layer, tmp_path, as_then)
    text = {conv: "no checksum, because keras_scatter 0.1.0", mixed: "no checksum, and does not say with which mixing"}
    with pytest.warns(UserWarning, match=text[make]) as caught:
        keras.saving.load_weights(other, path)
    assert len(caught) == 1
    for a, b in zip(layer.get_weights(), other.get_weights(), strict=True):
        assert np.array_equal(a, b)


def test_weights_of_other_arguments_are_refused(tmp_path):
    assert "made with mixing='random'" in refused(built(mixed, seed=2), saved(built(mixed, seed=1), tmp_path))

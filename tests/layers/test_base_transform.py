import functools
import inspect
import threading
import time
import warnings

import keras
import pytest
from compare import assert_close, images, once, to_numpy

from keras_scatter import kymatio, layers
from keras_scatter.errors import relative_error
from keras_scatter.layers import ComplexModulusConv, LocallyInvariantLayer


class Slow(keras.initializers.Ones):
    """Lets other threads go on while a layer is built."""

    def __call__(self, shape, dtype=None):
        time.sleep(0.01)
        return super().__call__(shape, dtype)


@pytest.mark.parametrize(
    "layer",
    [
        ComplexModulusConv(L=2, order=1, kernel_initializer=Slow()),
        LocallyInvariantLayer(3, mixing_initializer=Slow()),
    ],
    ids=lambda layer: layer.name,
)
def test_several_threads_may_call_a_new_layer_at_once(layer):
    x, found, together = images(1, 8, 8, 1), [], threading.Barrier(4)

    def call():
        together.wait()
        found.append(layer(x))

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4 and len(layer.weights) == len({variable.name for variable in layer.weights})
    for features in found:
        assert_close(features, layer(x), 1e-6)


def test_a_layer_is_built_once():
    layer = ComplexModulusConv(L=2, order=1)
    layer.build((None, 8, 8, 1))
    kernels = layer.weights
    layer.build((None, 16, 16, 3))
    assert [id(kernel) for kernel in kernels] == [id(kernel) for kernel in layer.weights]


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (functools.partial(layers.ScatteringFFT, J=2, L=2), (1, 8, 8, 1)),
        (functools.partial(layers.ScatteringFFT1D, J=3), (1, 32, 1)),
        (functools.partial(layers.TimeFrequencyScattering, J=3, J_fr=1, Q=1), (1, 32, 1)),
        (functools.partial(layers.HarmonicScattering3D, J=1, L=1, integral_powers=(1,)), (1, 8, 8, 8, 1)),
        (functools.partial(layers.DTCWTScattering, J=1), (1, 8, 8, 1)),
        (functools.partial(layers.LocallyInvariantLayer, mixing_initializer="identity"), (1, 8, 8, 1)),
    ],
    ids=lambda value: value.func.__name__ if callable(value) else "",
)
@pytest.mark.filterwarnings("ignore:Volumes of sizes")
def test_half_precision_does_not_round_what_goes_in(make, shape):
    """Features of small waves on a large constant: rounded to half precision, they would be nothing but noise."""
    x = 256 + images(*shape)
    expected, found = (to_numpy(make(dtype=dtype)(x)) for dtype in ("float32", "mixed_bfloat16"))
    axes = tuple(range(1, len(found.shape) - 1))
    assert relative_error(found, expected, axes).max() < 0.02


REPRS = {
    "ScatteringFFT(J=2, L=8, order=2, paths=81)": lambda: layers.ScatteringFFT(),
    "ScatteringFFT(J=1, L=4, order=1, padding='periodic', fft='matmul', paths=5)": lambda: layers.ScatteringFFT(
        1, 4, 1, "periodic", fft="matmul", name="a"
    ),
    "ScatteringFFT1D(J=4, Q=(8, 1), order=1, paths=23)": lambda: layers.ScatteringFFT1D(4, Q=(8, 1), order=1),
    "ComplexModulusConv(J=2, L=8, order=2, design='faithful', kernel_size=(9, 7, 5), paths=1)": lambda: (
        layers.ComplexModulusConv(paths=lambda path: path.order == 0)
    ),
    "DTCWTScattering(J=2, data_format='channels_first', paths=49)": lambda: layers.DTCWTScattering(
        data_format="channels_first"
    ),
    "LocallyInvariantLayer(L=8, filters=7, mixing='1x1')": lambda: LocallyInvariantLayer(7, mixing_initializer="zeros"),
    "DTCWT(levels=3)": lambda: layers.DTCWT(3),
}


@once
@pytest.mark.parametrize("expected", REPRS)
def test_a_repr_says_what_counts(expected):
    assert repr(REPRS[expected]()) == expected


LATE = {
    "ScatteringFFT": ((2, 4, 1), "order=1"),
    "ScatteringFFT1D": ((3, 1, None, 1), "T=None, order=1"),
    "ComplexModulusConv": ((4, 1), "order=1"),
    "ComplexModulusConv1D": ((3, 1, 1), "order=1"),
    "DTCWTScattering": ((1, "legall"), "biort='legall'"),
    "HarmonicScattering3D": ((1, 1, 1.0), "sigma_0=1.0"),
    "ScatteringCovariance2D": ((2, 2, "bump"), "wavelets='bump'"),
    "ScatteringSpectra1D": ((3, "morlet", "scale"), "reduction='scale'"),
    "TimeFrequencyScattering": ((3, 1, 2, 2), "Q_fr=2"),
}


@once
@pytest.mark.parametrize("name", LATE)
def test_arguments_that_layers_order_differently_shall_be_named(name):
    arguments, named = LATE[name]
    with pytest.warns(DeprecationWarning, match=f"of {name}, {named}. Version 0.3 will demand it") as caught:
        layer = getattr(layers, name)(*arguments)
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        names = list(inspect.signature(type(layer).__init__).parameters)[1:]
        getattr(layers, name)(**dict(zip(names, arguments)))
        assert layer.from_config(layer.get_config()).get_config() == layer.get_config()


@once
def test_the_package_names_arguments_itself():
    with warnings.catch_warnings():
        warnings.simplefilter("error", DeprecationWarning)
        layers.ComplexModulusConv(L=2, order=1).exact()
        layers.ComplexModulusConv1D(3).exact()
        kymatio.Scattering2D(1, (8, 8))(images(8, 8))


@once
def test_images_with_channels_in_front_get_a_hint():
    message = 'height=3, J=2; data_format="channels_first" is for images with their channels in front'
    with pytest.raises(ValueError, match=message):
        layers.ScatteringFFT(J=2)(images(2, 3, 32, 32))

import pytest
from compare import assert_close, images, once

from keras_scatter.filters.paths import Path, Paths, scattering_paths
from keras_scatter.layers import DTCWTScattering, ScatteringCovariance2D, ScatteringFFT, ScatteringFFT1D

pytestmark = once


@pytest.mark.parametrize(("J", "L", "order", "count"), [(1, 8, 1, 9), (2, 8, 2, 81), (4, 8, 2, 417), (3, 2, 3, 27)])
def test_number_of_paths(J, L, order, count):
    assert len(scattering_paths(J, L, order)) == count


def test_order_of_paths():
    assert scattering_paths(2, 2, 2) == (
        Path(0, (), ()),
        Path(1, (0,), (0,)),
        Path(1, (0,), (1,)),
        Path(1, (1,), (0,)),
        Path(1, (1,), (1,)),
        Path(2, (0, 1), (0, 0)),
        Path(2, (0, 1), (0, 1)),
        Path(2, (0, 1), (1, 0)),
        Path(2, (0, 1), (1, 1)),
    )


def test_the_repr_counts():
    assert repr(scattering_paths(2, 8, 2)) == "<Paths: 1 of order 0, 16 of order 1, 64 of order 2>"
    assert repr(ScatteringCovariance2D(1, L=1).paths).startswith("<Paths: 1 of kind mean, 1 of kind P00, ")
    assert repr(Paths(())) == "<Paths: 0>"


def test_order_beyond_J_adds_nothing():
    assert scattering_paths(2, 3, 7) == scattering_paths(2, 3, 2)


def test_paths_are_sorted_by_order_then_scale_and_angle():
    paths = scattering_paths(4, 3, 3)
    keys = [(path.order, *(x for pair in zip(path.scales, path.angles) for x in pair)) for path in paths]
    assert keys == sorted(keys)
    assert len(set(paths)) == len(paths)


def test_a_path_is_found_by_its_fields():
    paths = ScatteringFFT(J=3, L=4).paths
    for k in (0, 3, len(paths) - 1):
        order, scales, angles = paths[k]
        assert paths.index(paths[k]) == paths.index(order=order, scales=scales, angles=angles) == k
    assert paths.index(order=0) == 0
    assert ScatteringFFT1D(J=4).paths.index(n=(2,)) == 3
    with pytest.raises(ValueError, match=r"fields must be those of one path\. Received: order=1, which 12 paths have"):
        paths.index(order=1)
    with pytest.raises(ValueError, match=r"Received: scales=\(9,\), which 0 paths have"):
        paths.index(scales=(9,))
    with pytest.raises(TypeError, match=r"a path must be described by order, scales, angles\. Received: degree"):
        paths.index(degree=1)


def test_paths_print_as_a_table():
    paths = ScatteringFFT1D(J=3).paths
    lines = str(paths.table()).splitlines()
    assert len(lines) == 1 + len(paths)
    assert lines[0].split() == ["index", "order", "n", "xi", "sigma", "j", "name"]
    assert " ".join(lines[6].split()) == "5 2 (0, 3) (0.35, 0.04375) (0.1401, 0.01752) (0, 1) n0_n3"
    page = paths.table()._repr_html_()
    assert page.count("<tr>") == 1 + len(paths) and "<td>(0.35, 0.04375)</td>" in page


def test_the_position_of_a_feature():
    layer, x = ScatteringFFT(J=1, L=2), images(1, 8, 8, 3)
    path = layer.paths[2]
    alone = ScatteringFFT(J=1, L=2, paths=[path])(x[..., 1:2])
    assert_close(layer(x)[..., layer.channel(1, path)], alone[..., 0], 1e-6)
    assert layer.channel(1, path) == layer.channel(1, 2)
    dual = DTCWTScattering(J=1)
    alone = DTCWTScattering(J=1, paths=[dual.paths[3]])(x[..., 2:])
    assert_close(dual(x)[..., dual.channel(2, 3, channels=3)], alone[..., 0], 1e-6)
    for given, error, text in (
        ((1, (9, 9)), ValueError, r"path must be one of the 3 paths of the layer\. Received: path=\(9, 9\)"),
        ((1, 3), ValueError, r"path must be an integer from 0 to 2\. Received: path=3"),
        (("red", 0), TypeError, r"channel must be an integer >= 0\. Received: channel='red'"),
    ):
        with pytest.raises(error, match=text):
            layer.channel(*given)
    with pytest.raises(ValueError, match=r"channels must be the number of the inputs' channels"):
        dual.channel(0, 1)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"max_order": 1}, r"max_order is called order here\. Received: max_order=1"),
        ({"shape": (3, 2)}, r"Sizes are those of the inputs\. Received: shape=\(3, 2\)"),
        ({"padings": "zeros"}, r"Did you mean padding\? Received: padings='zeros'"),
        ({"zzz": 1}, r"arguments of ScatteringFFT must be out of J, L, .* keras.layers.Layer. Received: zzz=1"),
    ],
)
def test_arguments_that_do_not_exist(given, text):
    with pytest.raises(ValueError, match=text):
        ScatteringFFT(J=2, **given)

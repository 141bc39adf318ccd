"""Kymatio's contract: its numbers, shapes, dtypes, leading axes, errors and metadata."""

import json
import pathlib

import keras
import numpy as np
import pytest
from compare import BACKEND, assert_close, images, to_numpy
from keras import ops

from keras_scatter.kymatio import HarmonicScattering3D, Scattering1D, Scattering2D, TimeFrequencyScattering

GOLDEN = pathlib.Path(__file__).parent / "golden"
pytestmark = pytest.mark.filterwarnings("ignore:Volumes of sizes")
MAKE = {
    "1d": lambda **arguments: Scattering1D(**{"J": 3, "shape": 100, "Q": 2, **arguments}),
    "2d": lambda **arguments: Scattering2D(**{"J": 2, "shape": (16, 18), "L": 3, **arguments}),
    "3d": lambda **arguments: HarmonicScattering3D(**{"J": 1, "shape": (6, 7, 8), "L": 1, "sigma_0": 0.4, **arguments}),
    "jtfs": lambda **arguments: TimeFrequencyScattering(**{"J": 3, "J_fr": 1, "Q": 2, "shape": 70, **arguments}),
}
SIZES = {"1d": (100,), "2d": (16, 18), "3d": (6, 7, 8), "jtfs": (70,)}
each = pytest.mark.parametrize("kind", MAKE)


@pytest.mark.parametrize("name", ["J2_L8_o2_33x47"])
def test_numbers_of_images(name):
    golden = np.load(GOLDEN / f"kymatio2d_{name}.npz")
    arguments = {"L": int(golden["L"]), "max_order": int(golden["order"])}
    transform = Scattering2D(int(golden["J"]), golden["x"].shape[1:], **arguments)
    assert_close(transform(golden["x"]), golden["y"])


@pytest.mark.parametrize("name", ["J5_Q1_T1000_o1"])
def test_numbers_of_signals(name):
    golden = np.load(GOLDEN / f"kymatio1d_{name}.npz")
    transform = Scattering1D(**json.loads(str(golden["params"])))
    assert_close(transform(golden["x"].astype("float32")), golden["y"])
    meta = transform.meta()
    for key in ("order", "xi", "sigma", "j"):
        np.testing.assert_allclose(meta[key], golden[key], rtol=1e-12)


def test_numbers_of_volumes():
    golden = np.load(GOLDEN / "kymatio3d_J2_L2_16.npz")
    transform = HarmonicScattering3D(**json.loads(str(golden["params"])))
    assert_close(transform(golden["x"].astype("float32")), golden["y"])


@pytest.mark.parametrize("name", ["joint_J6_Jfr2_Q4_T1024"])
def test_numbers_and_names_of_joint_scattering(name):
    golden = np.load(GOLDEN / f"kymatio_jtfs_{name}.npz")
    arguments, rows = json.loads(str(golden["params"])), json.loads(str(golden["paths"]))
    transform = TimeFrequencyScattering(**{"shape": arguments.pop("N"), **arguments}, out_type="list")
    found = transform(golden["x"][:1].astype("float32"))
    assert len(found) == len(rows)
    peak = max(abs(golden[f"y{k}"]).max() for k in range(len(rows)))
    for k, (one, row) in enumerate(zip(found, rows)):
        expected = golden[f"y{k}"][:1]
        assert one["coef"].shape == expected.shape
        assert np.abs(one["coef"] - expected).max() <= 1e-5 * peak
        # Kymatio counts orders of the format "time" from -1 on.
        order = row["order"] + (k > 0 and arguments["format"] == "time")
        assert one["order"] == order and list(one["n"]) == row["n"]
        for key in ("j", "j_fr", "n_fr", "n1_max", "n1_stride"):
            assert key not in row or json.loads(json.dumps(one[key])) == row[key]


@each
@pytest.mark.parametrize("leading", [(), (2, 3), (0,)])
def test_leading_axes_stay(kind, leading):
    x = images(*leading, *SIZES[kind])
    transform = MAKE[kind]()
    found = transform.scattering(x)
    one = transform(images(*SIZES[kind]))
    assert isinstance(found, np.ndarray) and found.dtype == "float32"
    assert found.shape == (*leading, *one.shape)
    if np.prod(leading):
        last = transform(x[(-1,) * len(leading)])
        assert_close(found[(-1,) * len(leading)], last, 1e-6)


@each
def test_the_dtype_stays(kind, float64):
    x = images(2, *SIZES[kind]).astype("float64")
    transform = MAKE[kind]()
    double, single = transform(x), transform(x.astype("float32"))
    assert double.dtype == "float64" and single.dtype == "float32"
    assert_close(single, double)
    assert np.max(np.abs(double - single)) > 0


@each
def test_tensors_give_tensors(kind):
    x = images(2, *SIZES[kind])
    transform = MAKE[kind]()
    found = transform(ops.convert_to_tensor(x))
    assert keras.ops.is_tensor(found)
    assert_close(found, transform(x), 1e-6)


@each
@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda sizes: None, TypeError),
        (lambda sizes: [0.0] * sizes[0], TypeError),
        (lambda sizes: np.zeros(sizes, "int32"), TypeError),
        (lambda sizes: np.zeros(sizes, "complex64"), TypeError),
        (lambda sizes: np.zeros(sizes, "float16"), TypeError),
        (lambda sizes: np.zeros((*sizes[:-1], sizes[-1] + 1), "float32"), RuntimeError),
        (lambda sizes: np.zeros(sizes[1:], "float32"), (RuntimeError, ValueError)),
    ],
    ids=["none", "list", "integers", "complex", "half", "size", "rank"],
)
def test_arrays_that_do_not_fit(kind, make, error):
    with pytest.raises(error, match="Received: "):
        MAKE[kind]()(make(SIZES[kind]))


def test_the_words_of_errors_for_arrays():
    with pytest.raises(TypeError, match="The input should be"):
        MAKE["2d"]()(None)
    x = images(17, 18)
    for transform, text in ((MAKE["2d"](), ""), (MAKE["2d"](pre_pad=True), "Padded ")):
        for array, kind in ((x, "array" if text else "NumPy array"), (ops.convert_to_tensor(x), "tensor")):
            kind = kind if text or kind != "tensor" else "Tensor"
            with pytest.raises(RuntimeError, match=f"^{text}{kind} must be of spatial size"):
                transform(array)


def test_numbers_in_arrays_without_axes():
    """As `.npz` files hold them."""
    two = np.array(2)
    assert MAKE["1d"](J=two, Q=two).Q == (2, 1)
    assert MAKE["2d"](J=two, L=two, pre_pad=np.array(True)).pre_pad is True
    assert MAKE["3d"](L=np.array(1), integral_powers=np.array([1.0, 2.0]))(images(6, 7, 8)).shape == (3, 2, 2)
    assert MAKE["jtfs"](Q_fr=(1,)).Q_fr == MAKE["jtfs"](Q_fr=np.array(1)).Q_fr == 1


def test_the_kind_of_error_for_the_rank():
    with pytest.raises(ValueError, match="at least one axis"):
        MAKE["1d"]()(np.zeros((), "float32"))
    with pytest.raises(RuntimeError, match="at least two dimensions"):
        MAKE["2d"]()(np.zeros(16, "float32"))
    with pytest.raises(RuntimeError, match="at least three dimensions"):
        MAKE["3d"]()(np.zeros((7, 8), "float32"))


@pytest.mark.parametrize(
    ("kind", "arguments", "error", "text"),
    [
        ("1d", {"shape": (100, 1)}, ValueError, "exactly one element"),
        ("1d", {"shape": 1.5}, ValueError, "shape must be an integer or a 1-tuple"),
        ("1d", {"Q": 0}, ValueError, "Q should always be >= 1"),
        ("1d", {"Q": 0.9}, ValueError, "Q should always be >= 1"),
        ("1d", {"Q": [8]}, ValueError, "Q must be an integer or a tuple"),
        ("1d", {"Q": 2.0}, ValueError, "Q must be an integer or a tuple"),
        ("1d", {"Q": (1, 1, 1)}, NotImplementedError, "Q must be an integer or a tuple of at most two"),
        ("1d", {"T": 101}, ValueError, "T cannot exceed input length 100"),
        ("1d", {"T": 0.5}, ValueError, "T must be 0, or at least 1"),
        ("1d", {"J": 7}, ValueError, "Signal length must be at least 2"),
        ("2d", {"J": 5}, RuntimeError, "smallest dimension should be at least"),
        ("2d", {"shape": 16}, TypeError, "shape must be two integers"),
        ("2d", {"J": 0}, ValueError, "J must be an integer >= 1"),
        ("2d", {"backend": "numpy"}, ImportError, "backend must be None or the backend of Keras"),
        ("3d", {"method": "local"}, ValueError, "method must be one of 'integral'"),
        ("3d", {"points": [1]}, ValueError, "points must be None"),
        ("3d", {"shape": (6, 7)}, TypeError, "shape must be three integers"),
        ("jtfs", {"Q_fr": 0.9}, ValueError, "Q_fr must be >= 1"),
        ("jtfs", {"Q_fr": [1]}, ValueError, "Q_fr must be an integer or 1-tuple"),
        ("jtfs", {"Q_fr": (1, 2)}, NotImplementedError, "Q_fr must be an integer or 1-tuple"),
        ("jtfs", {"F": 100}, ValueError, "F must be None, 0"),
        ("jtfs", {"format": "map"}, ValueError, "format must be one of 'time', 'joint'"),
    ],
)
def test_arguments_that_are_not_allowed(kind, arguments, error, text):
    with pytest.raises(error, match=text):
        MAKE[kind](**arguments)


@pytest.mark.parametrize(("kind", "error"), [("1d", ValueError), ("2d", RuntimeError), ("jtfs", ValueError)])
def test_unknown_kinds_of_output(kind, error):
    transform = MAKE[kind](out_type="frame")
    with pytest.raises(error, match="out_type must be one of 'array'"):
        transform(images(*SIZES[kind]))


@pytest.mark.parametrize("oversampling", [-1, 0.5, True])
def test_oversampling_that_is_not_allowed(oversampling):
    with pytest.raises(ValueError, match="oversampling must be"):
        MAKE["1d"](oversampling=oversampling)(images(100))


def test_lists_of_images():
    x = images(2, 16, 18)
    transform = MAKE["2d"]()
    array = transform(x)
    transform.out_type = "list"
    found = transform(x)
    assert len(found) == array.shape[1] == 16
    for k, one in enumerate(found):
        assert set(one) == {"coef", "j", "n", "theta"}
        assert np.array_equal(one["coef"], array[:, k])
        assert one["n"] == tuple(3 * j + t for j, t in zip(one["j"], one["theta"]))
    assert [one["n"] for one in found[:3]] == [(), (0,), (1,)] and found[-1]["n"] == (2, 5)


def test_images_that_come_with_their_margins():
    x = images(2, 16, 18)
    transform = MAKE["2d"](pre_pad=True)
    margins = [((size - there) // 2, (size - there + 1) // 2) for size, there in zip(transform.padded_shape, (16, 18))]
    assert_close(transform(np.pad(x, [(0, 0), *margins], mode="reflect")), MAKE["2d"]()(x), 1e-6)
    with pytest.raises(RuntimeError, match=r"Padded array must be of spatial size \(24, 24\)"):
        transform(x)


def test_lists_and_dicts_of_signals():
    x = images(2, 100)
    transform = MAKE["1d"]()
    array, keys = transform(x), transform.meta()["key"]
    transform.out_type = "dict"
    by_key = transform(x)
    transform.out_type = "list"
    found = transform(x)
    assert list(by_key) == keys == [one["n"] for one in found]
    for k, (one, part) in enumerate(zip(found, by_key.values(), strict=True)):
        assert np.array_equal(one["coef"], array[:, k]) and np.array_equal(part, array[:, k])
        assert len(one["j"]) == len(one["n"]) == one["order"]
    assert transform.output_size() == 12 and transform.output_size(detail=True) == [1, 7, 4]
    meta = transform.meta()
    assert meta["n"].shape == (12, 2) and np.isnan(meta["n"][1, 1]) and list(meta["n"][-1]) == [3, 3]


def test_signals_without_an_average():
    x = images(2, 100)
    transform = MAKE["1d"](T=0, out_type="list")
    found = transform(x)
    assert [one["coef"].shape[-1] for one in found[:8]] == [100, 100, 100, 100, 100, 50, 50, 25]
    assert_close(found[0]["coef"], x, 1e-6)
    firsts, seconds = transform.psi1_f, transform.psi2_f
    keys = [(), *((k,) for k in range(len(firsts)))]
    keys += [(k, m) for k, a in enumerate(firsts) for m, b in enumerate(seconds) if b["j"] > a["j"]]
    assert [one["n"] for one in found] == keys
    meta = transform.meta()
    assert [psi["xi"] for psi in firsts] == meta["xi"][meta["order"] == 1, 0].tolist()
    transform.out_type = "array"
    with pytest.raises(ValueError, match=r"Cannot convert to out_type='array' with T=0.* Please set out_type to"):
        transform(x)


def test_simple_signals():
    transform = Scattering1D(6, 512, 8)
    order = transform.meta()["order"]
    assert np.abs(transform(np.zeros((2, 512), "float32"))).max() < 1e-7
    constant = transform(np.full((1, 512), 0.7, "float32"))
    assert np.abs(constant[:, 1:]).max() < 1e-6 and np.abs(constant[:, 0] - 0.7).max() < 1e-5
    wave = transform(np.cos(2 * np.pi * 60 * np.arange(512) / 512).astype("float32"))
    assert np.abs(wave[order != 1]).max() < 0.05 * wave[order == 1].max()  # 0.035: its borders are reflected


def test_paths_that_two_scales_share_have_the_same_numbers():
    x = images(2, 256)
    larger, smaller = Scattering1D(5, 256, 2), Scattering1D(4, 256, 2, T=32)
    rows, others = (np.nan_to_num(one.meta()["sigma"], nan=-1) for one in (larger, smaller))
    pairs = [(i, k) for i, row in enumerate(rows) for k, other in enumerate(others) if np.array_equal(row, other)]
    assert len(pairs) > len(others) // 2
    found, expected = larger(x), smaller(x)
    for i, k in pairs:
        assert_close(found[:, i], expected[:, k])


def test_oversampling_and_stride():
    x = images(1, 128)
    usual = Scattering1D(4, 128)(x)
    denser = Scattering1D(4, 128, oversampling=1)(x)
    assert denser.shape[-1] == 2 * usual.shape[-1]
    assert_close(denser[..., ::2], usual, 1e-2)
    assert np.array_equal(Scattering1D(4, 128, stride=8)(x), denser)
    assert Scattering1D(4, 128, oversampling=9)(x).shape[-1] == 128
    assert Scattering1D(4, 128, T="global")(x).shape[-1] == 1


def test_attributes_may_be_changed():
    x = images(1, 16, 18)
    transform = MAKE["2d"]()
    assert transform(x).shape[1] == 16
    transform.max_order = 1
    assert transform(x).shape[1] == 7
    volume = MAKE["3d"]()
    volume.integral_powers = (1.0, 2.0)
    assert volume(images(6, 7, 8)).shape == (3, 2, 2)


def test_joint_scattering_of_both_formats():
    x = images(2, 70)
    transform = MAKE["jtfs"]()
    found, meta = transform(x), transform.meta()
    assert found.shape[1] == transform.output_size() == len(meta["key"]) == sum(transform.output_size(detail=True))
    assert all(len(value) == len(meta["key"]) for value in meta.values())
    assert np.isnan(meta["spin"][0]) and set(meta["spin"][1:]) == {-1, 0, 1}
    by_key = MAKE["jtfs"](out_type="dict")(x)
    assert list(by_key) == meta["key"]
    assert np.array_equal(np.stack(list(by_key.values()), 1), found)
    joint = MAKE["jtfs"](format="joint")(x)
    maps = MAKE["jtfs"](format="joint", out_type="list")(x)
    assert joint.ndim == 4 and len(maps) == joint.shape[1] + 1
    assert maps[0]["order"] == 0 and maps[0]["coef"].shape == (2, found.shape[-1])
    rows = maps[-1]["coef"].shape[1]
    assert np.array_equal(maps[-1]["coef"], joint[:, -1, :rows])
    with pytest.raises(
        ValueError, match=r"Cannot convert to out_type='array' where sizes differ\. Please set out_type to"
    ):
        MAKE["jtfs"](T=0)(x)
    assert len(MAKE["jtfs"](T=0, format="joint", out_type="list")(x)) == len(maps)


@pytest.mark.skipif(BACKEND != "torch", reason="a tensor of PyTorch")
def test_gradients_flow():
    import torch

    x = torch.from_numpy(images(1, 16, 18)).requires_grad_()
    MAKE["2d"]()(x).sum().backward()
    assert np.isfinite(to_numpy(x.grad)).all() and to_numpy(x.grad).any()

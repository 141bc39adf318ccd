import json
import os

import h5py
import keras
import numpy as np
import pytest
from compare import assert_close, images

from keras_scatter import saved_filters
from keras_scatter.layers import ComplexModulusConv, ComplexModulusConv1D
from tools.shipped import RECIPES, SIGNALS

PAPER = [f"{data}_o{order}" for data in ("random", "cifar10", "tiny_imagenet") for order in (1, 2)]
IMAGES = images(2, 16, 20, 1)


def small(**arguments):
    layer = ComplexModulusConv(**{"L": 3, "order": 2, "kernel_size": 5, "kernel_initializer": "he_normal", **arguments})
    layer(IMAGES)
    return layer


def test_names():
    faithful = {
        f"{kind}_{of}" for kind in ("morlet", "refined") for of in ("o1", "o2", "J3_o2", "J4_o2", "L4_o2", "L6_o2")
    }
    kept = {f"{name}_k7" for name in faithful}
    assert set(saved_filters.names("images")) == {*PAPER, *faithful, *kept} == {*RECIPES, *kept}
    assert set(saved_filters.names("signals")) == {f"morlet_1d_Q{Q}" for Q in (1, 4, 8)} == set(SIGNALS)
    assert saved_filters.names() == sorted([*RECIPES, *SIGNALS, *kept])
    with pytest.raises(ValueError, match=r"of must be one of None, 'images', 'signals'\. Received: of='volumes'"):
        saved_filters.names("volumes")


# What a spectrum of errors and costs promises, on held-out spoken digits.
BOUNDS = {
    "morlet_1d_Q1": (0.001, 0.006, 235),
    "morlet_1d_Q4": (0.0015, 0.008, 393),
    "morlet_1d_Q8": (0.0015, 0.008, 986),
}


@pytest.mark.parametrize("name", saved_filters.names("signals"))
def test_shipped_groups_of_signals_are_the_design(name):
    config, arrays = saved_filters.load(name)
    given = {key: value for key, value in config.items() if key != "design"}
    layer, signals = ComplexModulusConv1D(**given, weights=name), images(1, 100, 1)
    assert_close(layer(signals), ComplexModulusConv1D(**SIGNALS[name])(signals), 1e-6)
    assert set(layer.filters) == set(arrays)
    entry, (first, second, cost) = saved_filters.describe(name), BOUNDS[name]
    assert all(
        0 <= error <= bound for error, bound in zip(entry["relative_error"]["spoken_digits"], (1e-4, first, second))
    )
    assert 0 < entry["multiply_adds"] <= cost
    assert entry["multiply_adds"] == round(ComplexModulusConv1D(**given, padding="periodic").multiply_adds(8192) / 8192)
    assert entry["latency"] == layer.stream().latency
    with pytest.raises(ValueError, match=f"a filter group of images for this layer. Received: '{name}', a group of s"):
        ComplexModulusConv(weights=name)


@pytest.mark.parametrize("ending", [".weights.h5", ".npz"])
def test_round_trip_of_signals(tmp_path, ending):
    layer, path, signals = (
        ComplexModulusConv1D(J=3, kernel_initializer="he_normal"),
        tmp_path / f"group{ending}",
        images(1, 40, 1),
    )
    layer(signals)
    layer.save_filters(path)
    config, _ = saved_filters.load(path)
    assert config == layer.group_config
    assert_close(ComplexModulusConv1D(J=3, weights=path)(signals), layer(signals), 0)
    rewrite(path, lambda found: found.update(psi_1_n0_real=found["psi_1_n0_real"][1:]))
    with pytest.raises(ValueError, match=r"array psi_1_n0_real must have shape \(\d+, 1, 1\) and a float dtype"):
        saved_filters.load(path)


@pytest.mark.parametrize("name", saved_filters.names("images"))
def test_shipped_groups_make_their_layers(name):
    config, arrays = saved_filters.load(name)
    layer = ComplexModulusConv(**config, weights=name)
    layer(IMAGES)
    assert set(layer.filters) == set(arrays)
    for key, array in arrays.items():
        assert array.dtype == np.float32 and np.isfinite(array).all()
        assert_close(layer.filters[key], array, 0)


@pytest.mark.parametrize("name", saved_filters.names("images"))
def test_the_index_says_what_was_measured(name):
    entry = saved_filters.describe(name)
    assert entry["data"] and entry["epochs"] >= 0
    for errors in entry["relative_error"].values():
        assert len(errors) == entry["config"]["order"] + 1
        assert all(0 <= error < 2 for error in errors)
        if entry["config"]["design"] == "faithful":
            # The largest second-order error, 2.04 %, is that of morlet_J3_o2 on noise.
            assert all(error < bound for error, bound in zip(errors, (1e-6, 0.012, 0.023)))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("morlet_o1", {"order": 1}),
        ("morlet_o2", {}),
        ("morlet_J3_o2", {"J": 3}),
        ("morlet_J4_o2", {"J": 4}),
        ("morlet_L4_o2", {"L": 4}),
        ("morlet_L6_o2", {"L": 6}),
    ],
)
def test_the_designed_groups_are_the_design(name, arguments):
    shipped, designed = ComplexModulusConv(**arguments, weights=name), ComplexModulusConv(**arguments)
    assert_close(shipped(IMAGES), designed(IMAGES), 1e-6)


@pytest.mark.parametrize("name", ["o2", "J3_o2"])
def test_groups_of_0_1_0_serve_their_kernel_size(name):
    config, _ = saved_filters.load(f"morlet_{name}_k7")
    assert config["kernel_size"] == (7, 7, 7)
    layer = ComplexModulusConv(J=config["J"], weights=f"morlet_{name}_k7")
    assert layer.kernel_size == 7
    assert_close(
        ComplexModulusConv(J=config["J"], kernel_size=7, weights=f"morlet_{name}_k7")(IMAGES), layer(IMAGES), 0
    )
    # Up to the rounding of the design.
    assert_close(ComplexModulusConv(J=config["J"], kernel_size=7)(IMAGES), layer(IMAGES), 0.003)
    with pytest.raises(ValueError, match=r"The group has \{'kernel_size': \(7, 7, 7\)\}; the layer has \{'kern"):
        ComplexModulusConv(J=config["J"], kernel_size=(9, 7, 5), weights=f"morlet_{name}_k7")


@pytest.mark.parametrize("ending", [".weights.h5", ".npz"])
@pytest.mark.parametrize("arguments", [{}, {"J": 3}, {"design": "paper"}, {"design": "paper", "share_filters": False}])
def test_round_trip(tmp_path, ending, arguments):
    layer, path = small(**arguments), tmp_path / f"group{ending}"
    layer.save_filters(path, data="test images", relative_error=[0.0, 0.1])
    config, arrays = saved_filters.load(path)
    assert config == layer.group_config
    again = ComplexModulusConv(**config, weights=path)
    assert_close(again(IMAGES), layer(IMAGES), 0)
    assert sorted(os.listdir(tmp_path)) == [path.name]
    for name, array in arrays.items():
        assert_close(array, layer.filters[name], 0)


def test_keras_reads_the_weights_file_and_writes_the_same_layout(tmp_path):
    first, second = small(), small()
    first.save_filters(tmp_path / "group.weights.h5")
    keras.saving.load_weights(second, tmp_path / "group.weights.h5")
    assert_close(second(IMAGES), first(IMAGES), 0)
    keras.saving.save_weights(first, tmp_path / "keras.weights.h5")
    with h5py.File(tmp_path / "group.weights.h5") as ours, h5py.File(tmp_path / "keras.weights.h5") as keras_file:
        assert set(ours["vars"]) == set(keras_file["vars"])


def test_npz_has_plain_names(tmp_path):
    layer = small()
    layer.save_filters(tmp_path / "group.npz")
    with np.load(tmp_path / "group.npz", allow_pickle=False) as archive:
        assert set(archive.files) == {*layer.filters, "keras_scatter"}
        assert json.loads(str(archive["keras_scatter"]))["config"]["L"] == 3


def test_nothing_is_overwritten_silently(tmp_path):
    layer, path = small(), tmp_path / "group.npz"
    layer.save_filters(path)
    content = path.read_bytes()
    with pytest.raises(
        ValueError, match=r"path exists and overwrite=True was not given\. Received: path='.*group\.npz'"
    ):
        layer.save_filters(path)
    assert path.read_bytes() == content
    layer.save_filters(path, overwrite=True)


def test_bad_ending_and_unbuilt_layer(tmp_path):
    with pytest.raises(ValueError, match=r"path must end in \.weights\.h5 or \.npz\. Received: path='.*group\.pkl'"):
        small().save_filters(tmp_path / "group.pkl")
    with pytest.raises(ValueError, match="save_filters needs a layer with filters"):
        ComplexModulusConv().save_filters(tmp_path / "group.npz")


def test_unknown_names_list_the_known_ones():
    with pytest.raises(
        ValueError, match=r"weights must be a shipped filter group \(.*morlet_o2.*Received: 'morlet_o9'"
    ):
        ComplexModulusConv(weights="morlet_o9")
    with pytest.raises(ValueError, match=r"name must be one of .*morlet_o2.*Received: name='morlet_o9'"):
        saved_filters.describe("morlet_o9")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"L": 6}, "The group has {'L': 8}; the layer has {'L': 6}."),
        ({"order": 1}, "The group has {'order': 2, 'J': 2}; the layer has {'order': 1, 'J': 1}."),
        ({"design": "paper"}, "The group has {'design': 'faithful'}; the layer has {'design': 'paper'}."),
        ({"kernel_size": 5}, "The group has {'kernel_size': (9, 7, 5)}; the layer has {'kernel_size': (5, 5, 5)}."),
    ],
)
def test_a_group_for_other_arguments_shows_both(arguments, text):
    with pytest.raises(ValueError) as caught:
        ComplexModulusConv(**arguments, weights="morlet_o2")
    assert text in str(caught.value)


def test_a_damaged_shipped_file_is_named(tmp_path, monkeypatch):
    entry = saved_filters.describe("morlet_o1")
    (tmp_path / entry["file"]).write_bytes(b"damaged")
    monkeypatch.setattr(saved_filters, "_folder", lambda: tmp_path)
    with pytest.raises(ValueError) as caught:
        saved_filters.load("morlet_o1")
    assert entry["file"] in str(caught.value) and entry["sha256"] in str(caught.value)


def rewrite(path, change):
    """Apply `change` to the dict of arrays in a file."""
    if path.suffix == ".npz":
        with np.load(path) as archive:
            arrays = dict(archive)
        change(arrays)
        np.savez(path, **arrays)
        return
    with h5py.File(path, "a") as file:
        arrays = {name: data[()] for name, data in file["vars"].items()}
        change(arrays)
        del file["vars"]
        for name, array in arrays.items():
            file[f"vars/{name}"] = array


@pytest.mark.parametrize("ending", [".weights.h5", ".npz"])
@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda a: a.pop("psi_1_real"), "must hold the arrays"),
        (lambda a: a.update(extra=np.zeros(3)), "'extra'"),
        (
            lambda a: a.update(psi_0_imag=np.zeros((3, 5, 1, 3))),
            "array psi_0_imag must have shape (5, 5, 1, 3) and a float dtype. Received: shape (3, 5, 1, 3)",
        ),
        (lambda a: a.update(psi_0_imag=np.zeros((5, 5, 1, 3), "int32")), "dtype int32"),
    ],
)
def test_wrong_arrays_are_named(tmp_path, ending, change, text):
    path = tmp_path / f"group{ending}"
    small().save_filters(path)
    rewrite(path, change)
    with pytest.raises(ValueError) as caught:
        saved_filters.load(path)
    assert text in str(caught.value) and path.name in str(caught.value)


@pytest.mark.parametrize("ending", [".weights.h5", ".npz"])
@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda a: a.update(psi_0_imag=np.nextafter(a["psi_0_imag"], 1)), "the checksum of its arrays"),
        (lambda a: a.update(psi_0_imag=np.full((5, 5, 1, 3), np.nan)), "psi_0_imag has infinite values, or NaN"),
    ],
)
def test_changed_values_are_refused(tmp_path, ending, change, text):
    path = tmp_path / f"group{ending}"
    small().save_filters(path)
    rewrite(path, change)
    with pytest.raises(ValueError, match=rf"group{ending} is damaged: {text}"):
        saved_filters.load(path)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e300])
def test_infinite_values_are_neither_written_nor_read(tmp_path, value):
    layer, path = small(), tmp_path / "group.npz"
    arrays = {name: np.full(variable.shape, value) for name, variable in layer.filters.items()}
    with pytest.raises(ValueError, match=r"filters must be finite numbers\. Received: psi_0"):
        saved_filters.write(path, layer.group_config, arrays)
    layer.save_filters(path)
    rewrite(path, lambda found: found.update(arrays, keras_scatter=without_checksum(found)))
    with pytest.raises(ValueError, match=r"group\.npz is damaged: psi_.* has infinite values, or NaN"):
        saved_filters.load(path)


def test_a_small_file_takes_little_memory(tmp_path):
    """It may declare arrays of any size, which are made when they are read."""
    layer, path = small(), tmp_path / "group.weights.h5"
    layer.save_filters(path)
    with h5py.File(path, "a") as file:
        described = json.loads(file.attrs["keras_scatter"])
        described["config"]["L"] = 10**8
        file.attrs["keras_scatter"] = json.dumps(described)
        for name, array in list(file["vars"].items()):
            if name.startswith("psi"):
                shape = (*array.shape[:3], 10**8)
                del file[f"vars/{name}"]
                file["vars"].create_dataset(name, shape, "float32", chunks=(*shape[:3], 100))
    with pytest.raises(ValueError, match=r"group\.weights\.h5 is damaged: its arrays are larger than the file"):
        saved_filters.load(path)


def without_checksum(arrays):
    described = json.loads(str(arrays["keras_scatter"]))
    del described["checksum"]
    return json.dumps(described)


def test_files_of_the_first_version_load_with_one_warning(tmp_path, recwarn):
    layer, path = small(), tmp_path / "group.npz"
    layer.save_filters(path)
    rewrite(path, lambda found: found.update(keras_scatter=without_checksum(found)))
    _, arrays = saved_filters.load(path)
    assert sum("group.npz has no checksum" in str(warning.message) for warning in recwarn) == 1
    assert_close(arrays["psi_0_imag"], layer.filters["psi_0_imag"], 0)


def test_shipped_files_read_by_path_give_no_warning(recwarn):
    saved_filters.load(saved_filters._folder() / "morlet_o1.weights.h5")
    assert not [warning for warning in recwarn if "checksum" in str(warning.message)]


@pytest.mark.parametrize("ending", [".weights.h5", ".npz"])
def test_files_of_another_kind_are_refused(tmp_path, ending):
    path = tmp_path / f"group{ending}"
    path.write_bytes(b"something else")
    with pytest.raises(ValueError, match="is not a filter group written by"):
        saved_filters.load(path)


def test_nothing_is_unpickled(tmp_path):
    path = tmp_path / "group.npz"
    small().save_filters(path)
    rewrite(path, lambda arrays: arrays.update(psi_0_real=np.array([{"a": 1}], dtype=object)))
    with pytest.raises(ValueError, match=r"psi_0_real|pickle"):
        saved_filters.load(path)


@pytest.mark.parametrize("name", [name for name in saved_filters.names() if name.startswith("refined")])
def test_refined_groups_are_better_than_the_designed_ones(name):
    refined, designed = (saved_filters.describe(n) for n in (name, name.replace("refined", "morlet")))
    assert refined["config"] == designed["config"]
    for dataset in ("cifar10", "dead_leaves", "tiny_imagenet"):
        (low, *errors), (_, *before) = (group["relative_error"][dataset] for group in (refined, designed))
        assert low < 1e-4
        assert all(error < earlier for error, earlier in zip(errors, before, strict=True))


def test_a_layer_from_its_group():
    layer = ComplexModulusConv.from_group("morlet_J3_o2", data_format="channels_last")
    assert_close(layer(IMAGES), ComplexModulusConv(J=3, weights="morlet_J3_o2")(IMAGES), 0)
    assert ComplexModulusConv1D.from_group("morlet_1d_Q4").Q == (4, 1)
    for cls, name, what in ((ComplexModulusConv, "morlet_1d_Q4", "images"), (ComplexModulusConv1D, "morlet_o2", "sig")):
        with pytest.raises(ValueError, match=f"weights must be a filter group of {what}"):
            cls.from_group(name)


def test_names_that_are_no_text(tmp_path):
    """One bit of a name is flipped, so that it is no UTF-8."""
    path = tmp_path / "group.weights.h5"
    small().save_filters(path)
    content = path.read_bytes()
    place = content.rindex(b"psi_0_real") + 7
    path.write_bytes(content[:place] + bytes([content[place] ^ 0x80]) + content[place + 1 :])
    with pytest.raises(ValueError, match=r"group\.weights\.h5 must hold the arrays .* Received: \[\"b'psi_0_r"):
        saved_filters.load(path)

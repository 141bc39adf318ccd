import json
import pathlib

import common
import keras
import numpy as np
import numpy_twin_time_frequency
import pytest
from compare import BACKEND, TOLERANCE, assert_close, images, to_numpy

from keras_scatter.layers import TimeFrequencyScattering

GOLDEN = sorted((pathlib.Path(__file__).parents[1] / "golden").glob("kymatio_jtfs_*.npz"))


def make(**arguments):
    return TimeFrequencyScattering(**{"J": 3, "J_fr": 1, "Q": 2, **arguments})


def noise(*shape):
    return images(*shape) - 0.5


def maps_of(layer, x):
    """Outputs by path `{path: (batch, [n1,] time, C)}`, whatever the format."""
    found = layer(x)
    if isinstance(found, dict):
        assert tuple(found) == layer.paths
        return {path: to_numpy(maps) for path, maps in found.items()}
    found, K = to_numpy(found), len(layer.paths)
    found = found.reshape(*found.shape[:-1], -1, K)
    return {path: found[..., k] for k, path in enumerate(layer.paths)}


def test_there_are_golden_files():
    assert len(GOLDEN) == 3


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_equals_kymatio(file):
    golden = np.load(file)
    arguments = json.loads(str(golden["params"]))
    del arguments["N"]
    layer = TimeFrequencyScattering(**arguments)
    found, rows = maps_of(layer, golden["x"][..., None]), json.loads(str(golden["paths"]))
    expected = [golden[f"y{k}"] for k in range(len(rows))]
    if arguments["format"] == "joint" and len(found) < len(rows):
        rows, expected = rows[1:], expected[1:]
    assert len(found) == len(rows) > 30
    errors, peaks = {0: 0, 1: 0, 2: 0}, {0: 0, 1: 0, 2: 0}
    for (path, maps), row, values in zip(found.items(), rows, expected, strict=True):
        names = [path.n1[0] if arguments["format"] == "time" and path.n1 else -1, path.n2, path.n_fr]
        assert [n for n in names if n >= 0] == row["n"]
        assert path.j[-1:] == tuple(row["j_fr"] if row["n"] else ())
        maps = maps[..., 0]
        if values.ndim == 3:
            # Arrays of the format "joint" go on behind the last wavelet.
            maps = maps[:, : values.shape[1]]
        assert maps.shape == values.shape
        errors[path.order] = np.fmax(errors[path.order], np.nan_to_num(abs(maps - values).max(), nan=np.inf))
        peaks[path.order] = max(peaks[path.order], abs(values).max())
    assert max(errors.values()) <= 1e-5 * max(peaks.values())
    for order in (1, 2):
        assert errors[order] <= 1e-4 * peaks[order]


CASES = [
    {},
    {"T": 0},
    {"T": "global", "F": "global"},
    {"Q_fr": 2, "Q": (3, 2), "J_fr": 2, "F": 2},
    {"J": 4, "Q": 3, "J_fr": 2, "F": 0, "T": 5.5},
    {"F": 4, "Q": 3, "stride": 2},
    {"J_fr": 2, "F": 3.5, "stride_fr": 1, "T": 12},
]


@pytest.mark.parametrize("format", ["time", "joint"])
@pytest.mark.parametrize("arguments", CASES, ids=str)
def test_equals_the_numpy_twin(arguments, format):
    """Odd lengths, T = 0, sums, Q_fr = 2, F = 2, F above 2**J_fr."""
    x = noise(1, 45, 1)
    layer = make(**arguments, format=format)
    found = maps_of(layer, x)
    arguments = {"J": 3, "J_fr": 1, "Q": 2, **arguments, "format": format}
    expected = numpy_twin_time_frequency.scattering(x[0, :, 0], **arguments)[layer.paths[0].order > 0 :]
    peak = max(abs(row.values).max() for row in expected)
    for (path, maps), row in zip(found.items(), expected, strict=True):
        assert (path.order, path.n2, path.n_fr) == (row.order, row.n2, row.n_fr)
        assert path.n1 == row.n1 or format == "joint"
        values = row.values[: maps.shape[1]] if format == "joint" and row.order else row.values
        assert np.max(np.abs(maps[0, ..., 0] - values)) <= 1e-5 * peak
    shapes = layer.compute_output_shape((1, 45, 1))
    given = layer(keras.Input((45, 1), batch_size=1))
    if isinstance(given, dict):
        assert shapes == {path: tuple(maps.shape) for path, maps in given.items()}
        assert shapes == {path: maps.shape for path, maps in found.items()}
    else:
        assert shapes == tuple(given.shape) == tuple(layer(x).shape)


def test_double_precision(float64):
    x = np.random.default_rng(0).normal(size=(1, 40, 1))
    # At one wavelet an octave Kymatio's filters end at 1e-7.
    found = maps_of(make(dtype="float64", Q=(2, 2), Q_fr=2), x)
    expected = numpy_twin_time_frequency.scattering(x[0, :, 0], 3, 1, (2, 2), 2)
    together = np.stack([maps[0, :, 0] for maps in found.values()])
    assert_close(together, np.stack([row.values for row in expected]), TOLERANCE["float64"])


@pytest.mark.parametrize("policy", ["mixed_float16", "bfloat16"])
def test_dtype_policies(policy):
    common.check_dtype_policy(make, policy, shape=(2, 40, 2))


@pytest.mark.parametrize("format", ["time", "joint"])
def test_channels_and_data_formats(format):
    x = noise(2, 41, 3)
    layer = make(format=format)
    found, K = to_numpy(layer(x)), len(layer.paths)
    assert_close(found[..., K : 2 * K], layer(x[..., 1:2]))
    first = make(format=format, data_format="channels_first")
    assert_close(np.moveaxis(to_numpy(first(np.moveaxis(x, -1, 1))), 1, -1), found)
    assert first.compute_output_shape((None, 3, 41)) == (None, 3 * K, *found.shape[1:-1])
    assert tuple(layer(x[:0]).shape) == (0, *found.shape[1:])


@pytest.mark.parametrize("arguments", [{}, {"format": "joint"}, {"format": "joint", "F": 0, "T": "global"}])
def test_selected_paths(arguments):
    x = noise(1, 41, 1)
    layer = make(**arguments)
    chosen = layer.paths[3::4]
    few = make(**arguments, paths=chosen)
    assert few.paths == chosen
    whole, found = maps_of(layer, x), maps_of(few, x)
    for path in chosen:
        assert_close(found[path], whole[path])
    config = json.loads(json.dumps(few.get_config()))
    assert TimeFrequencyScattering.from_config(config).paths == chosen


def test_a_single_path_and_order_1_left_out():
    x = noise(1, 41, 1)
    layer = make()
    for path in (layer.paths[0], layer.paths[1], layer.paths[-1]):
        assert_close(maps_of(make(paths=[path]), x)[path], maps_of(layer, x)[path])
    assert make(order_1=False).paths == tuple(path for path in layer.paths if path.order != 1)
    assert layer.paths[0].name == "order_0" and layer.paths[1].name == "fr_0_n1_0"


def test_joint_arrays_and_features_of_time_hold_the_same():
    x = noise(1, 45, 1)
    features, joint = maps_of(make(), x), maps_of(make(format="joint"), x)
    for path, maps in joint.items():
        for row, n1 in enumerate(path.n1):
            other = [features[p] for p in features if (p.n2, p.n_fr, p.n1) == (path.n2, path.n_fr, (n1,)) and p.order]
            for part in other:
                assert_close(maps[:, row], part, 1e-6)


def test_reversing_time_exchanges_the_spins():
    """Rising tones become falling ones."""
    x = noise(1, 64, 1)
    layer = make(T="global", F="global", Q=4)
    W = max(path.n_fr for path in layer.paths if path.order) // 2
    forth, back = maps_of(layer, x), maps_of(layer, x[:, ::-1].copy())
    pairs = [(a, b) for a in layer.paths for b in layer.paths if _mirrored(a, b, W)]
    assert pairs
    up, down = (np.array([forth[pair[i]].sum() for pair in pairs]) for i in (0, 1))
    turned = np.array([back[b].sum() for _, b in pairs])
    assert np.max(abs(up - turned)) < 0.05 * up.max() and np.max(abs(up - down)) > 0


def _mirrored(a, b, W):
    return a.order == b.order == 2 and a.n2 == b.n2 and a.n1 == b.n1 and a.spin == 1 and b.n_fr == a.n_fr + W


@pytest.mark.parametrize("kind", ["zero", "random"])
def test_gradient(kind, float64):
    layer = make(dtype="float64", chunk_size=1, J=2)
    if kind == "random":
        common.check_gradient(layer, np.random.default_rng(0).random((2, 20, 1)))
    else:
        common.check_gradient_is_finite(layer, np.zeros((1, 20, 1)))


def test_blocks_of_time_change_nothing(monkeypatch):
    from keras_scatter.functional import time_frequency

    x = noise(3, 150, 1)
    whole = to_numpy(make()(x)), to_numpy(make(T="global")(x))
    monkeypatch.setattr(time_frequency, "BLOCK", 16)
    monkeypatch.setattr(time_frequency, "DENSE", 16)
    monkeypatch.setattr(time_frequency, "chunk_size", lambda size: 2)
    for arguments, expected in zip(({}, {"T": "global"}), whole):
        # Another length of the batch, so that programs are made again.
        assert_close(make(**arguments)(x[:2]), expected[:2])


def test_nan_stays_nan():
    common.check_nan_stays_nan(make, shape=(2, 40, 1))


@pytest.mark.skipif(BACKEND != "tensorflow", reason="only TensorFlow traces with unknown lengths")
def test_lengths_must_be_known():
    if BACKEND == "tensorflow":
        import tensorflow as tf

        function = tf.function(make(), input_signature=[tf.TensorSpec((None, None, 1))])
        with pytest.raises(ValueError, match="signal length must be known"):
            function.get_concrete_function()
    assert make().compute_output_shape((None, None, 2))[1] is None


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"J": 0}, ValueError, r"J must be an integer >= 1. Received: J=0"),
        ({"J_fr": 0}, ValueError, r"J_fr must be an integer >= 1. Received: J_fr=0"),
        ({"J_fr": 4}, ValueError, r"2\*\*J_fr must be at most \(J \+ 1\) \* Q = 8. Received: J_fr=4"),
        ({"Q": (2, 1, 1)}, ValueError, r"Q must have two entries at most. Received: Q=\(2, 1, 1\)"),
        ({"Q_fr": 0}, ValueError, r"Q_fr must be an integer >= 1. Received: Q_fr=0"),
        ({"T": 0.5}, ValueError, r"T must be .* Received: T=0.5"),
        ({"F": 9}, ValueError, r"F must be .* from 1 to \(J \+ 1\) \* Q = 8. Received: F=9"),
        ({"F": 0.5}, ValueError, r"F must be .* Received: F=0.5"),
        ({"F": "all"}, TypeError, r"F must be .* Received: F='all'"),
        ({"F": 8, "J": 4}, ValueError, r"stride_fr, .*, must divide the 26 samples of the frequency axis"),
        ({"stride": 16}, ValueError, r"stride must be a power of two up to T. Received: stride=16"),
        ({"stride_fr": 4}, ValueError, r"stride_fr must be a power of two up to F. Received: stride_fr=4"),
        ({"stride_fr": 1, "F": 0}, ValueError, r"stride_fr must be None .* Received: stride_fr=1, F=0"),
        ({"format": "both"}, ValueError, r"format must be one of 'time', 'joint'. Received: format='both'"),
        ({"order_1": 1}, TypeError, r"order_1 must be True or False"),
        ({"paths": [(9, (), -1, -1, 0, (), ())]}, ValueError, r"paths must be out of the"),
    ],
)
def test_bad_arguments(arguments, error, text):
    with pytest.raises(error, match=text):
        make(**arguments)


def test_averaging_is_not_longer_than_the_signal():
    with pytest.raises(ValueError, match=r"T must be .* Received: .*T=41"):
        make(T=41)(noise(1, 40, 1))


@pytest.mark.parametrize("jit_compile", [False, True])
def test_layers_before_it_are_trained(jit_compile):
    if jit_compile and BACKEND == "torch":
        pytest.skip("Keras has no compilation for PyTorch on this machine")
    layers = [keras.layers.Conv1D(1, 3), make(J=2), keras.layers.GlobalAveragePooling1D(), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((22, 1)), *layers])
    before = model.get_weights()[0]
    model.compile("sgd", "mse", jit_compile=jit_compile)
    model.fit(noise(3, 22, 1), np.ones((3, 1)), batch_size=2, verbose=0)
    after = model.get_weights()[0]
    assert np.isfinite(after).all() and not np.array_equal(after, before)

"""Checks that every scattering layer must pass; `make(**arguments)` builds one of J = 2.

They are for images unless a shape `(batch, *sizes, channels)` of another rank is given.
"""

import json

import keras
import numpy as np
import pytest
from compare import BACKEND, TOLERANCE, assert_close, gradient, images, to_numpy, weight_gradients
from keras import ops

BAD_IMAGES = [
    (
        np.zeros((1, 3, 8, 1), "float32"),
        ValueError,
        "Image height must be at least 2**J = 4 pixels. Received: Image height=3",
    ),
    (
        np.zeros((1, 8, 2, 1), "float32"),
        ValueError,
        "Image width must be at least 2**J = 4 pixels. Received: Image width=2",
    ),
    (np.zeros((8, 8, 1), "float32"), ValueError, "expected ndim=4, found ndim=3"),
    (np.zeros((1, 8, 8, 1), "complex64"), TypeError, "images must be real numbers"),
    (np.full((1, 8, 8, 1), "a"), TypeError, "images must be real numbers"),
]


def check_bad_images(layer, image, error, text):
    with pytest.raises(error) as caught:
        layer(image)
    assert text in str(caught.value)


def check_channels_are_independent_and_ordered(make, shape=(2, 12, 16, 3)):
    """Feature c * K + k is path k of channel c."""
    x = images(*shape)
    layer = make()
    together, K = to_numpy(layer(x)), len(layer.paths)
    for c in range(shape[-1]):
        assert_close(together[..., c * K : (c + 1) * K], make()(x[..., c : c + 1]))


def check_data_formats_agree(make, shape=(2, 9, 12, 3)):
    x = images(*shape)
    last, first = make(), make(data_format="channels_first")
    found = first(np.moveaxis(x, -1, 1))
    assert_close(ops.moveaxis(found, 1, -1), last(x))
    assert first.compute_output_shape((None, shape[-1], *shape[1:-1])) == (None, *found.shape[1:])


def check_symbolic_shape(make, shape):
    layer = make()
    symbolic = layer(keras.Input(shape[1:], batch_size=shape[0]))
    assert tuple(layer(images(*shape)).shape) == tuple(symbolic.shape) == layer.compute_output_shape(shape)


def check_dtype_policy(make, policy, shape=(2, 8, 12, 2)):
    x = images(*shape)
    layer = make(dtype=policy)
    found = layer(x)
    compute_dtype = keras.DTypePolicy(policy).compute_dtype
    assert keras.backend.standardize_dtype(found.dtype) == layer.compute_dtype == compute_dtype
    assert_close(ops.cast(found, "float32"), make()(x), max(TOLERANCE[compute_dtype], TOLERANCE["float32"]))


def check_integers_are_cast_unscaled(make, shape=(2, 8, 8, 1)):
    x = np.random.default_rng(0).integers(0, 256, shape).astype("uint8")
    assert_close(make()(x), make()(x.astype("float32")), 1e-6)


def check_nan_stays_nan(make, shape=(2, 8, 8, 1)):
    x = images(*shape)
    x[0].flat[x[0].size // 2] = np.nan
    found = to_numpy(make()(x))
    assert np.isnan(found[0]).any()
    assert np.isfinite(found[1]).all()


def check_sizes_change_from_batch_to_batch(make, sizes=((16, 12), (9, 21), (4, 8))):
    """`Input((None, None, C))`, eagerly, in predict and in fit."""
    unknown = (None,) * len(sizes[0])
    pool = getattr(keras.layers, f"GlobalAveragePooling{len(unknown)}D")
    layer = make()
    model = keras.Sequential([keras.Input((*unknown, 2)), layer])
    assert model.output_shape == (None, *unknown, 2 * len(layer.paths))
    head = keras.Sequential([model, pool(), keras.layers.Dense(1)])
    head.compile(keras.optimizers.SGD(0.0), "mse")
    for size in sizes:
        x = images(3, *size, 2)
        fixed = make()(x)
        assert_close(layer(x), fixed)
        assert_close(model.predict(x, verbose=0), fixed)
        history = head.fit(x, np.zeros((3, 1)), verbose=0)
        assert np.isfinite(history.history["loss"]).all()


def check_too_small_images_fail_at_run_time(
    make, sizes=((8, 8), (9, 9)), too_small=(3, 8), text="at least 2\\*\\*J = 4 pixels"
):
    if BACKEND != "tensorflow":
        pytest.skip("only TensorFlow traces with unknown sizes")
    model = keras.Sequential([keras.Input((*(None for _ in too_small), 1)), make()])
    for size in sizes:
        model.predict(images(1, *size, 1), verbose=0)
    with pytest.raises(Exception, match=text):
        model.predict(images(1, *too_small, 1), verbose=0)


def check_gradient(layer, x):
    """Finite, and equal to central differences in float64."""
    generator = np.random.default_rng(1)
    weighting = generator.normal(size=layer(x).shape)

    def value(x):
        return ops.sum(layer(x) * ops.convert_to_tensor(weighting))

    found = gradient(value, x)
    assert np.isfinite(found).all()
    direction = generator.normal(size=x.shape)
    step = 1e-6
    ahead, behind = (to_numpy(value(ops.convert_to_tensor(x + sign * step * direction))) for sign in (1, -1))
    difference = (ahead - behind) / (2 * step)
    assert abs((found * direction).sum() - difference) <= 1e-6 * np.linalg.norm(found)


def check_weight_gradients(layer, x):
    """Gradients of all trainable weights are finite, not zero, and equal to central differences in float64."""
    generator = np.random.default_rng(1)
    weighting = generator.normal(size=layer(x).shape)
    found = weight_gradients(layer, x, weighting)
    variables = layer.trainable_weights
    assert len(found) == len(variables) > 0
    step = 1e-6
    for variable, slope in zip(variables, found):
        assert np.isfinite(slope).all() and np.linalg.norm(slope) > 0
        direction, start = generator.normal(size=slope.shape), to_numpy(variable)
        values = []
        for sign in (1, -1):
            variable.assign(start + sign * step * direction)
            values.append((to_numpy(layer(x)) * weighting).sum())
        variable.assign(start)
        difference = (values[0] - values[1]) / (2 * step)
        assert abs((slope * direction).sum() - difference) <= 1e-5 * np.linalg.norm(slope)


def check_gradient_is_finite(layer, x):
    found = gradient(lambda x: ops.sum(layer(x)), x)
    assert np.isfinite(found).all()
    return found


def check_selected_paths(make, x):
    """A subset of the paths gives what the whole gives of them, in its order; the config keeps it."""
    whole = make()
    found, K, channels = to_numpy(whole(x)), len(whole.paths), x.shape[-1]
    chosen = [whole.paths[i] for i in (K - 1, 1, K // 2)]
    layer = make(paths=chosen)
    assert list(layer.paths) == sorted(chosen, key=whole.paths.index)
    index = [c * K + whole.paths.index(path) for c in range(channels) for path in layer.paths]
    assert_close(layer(x), found[..., index])
    assert layer.compute_output_shape(x.shape) == tuple(layer(x).shape)
    config = json.loads(json.dumps(layer.get_config()))
    assert type(layer).from_config(config).paths == layer.paths
    assert make(paths=lambda path: path.order == 1).paths == tuple(path for path in whole.paths if path.order == 1)


def check_outputs_by_path(make, x):
    """Moduli are those of the waves, shapes are as announced, and symbolic calls give the same structure."""
    moduli, waves = make(output="modulus"), make(output="wavelet")
    found, pairs = moduli(x), waves(x)
    assert tuple(found) == moduli.paths and tuple(pairs) == tuple(path for path in waves.paths if path.order)
    for path, (real, imag) in pairs.items():
        assert_close(np.hypot(to_numpy(real), to_numpy(imag)), found[path], 1e-5)
    for layer, result in ((moduli, found), (waves, pairs)):
        shapes = keras.tree.map_structure(lambda part: tuple(part.shape), result)
        assert layer.compute_output_shape(x.shape) == shapes
        symbolic = layer(keras.Input(x.shape[1:], batch_size=len(x)))
        assert keras.tree.map_structure(lambda part: tuple(part.shape), symbolic) == shapes
    few = make(output="modulus", paths=[moduli.paths[-1]])(x)
    assert list(few) == [moduli.paths[-1]]
    assert_close(few[moduli.paths[-1]], found[moduli.paths[-1]], 1e-6)


def check_empty_batches_and_channels(make, shape):
    """Empty in, empty out; an axis of no channels is refused."""
    layer = make()
    found = layer(np.zeros((0, *shape[1:]), "float32"))
    assert tuple(found.shape) == layer.compute_output_shape((0, *shape[1:]))
    with pytest.raises(ValueError, match="The number of channels must be at least 1"):
        make()(np.zeros((*shape[:-1], 0), "float32"))

import numpy as np
import pytest
from compare import BACKEND, assert_close, images
from keras import ops

from keras_scatter.functional import chunks
from keras_scatter.functional.chunks import chunk_size, map_chunks


@pytest.mark.parametrize("shape, L, orders", [((40, 40), 8, 2), ((12, 20), 4, 1), ((264, 264), 8, 2), ((8, 8), 1, 0)])
def test_a_chunk_holds_what_it_is_allowed_to(shape, L, orders):
    pixels = shape[0] * shape[1]
    maps = [(L**m, pixels / 4 ** max(0, m - 1)) for m in range(orders + 1)]
    per_plane = sum(8 * count * size for count, size in maps)
    assert chunk_size(shape, L, orders) == max(1, chunks.CHUNK_BYTES // per_plane)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 9])
@pytest.mark.parametrize("size", [1, 3, 8])
def test_the_result_does_not_depend_on_the_chunks(count, size):
    planes, seen = images(count, 4, 6), []

    def function(part):
        seen.append(part.shape[0])
        return ops.stack([ops.sum(part, axis=(1, 2)), part[:, 0, 0]], axis=1)

    found = map_chunks(function, ops.convert_to_tensor(planes), size)
    assert_close(found, np.stack([planes.sum((1, 2)), planes[:, 0, 0]], axis=1))
    assert max(seen) <= size


@pytest.mark.skipif(BACKEND != "tensorflow", reason="sizes are known in the traces of the other backends")
@pytest.mark.parametrize("count", [0, 1, 3, 7])
@pytest.mark.parametrize("size", [1, 3, None])
def test_counts_known_at_run_time_only(count, size):
    import tensorflow as tf

    planes = images(count + 1, 4, 6)[:count]
    signature = [tf.TensorSpec((None, 4, 6))]
    found = tf.function(lambda x: map_chunks(lambda part: 2 * part, x, size), input_signature=signature)(planes)
    assert np.array_equal(found, 2 * planes)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="sizes are known in the traces of the other backends")
def test_shapes_known_at_run_time_only_are_not_cut():
    import tensorflow as tf

    sizes = tf.function(lambda x: [chunk_size(ops.shape(x), 8, 2) is None], input_signature=[tf.TensorSpec((None, 8))])
    assert sizes(np.zeros((8, 8), "float32")) == [True]

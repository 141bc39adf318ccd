import subprocess
import sys

import numpy as np
import pytest
from compare import BACKEND, assert_close, images, on_torch
from keras import ops

from keras_scatter.backend import chunks
from keras_scatter.backend.chunks import chunk_size, map_chunks

pytestmark = pytest.mark.keras_version


def test_a_chunk_holds_what_it_is_allowed_to():
    assert chunk_size(chunks.CHUNK_BYTES // 3) == 3
    assert chunk_size(chunks.CHUNK_BYTES + 1) == 1
    assert chunk_size(None) is None


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


def test_results_may_be_nested():
    planes = images(5, 4, 6)
    found = map_chunks(lambda part: {1: part, 2: (2 * part, 3 * part)}, ops.convert_to_tensor(planes), 2)
    for part, factor in ((found[1], 1), (found[2][0], 2), (found[2][1], 3)):
        assert_close(part, factor * planes)


@pytest.mark.skipif(BACKEND != "tensorflow", reason="sizes are known in the traces of the other backends")
@pytest.mark.parametrize("count", [0, 1, 3, 7])
@pytest.mark.parametrize("size", [1, 3, None])
def test_counts_known_at_run_time_only(count, size):
    import tensorflow as tf

    planes = images(count + 1, 4, 6)[:count]
    signature = [tf.TensorSpec((None, 4, 6))]
    found = tf.function(lambda x: map_chunks(lambda part: 2 * part, x, size), input_signature=signature)(planes)
    assert np.array_equal(found, 2 * planes)


PAGES_CLEARED = """
import resource
import torch
import keras_scatter.layers
for _ in range(2):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    [torch.ones(5 * 2**19) for _ in range(5)]
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@on_torch
@pytest.mark.skipif(sys.platform != "linux", reason="the C library of Linux")
def test_freed_memory_is_used_again():
    found = subprocess.run([sys.executable, "-c", PAGES_CLEARED], capture_output=True, text=True, check=True)
    assert int(found.stdout) < 6400  # half of all

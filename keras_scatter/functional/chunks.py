"""Work on a few planes at a time, so that intermediate results stay in the cache and memory is bounded."""

import keras
from keras import ops

from keras_scatter.functional.compiled import in_xla
from keras_scatter.functional.indexing import take
from keras_scatter.functional.padding import is_static

# PyTorch spends more time on starting an operation, so it gets larger chunks.
CHUNK_BYTES = 12 * 2**20 if keras.backend.backend() == "torch" else 5 * 2**19


def chunk_size(shape, L, orders):
    """How many planes go through a scattering transform at a time: as many as `CHUNK_BYTES` hold, but at least 1.

    A plane counts with the complex maps that are made from it, L as large as itself, and from each of these L that are
    a quarter as large, and so on: `8 H W (1 + L (1 + L / 4 + ... + (L / 4)^(orders - 1)))` bytes in float32.

    Args:
        shape: height and width of the planes, ints or tensors.
        orders: number of wavelet transforms that follow on each other.

    Returns:
        An int, or None for a shape that is known only at run time: all planes.
    """
    if not all(map(is_static, shape)):
        return None
    per_pixel = 8 * (1 + L * sum((L / 4) ** m for m in range(orders)))
    return max(1, int(CHUNK_BYTES / per_pixel) // (shape[0] * shape[1]))


def map_chunks(function, planes, size):
    """`function(planes)`, computed for at most `size` of the planes `(N, H, W)` at a time.

    Args:
        function: from `(n, H, W)` to an array with the first axis n, each plane by itself.
        size: a result of `chunk_size`.
    """
    count, *shape = ops.shape(planes)
    known = is_static(count)
    # XLA has no gradients of loops whose length is not known when tracing.
    if size is None or (count <= size if known else in_xla()):
        return function(planes)
    if known:
        # Parts of equal size.
        size = -(-count // -(-count // size))
    chunks = -(-count // size)
    # The last plane again, where the last chunk is not full.
    index = ops.minimum(ops.arange(chunks * size), count - 1)
    parts = ops.reshape(take(planes, index, axis=0), (chunks, size, *shape))
    results = ops.map(function, parts)
    return ops.reshape(results, (-1, *ops.shape(results)[2:]))[:count]

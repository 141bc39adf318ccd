"""Work on a few items at a time, so that intermediate results stay in the cache and memory is bounded."""

import keras
from keras import ops

from keras_scatter.backend.arrays import take
from keras_scatter.backend.programs import in_xla
from keras_scatter.backend.sizes import is_static

# PyTorch spends more time on starting an operation, so it gets larger chunks; not larger than the memory that is kept.
CHUNK_BYTES = 24 * 2**20 if keras.backend.backend() == "torch" else 5 * 2**19


def keep_freed_memory():
    """Let PyTorch use freed memory again, where Linux would take it back and clear it at each call.

    The C library keeps twice the size of the largest array that was freed, counting those of up to 32 MB.
    """
    import torch

    torch.empty(2**25 - 2**16, dtype=torch.uint8, device="cpu")


if keras.backend.backend() == "torch":
    keep_freed_memory()


def chunk_size(bytes_an_item):
    """How many items go through at a time: as many as `CHUNK_BYTES` hold, but at least one.

    Args:
        bytes_an_item: an int, or None where sizes are known only at run time.

    Returns:
        An int, or None: all items.
    """
    return None if bytes_an_item is None else max(1, CHUNK_BYTES // bytes_an_item)


def map_chunks(function, items, size):
    """`function(items)`, computed for at most `size` items `(N, ...)` at a time.

    Args:
        function: from `(n, ...)` to nested arrays with the first axis n, each item by itself.
        size: a result of `chunk_size`; 0 for all items.
    """
    count, *shape = ops.shape(items)
    known = is_static(count)
    if keras.backend.backend() == "torch":
        # A comparison would bind what is exported to batches of one side of it.
        return _in_turn(function, items, size) if size and known and count > size else function(items)
    # XLA has no gradients of loops whose length is not known when tracing.
    if not size or (count <= size if known else in_xla()):
        return function(items)
    if known:
        # Parts of equal size.
        size = -(-count // -(-count // size))
    chunks = -(-count // size)
    # The last item again, where the last chunk is not full.
    index = ops.minimum(ops.arange(chunks * size), count - 1)
    parts = ops.reshape(take(items, index, axis=0), (chunks, size, *shape))
    results = ops.map(function, parts)
    return keras.tree.map_structure(lambda part: ops.reshape(part, (-1, *ops.shape(part)[2:]))[:count], results)


def _in_turn(function, items, size):
    """As `map_chunks` under PyTorch: a loop, parts of any size."""
    import torch

    results = [function(part) for part in torch.split(items, size)]
    return keras.tree.map_structure(lambda *parts: torch.cat(parts), *results)

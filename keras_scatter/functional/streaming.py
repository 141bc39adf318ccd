"""The distilled transform of signals, a block at a time: what filters still need of earlier blocks is a state.

Every convolution keeps the end of what it has read. Where filters of several lengths meet, the shorter ones wait for
the longest, so that each block gives outputs of the same samples on all paths.
"""

from typing import NamedTuple

from keras import ops

from keras_scatter.backend.modulus import modulus
from keras_scatter.backend.programs import compiled
from keras_scatter.cache import cached
from keras_scatter.filters import half_band
from keras_scatter.functional.cascade import in_output_order
from keras_scatter.functional.channels import channels_second
from keras_scatter.functional.half_band import average_kernel, by_row, convolve, depths, kernels_of_band


class State(NamedTuple):
    """What one convolution keeps of a signal: `samples` of `rows` moduli."""

    rows: int
    samples: int


class Streaming(NamedTuple):
    """How a plan is streamed.

    Attributes:
        states: dict of `State` by name, in the order in which they are used.
        delay: outputs that a block of one output more comes too late for.
    """

    states: dict
    delay: int


@cached
def streaming(plan):
    """The `Streaming` of a plan."""
    design, states = plan.filters, {}
    half, waits, wanted = design.kernel_size // 2, [], {}
    for i, node in enumerate(plan.nodes):
        wait = 0
        if node.band:
            found = half_band.of_band(design, node.band)
            needs = []
            for group, _ in found:
                stride = 2 ** (group.level - group.source - group.depth)
                needs.append((group, stride, waits[node.source][group.depth]))
            wait = max(_waiting(before, group.size // 2, stride) for group, stride, before in needs)
            rows = len(plan.nodes[node.source].rows)
            for group, stride, before in needs:
                states[f"node{i}_{group.name}"] = State(rows, wait * stride + group.size // 2 - before)
        of_levels = [wait]
        for d in range(depths(plan)[i]):
            of_levels.append(_waiting(of_levels[-1], half, 2))
            states[f"node{i}_level{d + 1}"] = State(len(node.rows), 2 * of_levels[-1] + half - of_levels[-2])
        waits.append(of_levels)
        if node.emits:
            wanted[i] = half_band.lowpass_radius(design, node.level), 2 ** (plan.level - node.level)
    delay = max(_waiting(waits[i][0], radius, stride) for i, (radius, stride) in wanted.items())
    for i, (radius, stride) in wanted.items():
        states[f"node{i}_average"] = State(len(plan.nodes[i].rows), delay * stride + radius - waits[i][0])
    return Streaming(states, delay)


def _waiting(before, radius, stride):
    """How many of its outputs a convolution is late, whose input is `before` samples late."""
    return -(-(before + radius + 1 - stride) // stride)


class _Memory:
    """The states of one step: those before it, and those after it."""

    def __init__(self, states):
        self._states, self.found = states, {}

    def before(self, name, block):
        """A block `(N * R, t, 1)` with what is known of the samples before it."""
        kept = self._states[name]
        _, rows, samples = ops.shape(kept)
        whole = ops.concatenate([ops.reshape(kept, (-1, samples, 1)), block], axis=1)
        self.found[name] = ops.reshape(whole[:, -samples:], (-1, rows, samples))
        return whole


@compiled(xla_under_tensorflow=False)
def step(inputs, states, kernels, plan, layout):
    """The next outputs, and what the states are then.

    Args:
        inputs: signals with channels, some multiple of the stride long.
        states: dict of arrays `(batch, channels * rows, samples)` by name, see `streaming`.
        kernels: of the filter group, by name.
        layout: a `functional.channels.Layout`.

    Returns:
        Features, and a dict of states.
    """
    planes = channels_second(ops.cast(inputs, layout.dtype), layout.channels_last)
    _, channels, size = ops.shape(planes)
    expected = streaming(plan).states
    of_planes = {name: ops.reshape(kept, (-1, *expected[name])) for name, kept in states.items()}
    memory = _Memory(of_planes)
    maps = _outputs(ops.reshape(planes, (-1, 1, size)), memory, kernels, plan)
    _, paths, count = ops.shape(maps)
    maps = ops.reshape(maps, (-1, channels * paths, count))
    features = ops.transpose(maps, (0, 2, 1)) if layout.channels_last else maps
    after = {}
    for name, kept in memory.found.items():
        rows, samples = expected[name]
        after[name] = ops.reshape(kept, (-1, channels * rows, samples))
    return ops.cast(features, layout.output_dtype), after


def _outputs(moduli, memory, kernels, plan):
    """Coefficients `(N, K, t')` of `(N, 1, t)`."""
    dtype, found, levels, rows = kernels["lowpass"].dtype, {}, {}, {}
    for i, node in enumerate(plan.nodes):
        if node.band:
            read = levels[node.source]
            parts = []
            for group, kernel in kernels_of_band(plan, node.band, kernels):
                stride = 2 ** (group.level - group.source - group.depth)
                block = memory.before(f"node{i}_{group.name}", read[group.depth])
                count = ops.shape(read[group.depth])[1] // stride
                parts.append(ops.split(convolve(block[:, : (count - 1) * stride + group.size], kernel, stride), 2, -1))
            pair = (ops.concatenate(part, axis=-1) for part in zip(*parts))
            moduli = by_row(modulus(*pair), rows[node.source])
        _, rows[i], size = ops.shape(moduli)
        levels[i] = [ops.reshape(moduli, (-1, size, 1))]
        for d in range(depths(plan)[i]):
            levels[i].append(_halved(memory.before(f"node{i}_level{d + 1}", levels[i][-1]), size >> (d + 1), kernels))
        if node.emits:
            taps, stride = average_kernel(plan.filters, node.level, dtype), 2 ** (plan.level - node.level)
            block, count = memory.before(f"node{i}_average", levels[i][0]), size // stride
            average = convolve(block[:, : (count - 1) * stride + taps.shape[0]], taps, stride)
            found[i] = ops.reshape(average, (-1, rows[i], count))
    return in_output_order(plan, found)


def _halved(block, count, kernels):
    """The next level of a pyramid: `count` samples of it; the first sample of the block is the first tap."""
    taps = kernels["lowpass"]
    size = taps.shape[0]
    middle = block[:, size - 1 : size - 1 + 2 * count : 2]
    return middle / 2 + convolve(block[:, : 2 * (count + size - 1) - 1 : 2], taps)

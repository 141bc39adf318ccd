"""Joint time-frequency scattering: moduli of second-order waves, convolved along the index of first-order wavelets.

For every second-order wavelet the waves of all first-order ones are stacked. What follows is local in time: products
with a matrix along n1, moduli, products with the low-pass. It is done for one block of time after the other, so that
all of it stays in the cache. Wavelets of both spins are conjugates of each other along n1, and share their products.
"""

import functools
import math
from typing import NamedTuple

import keras
import numpy as np
from keras import ops

from keras_scatter.backend import fourier
from keras_scatter.backend.arrays import row_sums, rows_times
from keras_scatter.backend.chunks import chunk_size, map_chunks
from keras_scatter.backend.constants import constants
from keras_scatter.backend.modulus import modulus
from keras_scatter.backend.programs import compiled
from keras_scatter.backend.recomputation import recomputed
from keras_scatter.cache import cached
from keras_scatter.functional import smoothing
from keras_scatter.functional.axes import cut, pad
from keras_scatter.functional.signal_bank import Bins, signal_bank

BLOCK = 512  # samples of a block of time, unless the stride of the outputs is longer
ARRAYS = 12  # of the size of a block's waves that a backend without XLA holds at a time
DENSE = 1024  # samples up to which a single matrix averages
NEGLIGIBLE = {"float32": 1e-8, "float64": 1e-17}  # of the largest value of a wavelet along n1


class StackBank(NamedTuple):
    """The arrays of a stack.

    Attributes:
        bins: `Bins` of its second-order wavelet for each node of the first order; empty for order 1.
        low: rows of the low-pass along n1.
        spins: which of the spins +1 and -1 are computed.
        analysis: `(rows, count)`: the low-pass, then real and imaginary parts of the wavelets of positive frequency.
        outputs: `(outputs, rows)`, from the moduli of the low-pass and of each spin.
    """

    bins: tuple
    low: int
    spins: tuple
    analysis: object
    outputs: object


class Arrays(NamedTuple):
    """The arrays of `program`.

    Attributes:
        first: filters of the first order.
        stacks: a `StackBank` for every stack.
        matrices: as in `fourier.Arrays`.
    """

    first: tuple
    stacks: tuple
    matrices: dict | None = None


def matrices(plan, axes, dtype):
    """The matrices of all transforms of a `plan.time_frequency.TimeFrequencyPlan`."""
    first = {node.level for node in plan.first_nodes}
    second = {stack.level for stack in plan.stacks if stack.wavelet}
    forward, inverse = ({0} | (first if second else set()), first | second) if first else ((), ())
    return fourier.matrices(*([(axes[0].length >> level,) for level in levels] for levels in (forward, inverse)), dtype)


def time_frequency_bank(plan, axes, dtype):
    """`first` and `stacks` of `Arrays`, for a length that is known."""
    stacks = []
    for stack in plan.stacks:
        low, spins, *matrices = _matrices(plan.frequency, stack, dtype)
        bins = _second_filters(plan, stack, axes[0].length, dtype) if stack.wavelet else ()
        bins = tuple(Bins(first, *constants([values])) for first, values in bins)
        stacks.append(StackBank(bins, low, spins, *constants(matrices)))
    return signal_bank(plan.time, axes, dtype), tuple(stacks)


@cached
def _second_filters(plan, stack, size, dtype):
    found = ((band, *plan.time.filters.wavelets(band, size, dtype)) for band, _ in plan.bands(stack))
    return tuple((first, values / 2 ** (band.level - band.source)) for band, first, values in found)


@cached
def _matrices(frequency, stack, dtype):
    """Number of rows of the low-pass, spins, and both matrices of a stack."""
    half, low, waves, blocks = len(frequency.wavelets) // 2, [], {}, []
    for n in stack.chosen:
        analysis, synthesis = frequency.analysis(n, stack.count), frequency.synthesis(n, stack.count)
        largest = abs(analysis).max(1)
        used = largest > NEGLIGIBLE[dtype] * largest.max()
        analysis, spin = analysis[used], int(np.sign(frequency.wavelets[n].xi))
        # Wavelets of negative frequency come after those of positive frequency, in the same order.
        pair = n - half if spin < 0 else n
        if n:
            waves[pair] = analysis.conj() if spin < 0 else analysis
        else:
            low = [analysis.real]
        blocks.append(((pair, spin), synthesis[:, used]))
    spins = tuple(spin for spin in (1, -1) if any(spin == other for (_, other), _ in blocks))
    start, rows = {(0, 0): 0}, sum(map(len, low))
    for spin in spins:
        for pair, analysis in waves.items():
            start[pair, spin] = rows
            rows += len(analysis)
    outputs = [np.pad(part, [(0, 0), (start[key], rows - start[key] - part.shape[1])]) for key, part in blocks]
    found = np.concatenate([*low, *(part.real for part in waves.values()), *(part.imag for part in waves.values())])
    return sum(map(len, low)), spins, found.astype(dtype), np.concatenate(outputs)[list(stack.kept)].astype(dtype)


class _Transform:
    """The steps for signals of one length."""

    def __init__(self, plan, axes, dtype, matrices):
        self.plan, self.axes, self.dtype = plan, axes, dtype
        self.fourier, self._by_products = fourier.transforms(matrices), matrices is not None
        self._averaged = (plan.averaged_axis(axes[0]),)

    def order_0(self, signals, padded):
        if self.plan.time.average == "local":
            return self.average(padded, 0)
        return signals[:, None] if self.plan.time.average is None else smoothing.total(padded, 1)

    def average(self, moduli, level):
        """Averages over T, or over 2**J where T is 0 or "global"."""
        return smoothing.smooth(moduli, smoothing.matrices(self.plan.time, self._averaged, level, self.dtype))

    def wave(self, spectrum, bins, source, level):
        size = self.axes[0].length >> source
        filters = bins.first, self.fourier.filters(bins.values)
        return self.fourier.inverse(self.fourier.product_of_bins(spectrum, filters, size, 2 ** (level - source)), 1)

    def first_order(self, averages, bank):
        """Moduli along n1 of the averages of order 1 `(N, n1, time)`, averaged along n1."""
        found = bank.analysis @ averages
        rows = (found.shape[1] - bank.low) // 2
        moduli = [ops.absolute(found[:, : bank.low])] if bank.low else []
        if rows:
            moduli.append(modulus(found[:, bank.low : bank.low + rows], found[:, bank.low + rows :]))
        moduli = ops.concatenate(moduli, axis=1)
        return bank.outputs @ (smoothing.total(moduli, 1) if self.plan.time.average == "total" else moduli)

    def second_order(self, spectra, bank, stack):
        """Outputs `(N, K, time)` of a stack from the spectra of first-order moduli."""
        waves = []
        for (band, rows), bins, spectrum in zip(self.plan.bands(stack), bank.bins, spectra):
            spectrum = keras.tree.map_structure(lambda part, rows=rows: part[:, :rows], spectrum)
            waves.append(self.fourier.parts(self.wave(spectrum, bins, band.source, band.level)))
        waves = ops.stack([ops.concatenate(parts, axis=1) for parts in zip(*waves)], axis=2)
        count, n1, _, size = ops.shape(waves)
        block, average, sums = self._blocks(size, stack.level)
        parts = ops.reshape(waves, (count, n1, 2, size // block, block))
        parts = ops.reshape(ops.transpose(parts, (0, 3, 1, 2, 4)), (-1, n1, 2 * block))
        of_block = functools.partial(_moduli_of_block, bank=bank, average=average)
        if self._by_products:
            found = of_block(parts)
        else:
            at_a_time = chunk_size(4 * ARRAYS * block * bank.analysis.shape[0])
            found = map_chunks(recomputed(of_block, is_program=False), parts, at_a_time)
        _, rows, samples = ops.shape(found)
        found = ops.transpose(ops.reshape(found, (count, size // block, rows, samples)), (0, 2, 1, 3))
        found = ops.reshape(found, (count, rows, -1))
        if sums is not None:
            found = rows_times(found, sums)
        elif self.plan.time.average == "total":
            found = smoothing.total(found, 1)
        found = bank.outputs @ found
        return cut(found, self.axes, stack.level) if self.plan.time.average is None else found

    def _blocks(self, size, level):
        """Samples of a block, what averages their moduli, and what adds up the shares of all blocks."""
        block = math.gcd(size, BLOCK)
        if self.plan.time.average == "total":
            return block, row_sums, None
        if self.plan.time.average is None:
            return block, lambda moduli: moduli, None
        step = 2 ** (self.plan.time.level - level)
        kept = smoothing.kept_matrices(self.plan.time, self.axes[0], level, self.dtype, DENSE)
        if isinstance(kept, tuple):
            lowpass, sums = constants(kept)
            return max(step, block), functools.partial(_shares, lowpass=lowpass), sums
        return size, functools.partial(_shares, lowpass=constants([kept])[0]), None


def _moduli_of_block(waves, bank, average):
    """Moduli along n1 of blocks of waves `(n, n1, 2 * block)`, real parts first, and their shares in the averages."""
    found = bank.analysis @ waves
    block, rows = found.shape[2] // 2, (found.shape[1] - bank.low) // 2
    real, imag = found[..., :block], found[..., block:]
    moduli = [modulus(real[:, : bank.low], imag[:, : bank.low])] if bank.low else []
    # (p + i q) (a + i b) for a wavelet p + i q, and (p - i q) (a + i b) for the one of the other spin.
    p, q = slice(bank.low, bank.low + rows), slice(bank.low + rows, None)
    for spin in bank.spins:
        if spin > 0:
            waves = real[:, p] - imag[:, q], imag[:, p] + real[:, q]
        else:
            waves = real[:, p] + imag[:, q], imag[:, p] - real[:, q]
        moduli.append(modulus(*waves))
    return ops.concatenate([average(part) for part in moduli], axis=1)


def _shares(moduli, lowpass):
    """What moduli of a block `(n, rows, block)` add to the averages."""
    count, rows, block = ops.shape(moduli)
    length, shares = lowpass.shape
    return ops.reshape(rows_times(ops.reshape(moduli, (-1, length)), lowpass), (count, rows, block // length * shares))


def _scatter(signals, arrays, plan, output):
    """Joint time-frequency scattering of signals `(N, time)`.

    Args:
        arrays: `Arrays`.
        output: `"scattering"` for one array `(N, K, time)` or `(N, K, n1, time)`, `"modulus"` for a tuple by path.
    """
    axes, dtype = plan.axes(ops.shape(signals)[1:]), keras.backend.standardize_dtype(signals.dtype)
    first, banks, by_products = arrays
    steps = _Transform(plan, axes, dtype, by_products)
    padded = pad(signals, axes)[:, None]
    found = [steps.order_0(signals, padded)] if plan.order_0 else []
    spectra, averages, whole = [], [], steps.fourier.spectrum(padded, 1) if plan.first_nodes else None
    for node, bins in zip(plan.first_nodes, first):
        moduli = steps.fourier.modulus(steps.wave(whole, bins, 0, node.level))
        if plan.stacks[-1].wavelet:
            spectra.append(steps.fourier.spectrum(moduli, 1))
        if plan.stacks[0].wavelet is None:
            averages.append(steps.average(moduli, node.level))
    for stack, bank in zip(plan.stacks, banks):
        if stack.wavelet is None:
            found.append(steps.first_order(ops.concatenate(averages, axis=1), bank))
        else:
            # Its arrays are constants: the gradient needs nothing but the spectra.
            of_stack = functools.partial(steps.second_order, bank=bank, stack=stack)
            if by_products is None:
                of_stack = recomputed(of_stack, is_program=True)
            found.append(of_stack(tuple(spectra)))
    found = ops.concatenate(found, axis=1) if output == "scattering" else _by_path(found, plan)
    if plan.frequency.format == "joint" and output == "scattering":
        _, outputs, samples = ops.shape(found)
        found = ops.reshape(found, (-1, len(plan.paths), outputs // len(plan.paths), samples))
    return found


def _by_path(found, plan):
    """Outputs `(N, K, time)` of order 0 and of all stacks as maps of paths: `(N, time)`, or `(N, n1, time)`."""
    paths, maps = iter(plan.paths), []
    for part in found:
        row = 0
        while row < part.shape[1]:
            path = next(paths)
            rows = len(path.n1) or 1
            alone = plan.frequency.format == "time" or not path.order
            maps.append(part[:, row] if alone else part[:, row : row + rows])
            row += rows
    return tuple(maps)


# See `fourier.program`.
program = compiled(xla_under_tensorflow=True)(_scatter)
program_of_products = compiled(xla_under_tensorflow=False)(_scatter)

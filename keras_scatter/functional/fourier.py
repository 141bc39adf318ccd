"""The exact transforms: a cascade of products in the Fourier domain, on any number of axes."""

import functools
from typing import NamedTuple

from keras_scatter.backend import fourier
from keras_scatter.backend.programs import compiled
from keras_scatter.functional import cascade, smoothing


class Arrays(NamedTuple):
    """The arrays of `program`.

    Attributes:
        bank: filters of `plan.bands`, real in frequency, over the product of their decimations.
        lowpass: what smooths moduli, see `smoothing.by_level`.
        matrices: those of Fourier transforms by products, see `matrices`; None for those of the backend.
    """

    bank: tuple
    lowpass: dict
    matrices: dict | None = None


def matrices(plan, axes, dtype):
    """The matrices of all transforms of a `plan.tree.Plan`."""
    read = {node.source for node in plan.nodes}
    forward = {node.level for i, node in enumerate(plan.nodes) if i in read}
    inverse = {node.level for node in plan.nodes[1:]}
    return fourier.matrices(*([_sizes(axes, level) for level in levels] for levels in (forward, inverse)), dtype)


def _sizes(axes, level):
    return tuple(axis.length >> level for axis in axes)


class FourierStages(cascade.Stages):
    """Stages whose waves are inverse transforms of spectra times filters."""

    def __init__(self, plan, axes, arrays, dtype):
        self.axes, self._plan = axes, plan
        bank, self._lowpass, by_products = arrays
        self._fourier = fourier.transforms(by_products)
        self.modulus, self.parts = self._fourier.modulus, self._fourier.parts
        self.in_parts = by_products is None
        self._filters = {}
        for band, filters in zip(plan.bands, bank):
            if isinstance(filters, tuple):
                self._filters[band] = filters[0], self._fourier.filters(filters[1])
            else:
                self._filters[band] = self._fourier.filters(filters)

    def analyse(self, moduli, node):
        return self._fourier.spectrum(moduli, len(self.axes))

    def waves(self, spectrum, band):
        rank, filters = len(self.axes), self._filters[band]
        if rank == 1:
            product = self._product_of_signals(spectrum, filters, band)
        else:
            grid = self._plan.filters.grid(band)
            low = self._fourier.low(spectrum, grid - band.source)
            product = self._fourier.product(low, filters, (2 ** (band.level - grid),) * rank)
        return self._fourier.inverse(product, rank)

    def _product_of_signals(self, half, filters, band):
        size, factor = self.axes[0].length // 2**band.source, 2 ** (band.level - band.source)
        if isinstance(filters, tuple):
            return self._fourier.product_of_bins(half, filters, size, factor)
        return self._fourier.product(self._fourier.whole(half, size), filters, (factor,))

    def average(self, moduli, level):
        if self._plan.average == "total":
            return smoothing.total(moduli, len(self.axes))
        return smoothing.smooth(moduli, self._lowpass[level])


# The exact transform of planes, and the same by products with matrices, which other programs than XLA shall run.
program = compiled(xla_under_tensorflow=True)(functools.partial(cascade.scatter, make=FourierStages))
program_of_products = compiled(xla_under_tensorflow=False)(functools.partial(cascade.scatter, make=FourierStages))

"""The exact transforms: a cascade of products in the Fourier domain, on any number of axes."""

import functools

from keras_scatter.backend import fourier
from keras_scatter.backend.programs import compiled
from keras_scatter.functional import cascade, smoothing
from keras_scatter.functional.axes import pad


class FourierStages:
    """Stages of `cascade` whose waves are inverse transforms of spectra times filters."""

    modulus, parts = staticmethod(fourier.modulus), staticmethod(fourier.parts)

    def __init__(self, plan, axes, arrays, dtype):
        self.axes, self._plan = axes, plan
        bank, self._lowpass = arrays
        self._filters = {}
        for band, filters in zip(plan.bands, bank):
            bins = isinstance(filters, tuple)
            self._filters[band] = (filters[0], fourier.filters(filters[1])) if bins else fourier.filters(filters)

    def pad(self, planes):
        return pad(planes, self.axes)

    def analyse(self, moduli, node):
        return fourier.spectrum(moduli, len(self.axes))

    def waves(self, spectrum, band):
        rank, factor, filters = len(self.axes), 2 ** (band.level - band.source), self._filters[band]
        if isinstance(filters, tuple):
            product = fourier.product_of_bins(spectrum, filters, self.axes[0].length >> band.source, factor)
        else:
            whole = fourier.whole(spectrum, self.axes[0].length // 2**band.source) if rank == 1 else spectrum
            product = fourier.product(whole, filters, (factor,) * rank)
        return fourier.inverse(product, rank)

    def average(self, moduli, level):
        if self._plan.average == "total":
            return smoothing.total(moduli, len(self.axes))
        return smoothing.smooth(moduli, self._lowpass[level])


# The exact transform of planes; arrays are filters of `plan.bands`, real in frequency, over the product of their
# decimations; and what smooths moduli, see `smoothing.by_level`.
program = compiled(xla_under_tensorflow=True)(functools.partial(cascade.scatter, make=FourierStages))

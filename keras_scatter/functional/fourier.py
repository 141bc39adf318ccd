"""The exact transforms: a cascade of products in the Fourier domain, on any number of axes."""

import functools

from keras import ops

from keras_scatter.backend import fourier
from keras_scatter.backend.chunks import map_chunks
from keras_scatter.backend.programs import compiled
from keras_scatter.functional import cascade, smoothing
from keras_scatter.functional.axes import pad


class FourierStages:
    """Stages of `cascade` whose waves are inverse transforms of spectra times filters."""

    modulus, parts = staticmethod(fourier.modulus), staticmethod(fourier.parts)

    def __init__(self, plan, axes, bank, dtype):
        self.axes, self._plan = axes, plan
        self._filters = {}
        for band, filters in zip(plan.bands, bank):
            bins = isinstance(filters, tuple)
            self._filters[band] = (filters[0], fourier.filters(filters[1])) if bins else fourier.filters(filters)
        self._lowpass = {}
        for node in plan.nodes if plan.average == "local" else ():
            if node.emits and node.level not in self._lowpass:
                self._lowpass[node.level] = smoothing.matrices(plan, axes, node.level, dtype)

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


program = compiled(xla_under_tensorflow=True)(cascade.scatter)


@compiled(xla_under_tensorflow=False)
def scatter(planes, bank, plan, output, chunk=None):
    """The exact transform of planes `(N, ...)`, see `cascade.scatter`.

    Args:
        bank: filters of `plan.bands`, real in frequency, over the product of their decimations.
        chunk: number of planes at a time; None means as many as fit the cache.
    """
    chunk = chunk or cascade.planes_at_a_time(plan, plan.axes(ops.shape(planes)[1:]))
    part = functools.partial(program, arrays=bank, make=FourierStages, plan=plan, output=output)
    return map_chunks(part, planes, chunk)

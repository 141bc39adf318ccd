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
        self.axes = axes
        self.filters = dict(zip(plan.bands, bank))
        self._lowpass = {
            level: smoothing.matrices(plan, axes, level, dtype)
            for level in sorted({node.level for node in plan.nodes if node.emits})
        }

    def pad(self, planes):
        return pad(planes, self.axes)

    def analyse(self, moduli, node):
        return fourier.spectrum(moduli, len(self.axes))

    def waves(self, spectrum, band):
        factors = (2 ** (band.level - band.source),) * len(self.axes)
        return fourier.convolve(spectrum, self.filters[band], factors)

    def average(self, moduli, level):
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

"""Scattering spectra of signals: Gram matrices of waves, and of the waves of moduli, scale by scale."""

import functools

import keras
from keras import ops

from keras_scatter.backend import fourier
from keras_scatter.backend.chunks import chunk_size, map_chunks
from keras_scatter.backend.modulus import modulus
from keras_scatter.backend.programs import compiled
from keras_scatter.cache import cached
from keras_scatter.functional.statistics import average, filtered, gram, row, spectra, weighted


@cached
def spectra_bank(filters, size, dtype):
    """Spectra `(J + 1, 2 * size)`, real, of signals with their mirror images; the low-pass is the last."""
    return filters.spectra(2 * size).astype(dtype)


@compiled(xla_under_tensorflow=False)
def moments(items, bank, plan, chunk=None):
    """Moments of a `plan.spectra.spectra_plan`, `(N, M)`.

    Args:
        items: `(N, fields, time)`, or weights behind the fields, see `statistics.weighted`.
        bank: `(J + 1, 2 * time)`.
        chunk: number of items at a time; None means as many as fit the cache.
    """
    # Spectra, waves and rows of moduli with mirror images, and what gradients keep of them.
    chunk = chunk or chunk_size(4 * plan.fields * 6 * bank.shape[0] * bank.shape[1])
    return map_chunks(functools.partial(program, bank=bank, plan=plan), items, chunk)


@compiled(xla_under_tensorflow=True)
def program(items, bank, plan):
    """See `moments`."""
    centred, mean, share = weighted(items, plan.fields)
    size, scales, fields = items.shape[2], bank.shape[0], plan.fields
    signals = ops.reshape(centred + mean[..., None], (-1, 1, size))
    waves = _cut(filtered(spectra(_mirrored(signals), 1), bank, 1), size)
    moduli = modulus(*waves)[:, : scales - 1]
    parts = [average(ops.reshape(moduli, (-1, fields * (scales - 1), size)), share)]
    by_field = [ops.reshape(part, (-1, fields, scales, size)) for part in waves]
    parts.append(average(by_field[0][:, :, -1], share))
    parts += _powers(*by_field, share)
    if plan.outer:
        parts += _matrices(by_field, spectra(_mirrored(moduli), 1), share, bank, plan)
    return row(parts)


def _powers(real, imag, share):
    """Mean products of the waves of all pairs of fields, real and imaginary parts."""
    fields = real.shape[1]
    products = [
        [real[:, a] * real[:, b] + imag[:, a] * imag[:, b], imag[:, a] * real[:, b] - real[:, a] * imag[:, b]]
        for a in range(fields)
        for b in range(fields)
    ]
    return [average(product[part], share) for part in (0, 1) for product in products]


def _matrices(waves, of_moduli, share, bank, plan):
    """Gram matrices by outer scale, of the waves of the fields and of their moduli.

    Args:
        waves: real and imaginary parts `(N, fields, J + 1, time)`.
        of_moduli: spectra of the moduli with mirror images, `(N * fields, J, ...)`.
    """
    size, found = waves[0].shape[-1], []
    for j, left in plan.outer:
        rows = min(j + 1, bank.shape[0] - 1)
        inner = keras.tree.map_structure(lambda part, rows=rows: part[:, :rows], of_moduli)
        parts = []
        for part, outside in zip(_cut(filtered(inner, bank[j : j + 1], 1), size), waves):
            part = ops.reshape(part, (-1, plan.fields * rows, size))
            parts.append(ops.concatenate([outside[:, :, j], part], axis=1))
        found.append(gram(*parts, left, share) if share is not None else gram(*parts, left) / size)
    return found


def _mirrored(signals):
    """Signals, each followed by its mirror image."""
    return ops.concatenate([signals, ops.flip(signals, -1)], axis=-1)


def _cut(waves, size):
    """Real and imaginary parts of the first samples."""
    return [part[..., :size] for part in fourier.parts(waves)]

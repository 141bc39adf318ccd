import numpy as np
import pytest
from compare import assert_close, to_numpy
from keras import ops

from keras_scatter.backend import fourier
from keras_scatter.backend.arrays import complex_array
from keras_scatter.functional.statistics import average, filtered, gram, spectra, weighted


def rows(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


@pytest.mark.parametrize("left", [0, 2])
@pytest.mark.parametrize("has_weights", [False, True])
def test_gram_matrices(left, has_weights):
    real, imag = rows(3, 4, 10), rows(3, 4, 10, seed=1)
    share = abs(rows(3, 1, 10, seed=2)) if has_weights else None
    found = to_numpy(gram(ops.convert_to_tensor(real), ops.convert_to_tensor(imag), left, share))
    values = real + 1j * imag
    weights = np.ones((3, 10)) if share is None else share[:, 0]
    wanted = np.einsum("nik,njk,nk->nij", values[:, : left or 4], values.conj(), weights)
    assert_close(found[:, 0] + 1j * found[:, 1], wanted)


@pytest.mark.parametrize("sizes", [(12,), (13,), (6, 7)])
def test_waves(sizes):
    x, filters = rows(2, 3, *sizes), rows(4, *sizes, seed=1)
    axes = tuple(range(-len(sizes), 0))
    found = filtered(spectra(ops.convert_to_tensor(x), len(sizes)), ops.convert_to_tensor(filters), len(sizes))
    real, imag = (to_numpy(part) for part in fourier.parts(found))
    wanted = np.fft.ifftn(np.fft.fftn(x, axes=axes)[:, :, None] * filters, axes=axes).reshape(2, 12, *sizes)
    assert_close(real + 1j * imag, wanted)


def test_weighted_means():
    x, weight = rows(2, 1, 5), abs(rows(2, 1, 5, seed=1))
    weight[:, :, 2] = 0
    x[:, :, 2] = np.nan
    fields, mean, share = weighted(ops.convert_to_tensor(np.concatenate([x, weight], 1)), 1)
    wanted = np.nansum(x * weight, -1) / weight.sum(-1)
    assert_close(mean, wanted)
    assert not to_numpy(fields)[:, :, 2].any()
    assert_close(to_numpy(average(fields, share)) + 1, np.ones((2, 1)))
    plain, mean, nothing = weighted(ops.convert_to_tensor(weight), 1)
    assert nothing is None and abs(to_numpy(plain).sum(-1)).max() < 1e-5
    assert_close(mean, weight.mean(-1))


def test_complex_arrays(float64):
    found = to_numpy(complex_array(ops.convert_to_tensor(np.ones(2)), ops.convert_to_tensor(np.arange(2.0) / 3)))
    assert_close(found, 1 + 1j * np.arange(2) / 3, 1e-15)

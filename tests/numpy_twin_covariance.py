"""Scattering covariances and spectra once more, in plain NumPy and float64: written to be read, not to be fast.

All is computed in space, wavelet by wavelet. Statistics are looked up by what a path says.
"""

import numpy as np


def circular(u, spectrum):
    """Convolution with a filter that is given by its Fourier transform."""
    return np.fft.ifftn(np.fft.fftn(u) * spectrum)


class Covariances:
    """Statistics of one field, or of two, `(fields, H, W)`.

    Args:
        bank: spectra `(J, L, H, W)`.
        weight: `(H, W)`, or None.
    """

    def __init__(self, fields, bank, weight=None, normalised=True):
        self.bank, self.normalised = bank, normalised
        self.J, self.L = bank.shape[:2]
        weight = np.ones(fields.shape[1:]) if weight is None else weight
        self.share = weight / weight.sum()
        there = np.where(weight > 0, fields, 0)
        self.means = [(self.share * x).sum() for x in there]
        self.fields = [np.where(weight > 0, x - mean, 0) for x, mean in zip(there, self.means)]
        self.waves = [
            {(j, t): circular(x, bank[j, t]) for j in range(self.J) for t in range(self.L)} for x in self.fields
        ]
        self.moduli = [{name: abs(wave) for name, wave in waves.items()} for waves in self.waves]
        self.twice = {}

    def mean(self, values):
        return (self.share * values).sum()

    def power(self, f, wavelet):
        return self.mean(self.moduli[f][wavelet] ** 2)

    def second(self, f, inner, outer):
        if (f, inner, outer) not in self.twice:
            self.twice[f, inner, outer] = circular(self.moduli[f][inner], self.bank[outer])
        return self.twice[f, inner, outer]

    def value(self, kind, pair, scales, angles):
        """One statistic, complex where it is; neither reduced, nor a logarithm."""
        a, b = pair
        named = list(zip(scales, (t % self.L for t in angles)))
        count = self.share.size
        if kind == "mean":
            deviation = np.sqrt(self.mean(self.fields[a] ** 2) * count / (count - 1))
            return self.means[a] / (deviation if self.normalised else 1)
        if kind == "P00":
            return self.power(a, named[0])
        if kind == "S1":
            return self.mean(self.moduli[a][named[0]])
        if kind == "C00":
            product, by = self.waves[a][named[0]] * self.waves[b][named[0]].conj(), (named[0], named[0])
        elif kind == "C01":
            product, by = self.fields[a] * self.second(b, *named).conj(), (named[1], named[0])
        else:
            first, second, outer = named
            product = self.second(a, first, outer) * self.second(b, second, outer).conj()
            by = first, second
        scale = np.sqrt(self.power(a, by[0]) * self.power(b, by[1])) if self.normalised else 1
        return self.mean(product) / scale

    def feature(self, path, reduction):
        """What a layer gives for a path."""
        pair = (*path.fields, *path.fields)[:2] or (0, 0)
        if reduction is None or path.kind == "mean":
            found = self.value(path.kind, pair, path.scales, path.angles)
        else:
            found = self.reduced(path, pair, path.harmonic)
            if path.harmonic and self.normalised and path.kind in ("P00", "S1"):
                found /= self.reduced(path, pair, 0)
        found = found.real if path.part == "real" else found.imag
        is_log = self.normalised and path.kind in ("P00", "S1") and not path.harmonic
        return np.log(found) if is_log else found

    def reduced(self, path, pair, harmonic):
        total = 0
        for first in range(self.L):
            angles = (first, *(first + distance for distance in path.angles))
            value = self.value(path.kind, pair, path.scales, angles)
            # Beyond half a turn the wavelet is the reflected one.
            value = np.conj(value) if angles[-1] >= self.L else value
            total += value * np.exp(-2j * np.pi * harmonic * first / self.L) / self.L
        return total


def features(x, bank, layer, weight=None):
    """Features of images `(batch, H, W, C)` as the layer orders them."""
    normalised = layer.normalization == "power"
    x = x.astype("float64")
    rows = []
    for b, item in enumerate(np.moveaxis(x, -1, 1)):
        groups = [item] if layer.cross else item[:, None]
        row = []
        for c, fields in enumerate(groups):
            w = None if weight is None else weight[b, ..., min(c, weight.shape[-1] - 1)].astype("float64")
            statistics = Covariances(fields, bank, w, normalised)
            row += [statistics.feature(path, layer.reduction) for path in layer.paths]
        rows.append(row)
    return np.array(rows)


class Spectra:
    """Scattering spectra of one signal, or of two, `(fields, time)`.

    Args:
        bank: spectra `(J + 1, 2 * time)`, the low-pass last.
        weight: `(time,)`, or None.
    """

    def __init__(self, fields, bank, weight=None, normalised=True):
        self.bank, self.normalised, self.J = bank, normalised, len(bank) - 1
        weight = np.ones(fields.shape[1]) if weight is None else weight
        self.share = weight / weight.sum()
        there = np.where(weight > 0, fields, 0)
        # Holes hold the mean.
        self.fields = [np.where(weight > 0, x, (self.share * x).sum()) for x in there]
        self.wave = [[self.filtered(x, j) for j in range(self.J + 1)] for x in self.fields]

    def filtered(self, u, j):
        return circular(np.concatenate([u, u[::-1]]), self.bank[j])[: len(u)]

    def mean(self, values):
        return (self.share * values).sum()

    def second(self, f, inner, outer):
        return self.filtered(abs(self.wave[f][inner]), outer)

    def deviation(self, f, j):
        return np.sqrt(self.mean(abs(self.wave[f][j]) ** 2)) if self.normalised else 1

    def value(self, kind, pair, scales):
        """One statistic, complex where it is."""
        a, b = pair
        if kind == "mean":
            return self.mean(self.wave[a][self.J])
        if kind == "sparsity":
            return self.mean(abs(self.wave[a][scales[0]])) / self.deviation(a, scales[0])
        if kind == "variance":
            return self.mean(self.wave[a][scales[0]] * self.wave[b][scales[0]].conj())
        inner, left = scales[:2]
        first = self.wave[a][left] if kind == "skewness" else self.second(a, left, scales[2])
        product = first * self.second(b, inner, scales[-1]).conj()
        return self.mean(product) / (self.deviation(a, left) * self.deviation(b, inner))

    def feature(self, path):
        """What a layer gives for a path."""
        pair = (*path.fields, *path.fields)[:2] or (0, 0)
        rows = [path.scales]
        if path.distances:
            a, b = (*path.distances, 0)[:2]
            rows = [(j - a, j, j + b)[: 1 + len(path.distances)] for j in range(a, self.J - b)]
        found = np.mean([self.value(path.kind, pair, scales) for scales in rows])
        return found.real if path.part == "real" else found.imag


def spectra_features(x, bank, layer, weight=None):
    """Features of signals `(batch, time, C)` as the layer orders them."""
    x = x.astype("float64")
    rows = []
    for b, item in enumerate(np.moveaxis(x, -1, 1)):
        row = []
        for c, fields in enumerate([item] if layer.cross else item[:, None]):
            w = None if weight is None else weight[b, :, min(c, weight.shape[-1] - 1)].astype("float64")
            statistics = Spectra(fields, bank, w, layer.normalization == "power")
            row += [statistics.feature(path) for path in layer.paths]
        rows.append(row)
    return np.array(rows)

"""What the layers must give, computed as plainly as can be: in NumPy, or by the layer's plainest form in float64."""

import math

import keras
import numpy as np

from keras_scatter import layers
from keras_scatter.filters.morlet import morlet_spectra
from keras_scatter.filters.spectra import low_band, on_grid

# What a layer's plainest form does without: the layout, the subset, the parts, the products, the precision.
PLAIN = {"data_format": "channels_last", "paths": None, "chunk_size": None, "fft": "native", "dtype": "float64"}


def expected(layer, x):
    """What the layer must give for `x`, in its layout, as nested arrays of float64.

    `ScatteringFFT` and `ScatteringFFT1D` are held to NumPy, path by path. The others are held to their plainest form
    in float64: a layer with all paths and the channels last, for one channel of one array at a time where channels do
    not meet.
    """
    last = np.asarray(x, "float64")
    last = last if layer.data_format == "channels_last" else np.moveaxis(last, 1, -1)
    if isinstance(layer, (layers.ScatteringFFT, layers.ScatteringFFT1D)):
        found = [[by_path(layer, plane) for plane in np.moveaxis(one, -1, 0)] for one in last]
    elif getattr(layer, "paths", ()) and not getattr(layer, "combine_colour", False):
        plain = _plain(layer)
        found = [[_paths_of(plain, one[None, ..., c : c + 1]) for c in range(one.shape[-1])] for one in last]
    else:
        whole = keras.tree.map_structure(keras.ops.convert_to_numpy, _plain(layer, last)(last))
        return keras.tree.map_structure(lambda part: _in_layout(layer, part), whole)
    if isinstance(layer(x), dict):
        return {path: _stacked(layer, [[one[path] for one in row] for row in found]) for path in layer.paths}
    per_channel = [[np.stack([one[path] for path in layer.paths], -1) for one in row] for row in found]
    features = np.stack([np.stack(row, -1 if layer.feature_order == "path" else -2) for row in per_channel])
    return _in_layout(layer, features.reshape(*features.shape[:-2], -1))


def by_path(layer, plane):
    """Coefficients of a plane in NumPy, an array by path: spectra times filters, blocks of which are added up."""
    plan = layer._plan
    axes = plan.axes(plane.shape)
    mode = {"zeros": "constant", "reflect": "reflect", "periodic": "wrap"}[plan.padding]
    moduli = {(): np.pad(plane, [(axis.before, axis.after) for axis in axes], mode)}
    level = {(): 0}
    for node in plan.nodes[1:]:
        filters = _filters(plan, axes, node.band)
        for row in node.rows:
            spectrum = np.fft.fftn(moduli[row[:-1]]) * filters[node.band.wavelets.index(row[-1])]
            moduli[row] = np.abs(np.fft.ifftn(_decimated(spectrum, 2 ** (node.level - node.band.source))))
            level[row] = node.level
    average = plan.average if layer._kind == "scattering" else None
    return {path: _averaged(plan, axes, moduli[row], average, level[row]) for path, row in zip(plan.paths, plan.rows)}


def _filters(plan, axes, band):
    lengths = tuple(axis.length for axis in axes)
    if len(axes) == 2:
        spectra = morlet_spectra(band.wavelets[0].j, plan.filters.L, *lengths)
        return low_band(spectra[[wavelet.n % plan.filters.L for wavelet in band.wavelets]], band.source, (-2, -1), np)
    first, values = plan.filters.wavelets(band, *lengths, "float64")
    return [on_grid(first, wavelet, lengths[0] >> band.source) for wavelet in values]


def _averaged(plan, axes, maps, average, level):
    if average == "total":
        return maps.sum(keepdims=True)
    if average is None:
        return maps[_kept(axes, level)]
    lowpasses = [plan.filters.lowpass(axis.length, level) for axis in axes]
    spectrum = np.fft.fftn(maps) * (lowpasses[0] if len(axes) == 1 else np.outer(*lowpasses))
    return np.fft.ifftn(_decimated(spectrum, 2 ** (plan.level - level))).real[_kept(axes, plan.level)]


def _kept(axes, level):
    return tuple(slice(first, first + count) for first, count in (axis.kept(level) for axis in axes))


def _decimated(spectrum, factor):
    blocks = [part for size in spectrum.shape for part in (factor, size // factor)]
    return spectrum.reshape(blocks).mean(tuple(range(0, len(blocks), 2)))


def _plain(layer, x=None):
    """The layer's plainest form, with its weights."""
    config = layer.get_config()
    plain = type(layer).from_config({**config, **{name: value for name, value in PLAIN.items() if name in config}})
    if layer.weights:
        plain.build((None, *[32] * layer.rank, 1 if x is None else x.shape[-1]))
        plain.set_weights([np.asarray(keras.ops.convert_to_numpy(variable)) for variable in layer.weights])
    return plain


def _paths_of(plain, x):
    """What the plain layer gives for a batch of one array with one channel: arrays by path."""
    found = keras.tree.map_structure(keras.ops.convert_to_numpy, plain(x))
    if isinstance(found, dict):
        return {path: part[0, ..., 0] for path, part in found.items()}
    return {path: found[0, ..., k] for k, path in enumerate(plain.paths)}


def _stacked(layer, maps):
    """Maps by array and channel, as a batch in the layer's layout."""
    return _in_layout(layer, np.stack([np.stack(row, -1) for row in maps]))


def _in_layout(layer, array):
    if layer.data_format == "channels_last":
        return array
    # Subbands have their orientations in front of the channels.
    is_subband = isinstance(layer, layers.DTCWT) and array.ndim == 5
    return np.moveaxis(array, (-1, -2), (1, 2)) if is_subband else np.moveaxis(array, -1, 1)


def distance(found, wanted):
    """The largest difference over the largest value, of nested arrays; infinite if they are of other shapes."""
    pairs = list(zip(keras.tree.flatten(found), keras.tree.flatten(wanted)))
    if len(keras.tree.flatten(wanted)) != len(keras.tree.flatten(found)):
        return math.inf
    peak = max(float(np.abs(array).max(initial=0)) for _, array in pairs) or 1.0
    worst = 0.0
    for one, other in pairs:
        one = keras.ops.convert_to_numpy(one).astype("float64")
        if one.shape != other.shape:
            return math.inf
        difference = float(np.abs(one - other).max(initial=0))
        worst = max(worst, math.inf if math.isnan(difference) else difference)
    return worst / peak

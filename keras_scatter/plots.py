"""Pictures of what layers compute, with matplotlib."""

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

from keras_scatter.filters.dual_tree_bank import DualTreeBank
from keras_scatter.filters.group_bank import GroupBank
from keras_scatter.filters.morlet import angle
from keras_scatter.filters.morlet_1d import by_order, constant_q
from keras_scatter.filters.morlet_bank import MorletBank
from keras_scatter.filters.morlet_bank_1d import MorletBank1D
from keras_scatter.filters.paths import Path
from keras_scatter.filters.pictures import draw_sum, given_axes
from keras_scatter.optional import require
from keras_scatter.typing import ArrayLike

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FONT = 9  # points
COLOURS = "viridis"


def coefficients(layer: keras.layers.Layer, x: ArrayLike, axes: Any = None, path: Any = None) -> "Figure":
    """Draw scattering coefficients: discs of scale and angle for images, scalograms for signals, grids for the others.

    A disc stands for the plane of frequencies. The sector of a path of order 1 lies in the direction of its wavelet, in
    the ring of its scale, fine scales outside; it is drawn twice, because wavelets of opposite directions have the same
    coefficients for real images. Within the sector of its first wavelet a path of order 2 has a place by its second
    one, in the same manner. Colours are means over positions, channels and the batch.

    A scalogram has the coefficients of order 1 over time and centre frequency, means over channels and the batch. With
    `path`, a path of order 1, it has those of order 2 behind that path: a scattergram.

    Of joint time-frequency scattering there is one grid of order 2: centre frequencies along time and along
    log-frequency, whose sign is the spin. Of volumes there is a grid by order: degrees and scales, for the power 1, or
    the first one where the layer has no 1. Colours are means.

    Args:
        layer: a `ScatteringFFT` or `ComplexModulusConv`, a `ScatteringFFT1D` that averages over T samples, a
            `TimeFrequencyScattering` that gives one array, or a `HarmonicScattering3D`.
        x: one image `(H, W)`, signal `(time,)` or volume `(D, H, W)`; or with channels; or a batch of such, in the
            layer's data format.
        axes: matplotlib axes to draw into: for images and volumes one for each order of the layer from 1 on, polar ones
            for images; else one. None makes a figure.
        path: a path of order 1 of a `ScatteringFFT1D`, whose scattergram is drawn.

    Returns:
        The matplotlib figure.

    Raises:
        TypeError: the layer has no paths of the kind.
        ValueError: x has another rank, axes another number, or nothing is behind the path.

    Example:

    >>> x = np.random.default_rng(0).uniform(size=(64, 64))
    >>> figure = coefficients(ScatteringFFT(J=3), x)
    >>> [axis.get_title() for axis in figure.axes[:2]]
    ['order 1', 'order 2']
    """
    kind = _kind(layer)
    if kind not in DRAWN:
        raise TypeError(
            "layer must be a ScatteringFFT, a ComplexModulusConv, a ScatteringFFT1D that averages over T samples, a "
            f"TimeFrequencyScattering that gives one array, or a HarmonicScattering3D. Received: {layer!r}"
        )
    if path is not None and not (kind == "signal" and path in layer.paths and _behind(layer, path)):
        raise ValueError(
            "path must be None, or a path of order 1 of a ScatteringFFT1D behind which there are others. "
            f"Received: path={path!r}"
        )
    found = _by_path(layer, x)
    found = found.mean((0, 1)) if kind == "signal" else found.mean((0, 1, *range(3, found.ndim)))
    if kind == "signal" and path is not None:
        return _draw_scalogram(layer, found, axes, _behind(layer, path), f"order 2 behind {_words(path)[0]}")
    return DRAWN[kind](layer, found, axes)


def _behind(layer, path):
    """Indices and second centre frequencies of the paths of order 2 that begin with a path of order 1."""
    return [
        (k, other.xi[1])
        for k, other in enumerate(layer.paths)
        if path.order == 1 and other.order == 2 and other.n[:1] == path.n
    ]


def _kind(layer):
    """What a layer transforms, as far as it can be drawn: `"image"`, `"signal"`, `"time-frequency"` or `"volume"`."""
    first = next((path for path in getattr(layer, "paths", ()) if getattr(path, "order", 0)), None)
    if hasattr(first, "angles") and hasattr(layer, "L"):
        return "image"
    if hasattr(first, "spin"):
        is_drawable = layer._kind == "scattering" and any(path.order == 2 for path in layer.paths)
        return "time-frequency" if is_drawable else None
    if hasattr(first, "xi") and getattr(layer, "T", None) not in (0, "global"):
        return "signal"
    return "volume" if hasattr(first, "degree") else None


def _check_has_moduli(layer):
    if _kind(layer) not in ("image", "signal"):
        raise TypeError(
            "layer must be a ScatteringFFT, a ComplexModulusConv, or a ScatteringFFT1D that averages over T samples. "
            f"Received: {layer!r}"
        )


def filters(layer: keras.layers.Layer, axes: Any = None) -> "Figure":
    """Draw the filters of a layer, and their Littlewood-Paley sum: how much of each frequency they keep.

    Of `TimeFrequencyScattering` joint wavelets are drawn, real parts over time and log-frequency, high frequencies on
    top: one of each octave, of those along time the four slowest ones. The lower half has the spin -1.

    Args:
        layer: a `ScatteringFFT`, `ScatteringFFT1D`, `TimeFrequencyScattering`, `DTCWT`, or a `ComplexModulusConv`,
            which is built if it is not yet.
        axes: matplotlib axes to draw into: for images three (real parts, imaginary parts, sum), for signals two (sum,
            spectra), for joint wavelets one. None makes a figure.

    Returns:
        The matplotlib figure.

    Raises:
        TypeError: the layer has no filters of the kind.
        ValueError: axes are not as many.

    Example:

    >>> figure = filters(ScatteringFFT(J=2, L=6))
    >>> [axis.get_title() for axis in figure.axes[:2]]
    ['real parts', 'imaginary parts']
    """
    if hasattr(layer, "J_fr"):
        return _draw_joint_wavelets(layer, axes)
    return _bank(layer).plot(axes)


def littlewood_paley(layer: keras.layers.Layer, axes: Any = None) -> "Figure":
    """Draw the Littlewood-Paley sum of a layer: how much of the energy at each frequency its filters keep.

    Args:
        layer: as in `filters`; of `TimeFrequencyScattering` it is the sum of its wavelets along time.
        axes: one matplotlib axis to draw into. None makes a figure.

    Returns:
        The matplotlib figure.

    Raises:
        TypeError: the layer has no filters of the kind.
        ValueError: axes are more than one.

    Example:

    >>> figure = littlewood_paley(ScatteringFFT1D(J=5, Q=4))
    >>> figure.axes[0].get_xlabel()
    'frequency (cycles a sample)'

    Reference:
        J. Bruna, S. Mallat, Invariant Scattering Convolution Networks, IEEE TPAMI 35 (2013), equation 4.
    """
    bank = _bank(layer)
    (axis,) = _axes(axes, 1, "that of the sum", figsize=(5.6, 5) if len(bank.shape) == 2 else (6, 2.6))
    draw_sum(axis, bank)
    if len(bank.shape) == 1:
        axis.set_xlabel("frequency (cycles a sample)", fontsize=FONT)
    return axis.figure


def sector(path: Path, J: int, L: int) -> tuple[float, float, float, float]:
    """The place of a path on the disc that `coefficients` draws, whose radius is 1.

    Args:
        path: a path of images of order 1 or more.
        J, L: scale and number of angles of its layer.

    Returns:
        Middle and width in radians, from the horizontal axis of a picture upwards, and bottom and height along the
        radius. The opposite sector is the path's as well.

    Example:

    >>> path = ScatteringFFT(J=2, L=4).paths[1]
    >>> path.scales, path.angles, sector(path, J=2, L=4)
    ((0,), (0,), (-0.785..., 0.785..., 0.5, 0.5))
    """
    width, inner, outer, scales = np.pi, 0.0, 1.0, range(J)
    # Counted from the first image axis, which points down; a picture has its angles from the horizontal one.
    middle = angle(path.angles[0], L) - np.pi / 2
    for i, (j, t) in enumerate(zip(path.scales, path.angles)):
        width /= L
        if i:
            middle -= (t - (L - 1) / 2) * width
        step = (outer - inner) / len(scales)
        outer -= scales.index(j) * step
        inner, scales = outer - step, range(j + 1, J)
    return middle, width, inner, outer - inner


def _bank(layer):
    """The filters of a layer as a bank."""
    path = next((path for path in getattr(layer, "paths", ()) if getattr(path, "order", 0)), None)
    if hasattr(layer, "levels") and hasattr(layer, "qshift"):
        return DualTreeBank(layer.levels, layer.biort, layer.qshift, shape=(max(64, 2 ** (layer.levels + 2)),) * 2)
    if getattr(layer, "rank", None) == 2 and hasattr(path, "scales") and hasattr(layer, "L"):
        J = layer._plan.scale
        size = max(64, 2 ** (J + 3))
        if not hasattr(layer, "group_config"):
            return MorletBank(J, layer.L, shape=(size, size))
        if not layer.built:
            layer.build((None, size, size, 1) if layer.data_format == "channels_last" else (None, 1, size, size))
        arrays = {name: ops.convert_to_numpy(variable) for name, variable in layer.filters.items()}
        return GroupBank(layer.group_config, arrays, shape=(size, size))
    if getattr(layer, "rank", None) == 1 and hasattr(path, "xi") and not hasattr(layer, "group_config"):
        return MorletBank1D(layer.J, layer.Q, T=None if layer.T in (0, "global") else layer.T)
    raise TypeError(
        "layer must be a ScatteringFFT, ScatteringFFT1D, TimeFrequencyScattering, ComplexModulusConv or DTCWT. "
        f"Received: {layer!r}"
    )


def path(layer: keras.layers.Layer, x: ArrayLike, path: Any, axes: Any = None) -> "Figure":
    """Draw what one path makes of an image or a signal, step by step: the input, each modulus, and the average.

    Args:
        layer: a `ScatteringFFT`, `ComplexModulusConv`, or a `ScatteringFFT1D` that averages over T samples.
        x: one image `(H, W)` or signal `(time,)`; or with channels, or a batch of such, of which the first is drawn.
        path: one of `layer.paths`, of order 1 or more; of a layer that has all of them.
        axes: matplotlib axes to draw into: two more than the path has wavelets. None makes a figure.

    Returns:
        The matplotlib figure.

    Raises:
        TypeError: the layer has no paths of the kind.
        ValueError: path is not one of the layer's with a wavelet, x has another rank, or axes another number.

    Example:

    >>> x = np.random.default_rng(0).uniform(size=(64, 64))
    >>> layer = ScatteringFFT(J=3)
    >>> figure = path(layer, x, layer.paths[40])
    >>> [axis.get_title() for axis in figure.axes if axis.get_title()]
    ['input', 'modulus, j = 0, t = 0', 'modulus, j = 2, t = 7', 'average']
    """
    _check_has_moduli(layer)
    if path not in layer.paths or not path.order:
        raise ValueError(f"path must be one of layer.paths that has a wavelet. Received: path={path!r}")
    x = _batch(layer, x)
    wavelets = _wavelets(path)
    config = {**layer.get_config(), "paths": lambda other: _wavelets(other) == wavelets[: other.order] and other.order}
    moduli = _like(layer, {**config, "output": "modulus"}, x)(x)
    steps = [x, *(moduli[other] for other in sorted(moduli, key=lambda other: other.order))]
    steps.append(_like(layer, {**config, "paths": [list(path)]}, x)(x))
    maps = [_first(layer, step) for step in steps]
    titles = ["input", *(f"modulus, {wavelet}" for wavelet in _words(path)), "average"]
    rank = layer.rank
    size = {"figsize": (3 * len(maps), 3.2)} if rank == 2 else {"figsize": (2.8 * len(maps), 2.6)}
    axes = _axes(axes, len(maps), "input, each modulus and average", **size)
    for axis, array, title in zip(axes, maps, titles):
        if rank == 2:
            image = axis.imshow(array, cmap="gray" if title == "input" else COLOURS, vmin=min(0, array.min()))
            axis.set(xticks=[], yticks=[], xlabel=f"{array.shape[0]} x {array.shape[1]}")
            axis.figure.colorbar(image, ax=axis, shrink=0.7).ax.tick_params(labelsize=FONT)
        else:
            stride = x.shape[1 if layer.data_format == "channels_last" else 2] / len(array)
            axis.plot(stride * np.arange(len(array)), array, color="black", linewidth=0.8)
            axis.set_xlabel("time (samples)")
        axis.set_title(title, fontsize=FONT)
    return axes[0].figure


def _like(layer, config, x):
    """A layer of the same kind and weights with another config."""
    other = type(layer).from_config({**config, "name": None})
    if layer.weights or hasattr(layer, "group_config"):
        other.build(x.shape)
        other.set_weights(layer.get_weights() or other.get_weights())
    return other


def _first(layer, array):
    """The first channel of the first item."""
    array = ops.convert_to_numpy(array)[0]
    return array[..., 0] if layer.data_format == "channels_last" else array[0]


def _wavelets(path):
    """What tells the wavelets of a path apart."""
    return tuple(zip(path.scales, path.angles)) if hasattr(path, "scales") else path.n


def _words(path):
    if hasattr(path, "scales"):
        return [f"j = {j}, t = {t}" for j, t in zip(path.scales, path.angles)]
    return [f"{xi:.3g} cycles a sample" for xi in path.xi]


def _by_path(layer, x):
    """Coefficients `(batch, C, K, ...)` of inputs that may lack the channels, and the batch."""
    features = ops.convert_to_numpy(layer(_batch(layer, x)))
    if layer.data_format == "channels_last":
        features = np.moveaxis(features, -1, 1)
    batch, _, *sizes = features.shape
    return features.reshape(batch, -1, len(layer.paths), *sizes)


def _batch(layer, x):
    """The input as a batch with channels."""
    x, rank = ops.convert_to_numpy(x), layer.rank
    if not rank <= x.ndim <= rank + 2:
        raise ValueError(f"x must have {rank} to {rank + 2} axes. Received: shape {x.shape}")
    if x.ndim == rank:
        x = x[..., None] if layer.data_format == "channels_last" else x[None]
    return x if x.ndim == rank + 2 else x[None]


def _axes(axes, count, what, **options):
    """As many axes as asked for: the given ones, or new ones in a row."""
    if axes is None:
        pyplot = require("matplotlib.pyplot", "plots")
        return pyplot.subplots(1, count, squeeze=False, layout="constrained", **options)[1][0]
    return given_axes(axes, count, what)


def _draw_discs(layer, values, axes):
    orders = sorted({path.order for path in layer.paths} - {0})
    options = {"subplot_kw": {"projection": "polar"}, "figsize": (3.4 * len(orders), 3.2)}
    axes = _axes(axes, len(orders), "a polar one for every order", **options)
    for axis, m in zip(axes, orders):
        places = [
            (sector(path, layer._plan.scale, layer.L), k) for k, path in enumerate(layer.paths) if path.order == m
        ]
        _draw_disc(axis, [place for place, _ in places], values[[k for _, k in places]])
        axis.set_title(f"order {m}", fontsize=FONT)
    return axes[0].figure


def _draw_disc(axis, sectors, values):
    pyplot, colors = require("matplotlib.pyplot", "plots"), require("matplotlib.colors", "plots")
    scale = pyplot.cm.ScalarMappable(colors.Normalize(0, values.max()), COLOURS)
    middle, width, bottom, height = np.array(sectors).T
    for turn in (0, np.pi):
        axis.bar(middle + turn, height, width, bottom, color=scale.to_rgba(values), linewidth=0)
    axis.set(ylim=(0, 1), xticks=[], yticks=[])
    axis.grid(False)
    bar = axis.figure.colorbar(scale, ax=axis, shrink=0.7, pad=0.04)
    bar.ax.tick_params(labelsize=FONT)
    bar.ax.ticklabel_format(scilimits=(-2, 3))


def _draw_scalogram(layer, values, axes, paths=None, title="order 1"):
    (axis,) = _axes(axes, 1, "that of the scalogram", figsize=(6, 3.4))
    paths = paths or [(k, path.xi[0]) for k, path in enumerate(layer.paths) if path.order == 1]
    found = {xi: values[k] for k, xi in paths}
    frequencies = sorted(found)
    stride = 2**layer._plan.level
    times = stride * np.arange(values.shape[-1])
    image = axis.pcolormesh(times, frequencies, [found[xi] for xi in frequencies], shading="nearest", cmap=COLOURS)
    axis.set(xlabel="time (samples)", ylabel="centre frequency (cycles a sample)", yscale="log", title=title)
    axis.figure.colorbar(image, ax=axis, label="coefficient")
    return axis.figure


def _draw_modulations(layer, values, axes):
    (axis,) = _axes(axes, 1, "that of the grid", figsize=(6, 3.8))
    octave = layer.Q if isinstance(layer.Q, int) else layer.Q[0]
    places = [path.xi if path.order == 2 else None for path in layer.paths]
    columns, rows = (sorted({place[i] for place in places if place}) for i in (0, 1))
    # Outputs along n1 are rows of their own with the format "time".
    grid = np.array([[_mean(values, places, (xi, xi_fr)) for xi in columns] for xi_fr in rows])
    _draw_grid(axis, grid, [f"{xi:.2g}" for xi in columns], [f"{octave * xi:.2g}" for xi in rows])
    axis.set(xlabel="along time (cycles a sample)", ylabel="along log-frequency\n(cycles an octave)", title="order 2")
    return axis.figure


def _mean(values, places, wanted):
    chosen = [value for value, place in zip(values, places) if place == wanted]
    return np.mean(chosen) if chosen else np.nan


def _draw_degrees(layer, values, axes):
    orders = sorted({path.order for path in layer.paths} - {0})
    axes = _axes(axes, len(orders), "one for every order", figsize=(3.6 * len(orders), 3.2))
    power = 1.0 if 1.0 in layer.integral_powers else layer.integral_powers[0]
    for axis, m in zip(axes, orders):
        found = {
            (p.degree, p.scales): values[k] for k, p in enumerate(layer.paths) if p.order == m and p.power == power
        }
        degrees, scales = (sorted({place[i] for place in found}) for i in (0, 1))
        grid = np.array([[found.get((degree, j), np.nan) for j in scales] for degree in degrees])
        _draw_grid(axis, grid, [", ".join(map(str, j)) for j in scales], degrees)
        axis.set(xlabel="scales j", ylabel="degree l", title=f"order {m}, power {power:g}")
    return axes[0].figure


def _draw_grid(axis, values, columns, rows):
    """A picture of numbers; labels are left out where there are many."""
    image = axis.imshow(values, cmap=COLOURS, origin="lower", aspect="auto", vmin=0)
    for labels, set_ticks in ((columns, axis.set_xticks), (rows, axis.set_yticks)):
        step = -(-len(labels) // 8)
        set_ticks(range(0, len(labels), step), labels[::step], fontsize=FONT)
    axis.figure.colorbar(image, ax=axis).ax.tick_params(labelsize=FONT)


def _draw_joint_wavelets(layer, axes):
    """One of each octave, the four slowest along time, high frequencies on top."""
    octave = layer.Q if isinstance(layer.Q, int) else layer.Q[0]
    second = {wavelet.j: wavelet for wavelet in constant_q(layer.J, by_order(layer.Q)[-1])}
    along_time = list(second.values())[-4:]
    wavelets = layer._plan.frequency.wavelets
    up = list({wavelet.j: wavelet for wavelet in wavelets if wavelet.xi > 0}.values())
    along_n1 = [*up, *(wavelet._replace(xi=-wavelet.xi) for wavelet in reversed(up))]
    tiles = np.real([[np.outer(m, w) for w in _waves(along_time, 81)] for m in _waves(along_n1, 41)])
    rows, columns, height, width = tiles.shape
    (axis,) = _axes(axes, 1, "that of the wavelets", figsize=(1.6 * columns + 1, 0.9 * rows + 0.8))
    picture = tiles.transpose(0, 2, 1, 3).reshape(rows * height, columns * width)
    axis.imshow(picture, cmap="gray", aspect="auto", vmin=-1, vmax=1)
    rates, scales = [f"{w.xi:.2g}" for w in along_time], [f"{octave * w.xi:.2g}" for w in along_n1]
    axis.set_xticks((np.arange(columns) + 0.5) * width, rates, fontsize=FONT)
    axis.set_yticks((np.arange(rows) + 0.5) * height, scales, fontsize=FONT)
    axis.set(xlabel="along time (cycles a sample)", ylabel="along log-frequency (cycles an octave)")
    return axis.figure


def _waves(wavelets, count):
    """Morlet wavelets, of modulus 1 in the middle, over the length of the longest of them."""
    t = np.linspace(-1, 1, count) * 2.5 / (2 * np.pi * min(wavelet.sigma for wavelet in wavelets))
    for xi, sigma, _ in wavelets:
        at_zero = np.exp(-(xi**2) / (2 * sigma**2))
        wave = np.exp(-2 * (np.pi * sigma * t) ** 2) * (np.exp(2j * np.pi * xi * t) - at_zero)
        yield wave / abs(wave).max()


DRAWN = {"image": _draw_discs, "signal": _draw_scalogram, "time-frequency": _draw_modulations, "volume": _draw_degrees}

"""Pictures of what layers compute, with matplotlib."""

import numpy as np
from keras import ops

from keras_scatter.filters.morlet import angle
from keras_scatter.filters.pictures import given_axes
from keras_scatter.optional import require

FONT = 9  # points
COLOURS = "viridis"


def coefficients(layer, x, axes=None):
    """Draw scattering coefficients: a disc of scale and angle by order for images, scalograms for signals.

    A disc stands for the plane of frequencies. The sector of a path of order 1 lies in the direction of its wavelet, in
    the ring of its scale, fine scales outside; it is drawn twice, because wavelets of opposite directions have the same
    coefficients for real images. Within the sector of its first wavelet a path of order 2 has a place by its second
    one, in the same manner. Colours are means over positions, channels and the batch.

    A scalogram has the coefficients of order 1 over time and centre frequency, means over channels and the batch.

    Args:
        layer: a `ScatteringFFT` or `ComplexModulusConv`, or a `ScatteringFFT1D` that averages over T samples.
        x: one image `(H, W)` or signal `(time,)`; or with channels; or a batch of such, in the layer's data format.
        axes: matplotlib axes to draw into: a polar one for each order of the layer from 1 on, or one for a scalogram.
            None makes a figure.

    Returns:
        The matplotlib figure.

    Raises:
        TypeError: the layer has no paths of the kind.
        ValueError: x has another rank, or axes another number.

    Example:

    >>> x = np.random.default_rng(0).uniform(size=(64, 64))
    >>> figure = coefficients(ScatteringFFT(J=3), x)
    >>> [axis.get_title() for axis in figure.axes[:2]]
    ['order 1', 'order 2']
    """
    first = next((path for path in getattr(layer, "paths", ()) if getattr(path, "order", 0)), None)
    if hasattr(first, "angles") and hasattr(layer, "L"):
        return _draw_discs(layer, _by_path(layer, x).mean((0, 1, 3, 4)), axes)
    if hasattr(first, "xi") and getattr(layer, "T", None) not in (0, "global"):
        return _draw_scalogram(layer, _by_path(layer, x).mean((0, 1)), axes)
    raise TypeError(
        "layer must be a ScatteringFFT, a ComplexModulusConv, or a ScatteringFFT1D that averages over T samples. "
        f"Received: {layer!r}"
    )


def _by_path(layer, x):
    """Coefficients `(batch, C, K, ...)` of inputs that may lack the channels, and the batch."""
    x, rank = ops.convert_to_numpy(x), layer.rank
    if not rank <= x.ndim <= rank + 2:
        raise ValueError(f"x must have {rank} to {rank + 2} axes. Received: shape {x.shape}")
    if x.ndim == rank:
        x = x[..., None] if layer.data_format == "channels_last" else x[None]
    features = ops.convert_to_numpy(layer(x if x.ndim == rank + 2 else x[None]))
    if layer.data_format == "channels_last":
        features = np.moveaxis(features, -1, 1)
    batch, _, *sizes = features.shape
    return features.reshape(batch, -1, len(layer.paths), *sizes)


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
        places = [(_sector(path, layer.J, layer.L), k) for k, path in enumerate(layer.paths) if path.order == m]
        _draw_disc(axis, [place for place, _ in places], values[[k for _, k in places]])
        axis.set_title(f"order {m}", fontsize=FONT)
    return axes[0].figure


def _sector(path, J, L):
    """Middle and width in angle, bottom and height in radius of the place of a path on the disc."""
    width, inner, outer, scales = np.pi, 0.0, 1.0, range(J)
    middle = None
    for j, t in zip(path.scales, path.angles):
        width /= L
        # Counted from the first image axis, which points down; a picture has its angles from the horizontal one.
        middle = angle(t, L) - np.pi / 2 if middle is None else middle - (t - (L - 1) / 2) * width
        step = (outer - inner) / len(scales)
        outer -= scales.index(j) * step
        inner, scales = outer - step, range(j + 1, J)
    return middle, width, inner, outer - inner


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


def _draw_scalogram(layer, values, axes):
    (axis,) = _axes(axes, 1, "that of the scalogram", figsize=(6, 3.4))
    found = {path.xi[0]: row for path, row in zip(layer.paths, values) if path.order == 1}
    frequencies = sorted(found)
    stride = 2**layer._plan.level
    times = stride * np.arange(values.shape[-1])
    image = axis.pcolormesh(times, frequencies, [found[xi] for xi in frequencies], shading="nearest", cmap=COLOURS)
    axis.set(xlabel="time (samples)", ylabel="centre frequency (cycles a sample)", yscale="log", title="order 1")
    axis.figure.colorbar(image, ax=axis, label="coefficient")
    return axis.figure

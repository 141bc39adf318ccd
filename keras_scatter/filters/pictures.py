"""Pictures of filter banks, with matplotlib."""

import numpy as np

from keras_scatter.optional import require

VISIBLE = 0.03  # of its peak: where a wavelet is drawn
FONT, SMALL = 11, 9  # points
LEGEND = 12  # lines of one column of a legend
TICKS = np.pi * np.array([-1, -0.5, 0, 0.5, 1]), ["$-\\pi$", "$-\\pi/2$", "0", "$\\pi/2$", "$\\pi$"]


def draw_images(bank, axes=None):
    """Real and imaginary parts of the wavelets of images, a row a scale, and the Littlewood-Paley sum. The figure."""
    scales, counts = np.unique(bank.scales, return_counts=True)
    if axes is None:
        columns, rows = counts.max(), len(scales)
        width, height = max(2.5, 0.65 * columns) + 0.8, max(4.4, 2 * (0.65 * rows + 1.1))
        pyplot = require("matplotlib.pyplot", "plots")
        figure = pyplot.figure(figsize=(width + 5, height), layout="constrained")
        grid = figure.add_gridspec(2, 2, width_ratios=(width, 5))
        places = grid[0, 0], grid[1, 0], grid[:, 1]
        axes = [figure.add_subplot(place) for place in places]
        figure.suptitle(repr(bank)[1:-1], fontsize=FONT)
    real, imaginary, total = given_axes(axes, 3, "real parts, imaginary parts and sum")
    _draw_parts(real, bank, scales, "real parts", np.real)
    _draw_parts(imaginary, bank, scales, "imaginary parts", np.imag)
    draw_sum(total, bank)
    return total.figure


def _draw_parts(axis, bank, scales, title, part):
    """One part of all wavelets: each in a square of size 1 around (place in its scale, scale)."""
    ticks, columns = [], 0
    for row, j in enumerate(scales):
        members = np.flatnonzero(bank.scales == j)
        columns = max(columns, len(members))
        tiles = [_middle(bank.wavelets[n], _reach(bank.wavelets[members])) for n in members]
        ticks.append(f"j = {j}\n{tiles[0].shape[0]} x {tiles[0].shape[1]} px")
        for column, tile in enumerate(map(part, tiles)):
            limit = max(abs(tile).max(), np.finfo("float64").tiny)
            extent = column - 0.46, column + 0.46, row + 0.46, row - 0.46
            axis.imshow(tile, cmap="PuOr", vmin=-limit, vmax=limit, extent=extent, interpolation="nearest")
    axis.set(xlim=(-0.5, columns - 0.5), ylim=(len(scales) - 0.5, -0.5), aspect="equal")
    axis.set_title(title, fontsize=FONT)
    names = [_column_name(bank, scales[0], column) for column in range(columns)]
    axis.set_xticks(range(columns), names, fontsize=FONT, rotation=45 if max(map(len, names)) > 6 else 0)
    axis.set_yticks(range(len(scales)), ticks, fontsize=SMALL)
    axis.tick_params(length=0)
    for spine in axis.spines.values():
        spine.set_visible(False)


def _column_name(bank, j, column):
    """The part of a name that tells the wavelets of a scale apart."""
    members = np.flatnonzero(bank.scales == j)
    name = bank.names[members[column]] if column < len(members) else column
    return f"t = {name.t}" if hasattr(name, "t") else str(name)


def _reach(wavelets):
    """Samples from the centre beyond which no wavelet is visible, along each axis."""
    size = abs(wavelets)
    seen = (size > VISIBLE * size.max((1, 2), keepdims=True)).any(0)
    found = []
    for axis, n in enumerate(seen.shape):
        where = np.flatnonzero(seen.any(1 - axis))
        found.append(max(abs(where - n // 2), default=0))
    return max(found)


def _middle(wavelet, reach):
    return wavelet[tuple(slice(max(0, n // 2 - reach), n // 2 + reach + 1) for n in wavelet.shape)]


def draw_sum(axis, bank):
    """The Littlewood-Paley sum of a bank, over both frequencies of images, as a line for signals."""
    if len(bank.shape) == 1:
        frequency, shown = _positive(bank)
        axis.plot(frequency, bank.littlewood_paley()[shown], color="black")
        axis.axhline(1, color="grey", linewidth=0.8, linestyle=":")
        axis.set(xscale="log", xlim=(frequency[0], 0.5))
        axis.set_ylim(bottom=0)
        axis.set_ylabel("Littlewood-Paley\nsum", fontsize=FONT)
        axis.tick_params(labelsize=FONT)
        return
    # An even axis has pi as well as -pi.
    total = np.pad(np.fft.fftshift(bank.littlewood_paley()), [(0, 1 - n % 2) for n in bank.shape], mode="wrap")
    rows, columns = (np.pi * total.shape[axis] / n for axis, n in enumerate(bank.shape))
    extent = -columns, columns, rows, -rows
    image = axis.imshow(total, extent=extent, cmap="cividis", vmin=0, aspect="equal", interpolation="nearest")
    rows, columns = bank.frequencies.T
    axis.plot(columns, rows, "o", markersize=4, markerfacecolor="none", color="white")
    bounds = bank.frame_bounds()
    axis.set_title(
        f"Littlewood-Paley sum, {bounds[0]:.2f} to {bounds[1]:.2f}\ncircles: centre frequencies", fontsize=FONT
    )
    axis.set_xlabel("frequency along columns (radians a sample)", fontsize=FONT)
    axis.set_ylabel("frequency along rows (radians a sample)", fontsize=FONT)
    axis.set_xticks(*TICKS, fontsize=FONT)
    axis.set_yticks(*TICKS, fontsize=FONT)
    bar = axis.figure.colorbar(image, cax=axis.inset_axes((1.04, 0, 0.05, 1)))
    bar.ax.tick_params(labelsize=FONT)


def draw_signals(bank, axes=None):
    """The Littlewood-Paley sum of a bank of signals, and the spectra below it. The figure."""
    if axes is None:
        pyplot = require("matplotlib.pyplot", "plots")
        figure, axes = pyplot.subplots(
            2, 1, figsize=(9, 5.5), layout="constrained", sharex=True, height_ratios=(1, 2.2)
        )
        figure.suptitle(repr(bank)[1:-1], fontsize=FONT)
    above, below = given_axes(axes, 2, "sum and spectra")
    frequency, shown = _positive(bank)
    draw_sum(above, bank)
    scales = np.unique(bank.scales)
    colours = require("matplotlib", "plots").colormaps["viridis"](np.linspace(0, 0.85, len(scales)))
    for colour, j in zip(colours, scales):
        for line, n in enumerate(np.flatnonzero(bank.scales == j)):
            label = f"j = {j}" if line == 0 else None
            below.plot(frequency, abs(bank.spectra[n, shown]), color=colour, linewidth=1.2, label=label)
    low = abs(bank.lowpass_spectrum[shown])
    below.plot(frequency, low, color="black", linewidth=2, linestyle="--", label="low-pass")
    below.set_ylabel("absolute spectra", fontsize=FONT)
    below.set_ylim(bottom=0)
    below.set_xlabel("frequency (cycles a sample)", fontsize=FONT)
    below.set(xscale="log", xlim=(frequency[0], 0.5))
    below.tick_params(labelsize=FONT)
    below.legend(fontsize=SMALL, loc="upper left", bbox_to_anchor=(1.01, 1), ncols=1 + len(scales) // LEGEND)
    return below.figure


def _positive(bank):
    """The positive frequencies of a bank of signals, cycles a sample, and where they are."""
    (size,) = bank.shape
    shown = slice(1, size // 2 + 1)
    return np.arange(size)[shown] / size, shown


def given_axes(axes, count, what):
    axes = list(np.ravel(axes))
    if len(axes) != count:
        raise ValueError(f"axes must be None or {count} matplotlib axes: {what}. Received: {len(axes)}")
    return axes


def draw_angular(spectrum, axes=None):
    """Shares of the energy by angular frequency: of order 1 by scale, of order 2 by both, and by their sum."""
    if axes is None:
        pyplot = require("matplotlib.pyplot", "plots")
        _, axes = pyplot.subplots(1, 3, figsize=(13, 3.8), layout="constrained")
    first, second, joint = given_axes(axes, 3, "order 1, order 2 and its sum of frequencies")
    L = spectrum.L
    # From -L/2 on: the middle is frequency 0, what does not change with the angle.
    frequencies = np.arange(L) - L // 2
    for scale, energy in enumerate(spectrum.order_1):
        first.plot(frequencies, np.roll(_share(energy), L // 2), marker="o", label=f"scale {scale}")
    second.imshow(np.roll(_share(spectrum.order_2), (L // 2, L // 2), (0, 1)), cmap="cividis", vmin=0, origin="lower")
    joint.bar(frequencies, np.roll(_share(spectrum.order_2_joint), L // 2), color="grey")
    names = [str(frequency) for frequency in frequencies]
    second.set_xticks(range(L), names)
    second.set_yticks(range(L), names)
    second.set(xlabel="frequency of the second angle", ylabel="frequency of the first angle")
    for axis, label in ((first, "frequency of the angle"), (joint, "sum of both frequencies")):
        axis.axhline(1 / L, color="black", linewidth=0.8, linestyle=":", label="flat")
        axis.set(xlabel=label, ylabel="share of the energy", xticks=frequencies, ylim=(0, None))
    first.legend(fontsize=SMALL)
    for axis, title in zip((first, second, joint), ("order 1", "order 2", "order 2, joint")):
        axis.set_title(title, fontsize=FONT)
    return first.figure


def _share(energy):
    return energy / max(energy.sum(), np.finfo("float64").tiny)

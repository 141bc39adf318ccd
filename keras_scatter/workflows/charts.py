"""Pictures, with matplotlib."""

import io
import pathlib

import numpy as np

from keras_scatter.files import write_atomically
from keras_scatter.filters import half_band
from keras_scatter.filters.groups import effective_filters
from keras_scatter.optional import require

ENDINGS = (".png", ".pdf", ".svg")
# Programs that ours are compared with, by the beginning of their names.
OTHERS = {"kymatio": "Kymatio", "scatlayer": "pytorch_wavelets"}
EXACT = 1e-3  # percent
PALER = {"jax": 0.65, "torch": 0.4}


def subplots(*arguments, **options):
    """A figure and its axes, as `matplotlib.pyplot.subplots` gives them."""
    return require("matplotlib.pyplot", "plots").subplots(*arguments, **{"layout": "constrained", **options})


def filter_group(config, arrays):
    """Draw a filter group: low-pass, real row, imaginary row, for every block or level. Returns the figure."""
    pyplot = require("matplotlib.pyplot", "plots")
    rows = []
    for d, (lowpass, psi) in enumerate(effective_filters(config, arrays)):
        rows += [] if lowpass is None else [(f"low-pass {d}", lowpass)]
        rows += [(f"real $\\psi_{d}$", psi.real), (f"imag. $\\psi_{d}$", psi.imag)]
    columns = max(len(filters) for _, filters in rows)
    figure, axes = pyplot.subplots(len(rows), columns, figsize=(columns, len(rows)), squeeze=False)
    for line, (name, filters) in zip(axes, rows):
        line[0].text(-0.15, 0.5, name, transform=line[0].transAxes, rotation=90, va="center", ha="right", fontsize=8)
        for axis in line:
            axis.set_axis_off()
        for axis, kernel in zip(line, filters):
            limit = abs(kernel).max()
            axis.imshow(kernel, cmap="gray", vmin=-limit, vmax=limit)
    figure.subplots_adjust(left=0.06, right=0.99, bottom=0.01, top=0.99, wspace=0.08, hspace=0.08)
    return figure


def signal_filter_group(config, arrays):
    """Draw the spectra of the wavelets of order 1 that a filter group of signals makes. Returns the figure."""
    n = 64 * 2 ** config["J"]
    figure, axis = subplots(figsize=(8, 3))
    for spectrum in np.abs(half_band.spectra(config, arrays, n)):
        axis.plot(np.arange(n // 2) / n, spectrum[: n // 2])
    axis.set(xlabel="frequency (cycles a sample)", ylabel="modulus")
    axis.set_xscale("log", base=2)
    axis.set_xlim(2.0 ** -(config["J"] + 3), 0.5)
    return figure


def loss_curve(history, orders):
    """Draw loss and held-out relative error by order against epochs. Returns the figure.

    Errors below `EXACT` are named, not drawn: they would flatten the others.

    Args:
        history: dict of lists, one entry an epoch, with `epoch`, `loss`, `val_loss` and `val_relative_error_m`.
        orders: the orders m.
    """
    figure, (left, right) = subplots(1, 2, figsize=(9, 3.5))
    for name, label in (("loss", "training"), ("val_loss", "held out")):
        left.semilogy(history["epoch"], history[name], marker=".", label=label)
    left.set(xlabel="epoch", ylabel="loss")
    for order in orders:
        error = 100 * np.asarray(history[f"val_relative_error_{order}"])
        exact = np.max(error) < EXACT
        label = f"order {order}, below {EXACT:g} %" if exact else f"order {order}"
        right.plot([] if exact else history["epoch"], [] if exact else error, marker=".", label=label)
    right.set(xlabel="epoch", ylabel="relative error, held out (%)", yscale="log")
    for axis in (left, right):
        _plain_numbers(axis.yaxis)
    left.legend()
    right.legend()
    return figure


def speed(forward, gradient):
    """Draw how many times faster than other programs ours are, on the first four workloads. Returns the figure.

    A layer has a colour, which is paler for later backends; what does not have the numbers of the transform is hatched.

    Args:
        forward, gradient: results of `keras_scatter.workflows.benchmark.comparison`.
    """
    pyplot = require("matplotlib.pyplot", "plots")
    found = [name for compared in (forward, gradient) for of in compared.values() for name in of if name]
    programs = [name for name in dict.fromkeys(found) if not name.startswith(tuple(OTHERS))]
    other = next((words for start, words in OTHERS.items() if any(name.startswith(start) for name in found)), "ours")
    kinds = list(dict.fromkeys(name.split("-")[0] for name in programs))
    width = 0.85 / max(1, len(programs))
    figure, axes = pyplot.subplots(2, 1, figsize=(10, 8), layout="constrained")
    for axis, compared, what in zip(axes, (forward, gradient), ("forward", "with gradient")):
        shown = dict(list(compared.items())[:4])
        for index, name in enumerate(programs):
            kind, _, backend = name.partition("-")
            ratios = np.array([of[name][1] if name in of else 1 for of in shown.values()])
            places = np.arange(len(ratios)) + (index - (len(programs) - 1) / 2) * width
            look = {"color": f"C{kinds.index(kind)}", "alpha": PALER.get(backend, 1), "edgecolor": "white"}
            hatch = "///" if kind == "paper" else None
            axis.bar(places, ratios - 1, width, bottom=1, label=name, hatch=hatch, **look)
        axis.axhline(1, color="black", linewidth=0.8)
        axis.set_xticks(range(len(shown)), list(shown), fontsize=11)
        axis.set(title=f"{what}, against {other}", yscale="log")
        axis.set_ylabel("times faster", fontsize=11)
        _plain_numbers(axis.yaxis)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, fontsize=11, ncols=4, loc="outside lower center")
    return figure


def scaling(measured):
    """Draw time and memory against batch, size, J and L on logarithmic axes. Returns the figure.

    Where a program has no result, there is a cross at the lower edge.

    Args:
        measured: by measure (`"forward"`, seconds, and `"memory"`, bytes), the result of
            `keras_scatter.workflows.benchmark.growth`.
    """
    arguments = list(next(iter(measured.values())))
    programs = sorted({program for found in measured.values() for lines in found.values() for program in lines})
    size = (3 * len(arguments), 6.4)
    figure, axes = subplots(2, len(arguments), figsize=size, sharey="row", squeeze=False)
    for row, (measure, found) in zip(axes, measured.items()):
        row[0].set_ylabel("time (s)" if measure == "forward" else "memory (MB)")
        unit = 1 if measure == "forward" else 1e6
        for axis, argument in zip(row, arguments):
            ticks = sorted({number for line in found[argument].values() for number in line["at"]})
            for index, program in enumerate(programs):
                line = found[argument].get(program, {"at": [], "values": []})
                values = np.array(line["values"]) / unit
                axis.loglog(line["at"], values, marker=".", label=program, color=f"C{index}")
                missing = [number for number in ticks if number not in line["at"]]
                edge = {"transform": axis.get_xaxis_transform(), "linestyle": "", "marker": "x", "color": f"C{index}"}
                axis.plot(missing, [0.03 + 0.05 * index] * len(missing), in_layout=False, **edge)
            axis.set_xlabel(argument)
            ticks_at(axis, ticks)
            _plain_numbers(axis.yaxis)
    handles, labels = axes[0, 0].get_legend_handles_labels()
    handles += axes[0, 0].plot([], [], marker="x", linestyle="", color="black")
    figure.legend(handles, [*labels, "no result"], fontsize=10, ncols=len(handles), loc="outside lower center")
    return figure


# Where the kernel size of a point stands, by the number of decimated channels: lines may meet.
PLACES = ((4, 4), (-11, -9), (-3, -15), (6, 1))


def frontier(points):
    """Draw errors of the highest order against multiply-adds and against time. Returns the figure.

    Args:
        points: those of a result of `keras_scatter.workflows.frontier.frontier`.
    """
    figure, axes = subplots(1, 2, figsize=(9, 4), sharey=True)
    costs = {
        "million multiply-adds a plane": lambda point: point["multiply_adds"] / 1e6,
        "time, in times of the exact transform": lambda point: (
            point["milliseconds_per_image"]["student"] / point["milliseconds_per_image"]["teacher"]
        ),
    }
    for axis, (label, cost) in zip(axes, costs.items()):
        for P in sorted({point["lowpass_filters"] for point in points}):
            line = [point for point in points if point["lowpass_filters"] == P]
            errors = [100 * point["relative_error"][-1] for point in line]
            axis.semilogy([cost(point) for point in line], errors, marker=".", label=str(P), color=f"C{P - 1}")
            for point, error in zip(line, errors):
                place = {"xytext": PLACES[P - 1], "textcoords": "offset points", "color": f"C{P - 1}"}
                axis.annotate(str(point["kernel_size"]), (cost(point), error), fontsize=10, **place)
        axis.set_xlabel(label)
        axis.margins(y=0.12)
        _plain_numbers(axis.yaxis)
    axes[0].set_ylabel(f"relative error of order {len(points[0]['relative_error']) - 1} (%)")
    axes[0].legend(title="decimated channels\n(at the points: kernel size)", fontsize=8, title_fontsize=8)
    return figure


def ticks_at(axis, numbers):
    """Ticks of a logarithmic abscissa at these numbers and nowhere else."""
    ticks = sorted(set(numbers))
    axis.set_xticks(ticks, [f"{number:g}" for number in ticks])
    axis.set_xticks([], minor=True)


def _plain_numbers(axis):
    """Ticks of a logarithmic axis at 1, 2 and 5, without powers."""
    ticker = require("matplotlib.ticker", "plots")
    axis.set(major_locator=ticker.LogLocator(subs=(1, 2, 5)), major_formatter="{x:g}")
    axis.set_minor_formatter(ticker.NullFormatter())


def stamped(figure, text):
    """The figure with a line below that no reader may miss."""
    figure.supxlabel(text, fontsize=10)
    return figure


def littlewood_paley(sums):
    """Draw Littlewood-Paley sums over the plane of frequencies, zero in the middle. Returns the figure.

    Args:
        sums: dict of arrays in FFT order, by name.
    """
    figure, axes = subplots(1, len(sums), figsize=(2.6 * len(sums) + 0.6, 2.9), squeeze=False)
    for axis, (name, found) in zip(axes[0], sums.items()):
        image = axis.imshow(np.fft.fftshift(found), extent=(-1, 1, 1, -1), cmap="viridis", vmin=0, vmax=1.5)
        axis.set_title(f"{name}\n{found.min():.2f} to {found.max():.2f}", fontsize=8)
        axis.set_xlabel("frequency / $\\pi$", fontsize=8)
    figure.colorbar(image, ax=axes[0], extend="max")
    return figure


def textures(target, samples):
    """Draw an image and samples beside it, on one scale of grey. Returns the figure.

    Args:
        target: `(H, W)`.
        samples: `(n, H, W)`.
    """
    figure, axes = subplots(1, 1 + len(samples), figsize=(2.6 * (1 + len(samples)), 2.8), squeeze=False)
    names = ["target", *(f"sample {i + 1}" for i in range(len(samples)))]
    for axis, name, image in zip(axes[0], names, [target, *samples]):
        axis.imshow(image, cmap="gray", vmin=target.min(), vmax=target.max())
        axis.set_title(name, fontsize=8)
        axis.set_axis_off()
    return figure


def check_ending(path):
    """Refuse a picture of an unknown format."""
    if path.suffix.lower() not in ENDINGS:
        raise ValueError(f"--out must end in {', '.join(ENDINGS)}. Received: out={str(path)!r}")


def save(figure, path):
    """Write a figure in the format that the ending tells, atomically, and close it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format=pathlib.Path(path).suffix[1:].lower(), dpi=150)
    require("matplotlib.pyplot", "plots").close(figure)
    write_atomically(path, buffer.getvalue())

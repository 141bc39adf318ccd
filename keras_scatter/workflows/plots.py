"""Pictures, with matplotlib."""

import io

import numpy as np

from keras_scatter.filters.groups import effective_filters
from keras_scatter.saved_filters import write_atomically
from keras_scatter.workflows.optional import require


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


def loss_curve(history, orders):
    """Draw loss and held-out relative error by order against epochs. Returns the figure.

    Args:
        history: dict of lists, one entry an epoch, with `epoch`, `loss`, `val_loss` and `val_relative_error_m`.
        orders: the orders m.
    """
    pyplot = require("matplotlib.pyplot", "plots")
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    for name, label in (("loss", "training"), ("val_loss", "held out")):
        left.semilogy(history["epoch"], history[name], marker=".", label=label)
    left.set(xlabel="epoch", ylabel="loss")
    for order in orders:
        error = 100 * np.asarray(history[f"val_relative_error_{order}"])
        right.plot(history["epoch"], error, marker=".", label=f"order {order}")
    right.set(xlabel="epoch", ylabel="relative error, held out (%)", yscale="log" if len(orders) else "linear")
    left.legend()
    right.legend()
    return figure


def speed(forward, gradient):
    """Draw how many times faster than Kymatio the other programs are, by workload. Returns the figure.

    Args:
        forward, gradient: results of `keras_scatter.workflows.benchmark.comparison`.
    """
    pyplot, ticker = require("matplotlib.pyplot", "plots"), require("matplotlib.ticker", "plots")
    found = [name for compared in (forward, gradient) for of in compared.values() for name in of if name]
    programs = [name for name in dict.fromkeys(found) if not name.startswith("kymatio")]
    width = 0.85 / max(1, len(programs))
    figure, axes = pyplot.subplots(2, 1, figsize=(10, 8), layout="constrained")
    titles = "forward, against Kymatio's fastest frontend", "gradient, against Kymatio's torch frontend"
    for axis, compared, title in zip(axes, (forward, gradient), titles):
        for index, name in enumerate(programs):
            ratios = np.array([of[name][1] if name in of else 1 for of in compared.values()])
            places = np.arange(len(ratios)) + (index - (len(programs) - 1) / 2) * width
            axis.bar(places, ratios - 1, width, bottom=1, label=name, color=pyplot.cm.tab20(index % 20))
        axis.axhline(1, color="black", linewidth=0.8)
        axis.set_xticks(range(len(compared)), list(compared), rotation=15, ha="right", fontsize=8)
        axis.set(title=title, ylabel="times faster", yscale="log")
        axis.yaxis.set(major_locator=ticker.LogLocator(subs=(1, 2, 5)), major_formatter="{x:g}")
        axis.yaxis.set_minor_formatter(ticker.NullFormatter())
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, fontsize=8, ncols=5, loc="outside lower center")
    return figure


def scaling(measured):
    """Draw time and memory against batch, size, J and L on logarithmic axes. Returns the figure.

    Args:
        measured: by measure (`"forward"`, seconds, and `"memory"`, bytes), the result of
            `keras_scatter.workflows.benchmark.growth`.
    """
    pyplot = require("matplotlib.pyplot", "plots")
    arguments = list(next(iter(measured.values())))
    programs = sorted({program for found in measured.values() for lines in found.values() for program in lines})
    colours = {program: f"C{index}" for index, program in enumerate(programs)}
    size = (3 * len(arguments), 6)
    figure, axes = pyplot.subplots(2, len(arguments), figsize=size, layout="constrained", sharey="row", squeeze=False)
    for row, (measure, found) in zip(axes, measured.items()):
        row[0].set_ylabel("seconds" if measure == "forward" else "bytes of memory")
        for axis, argument in zip(row, arguments):
            for program, line in found[argument].items():
                label = f"{program}, slope {line['slope']:.2f}"
                axis.loglog(line["at"], line["values"], marker=".", label=label, color=colours[program])
            axis.set_xlabel(argument)
            ticks = sorted({number for line in found[argument].values() for number in line["at"]})
            axis.set_xticks(ticks, list(map(str, ticks)))
            axis.set_xticks([], minor=True)
            axis.legend(fontsize=7)
    return figure


def frontier(points):
    """Draw errors of the highest order against multiply-adds and against time. Returns the figure.

    Args:
        points: those of a result of `keras_scatter.workflows.frontier.frontier`.
    """
    pyplot = require("matplotlib.pyplot", "plots")
    figure, axes = pyplot.subplots(1, 2, figsize=(9, 4), layout="constrained", sharey=True)
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
            axis.semilogy([cost(point) for point in line], errors, marker=".", label=str(P))
            for point, error in zip(line, errors):
                axis.annotate(str(point["kernel_size"]), (cost(point), error), fontsize=8)
        axis.set_xlabel(label)
    axes[0].set_ylabel(f"relative error of order {len(points[0]['relative_error']) - 1} (%)")
    axes[0].legend(title="decimated channels\n(at the points: kernel size)", fontsize=8, title_fontsize=8)
    return figure


def littlewood_paley(sums):
    """Draw Littlewood-Paley sums over the plane of frequencies, zero in the middle. Returns the figure.

    Args:
        sums: dict of arrays in FFT order, by name.
    """
    pyplot = require("matplotlib.pyplot", "plots")
    figure, axes = pyplot.subplots(
        1, len(sums), figsize=(2.6 * len(sums) + 0.6, 2.9), layout="constrained", squeeze=False
    )
    for axis, (name, found) in zip(axes[0], sums.items()):
        image = axis.imshow(np.fft.fftshift(found), extent=(-1, 1, 1, -1), cmap="viridis", vmin=0, vmax=1.5)
        axis.set_title(f"{name}\n{found.min():.2f} to {found.max():.2f}", fontsize=8)
        axis.set_xlabel("frequency / $\\pi$", fontsize=8)
    figure.colorbar(image, ax=axes[0], extend="max")
    return figure


def distances(summary):
    """Draw squared distances under perturbations, here and in the paper. Returns the figure.

    Args:
        summary: result of `keras_scatter.workflows.experiments.table1`.
    """
    pyplot = require("matplotlib.pyplot", "plots")
    rows = summary["rows"]
    here = [name for name in next(iter(rows.values())) if name != "paper"]
    paper = list(next(iter(rows.values()))["paper"])
    bars = [(name, lambda row, name=name: row[name]) for name in here]
    bars += [(f"paper: {name}", lambda row, name=name: row["paper"][name]) for name in paper]
    figure, axis = pyplot.subplots(figsize=(9, 4), layout="constrained")
    width = 0.85 / len(bars)
    for index, (label, value) in enumerate(bars):
        places = np.arange(len(rows)) + (index - (len(bars) - 1) / 2) * width
        hatch = "//" if label.startswith("paper") else None
        axis.bar(places, [value(row) for row in rows.values()], width, label=label, hatch=hatch)
    axis.set_xticks(range(len(rows)), list(rows))
    axis.set(yscale="log", ylabel="squared distance")
    figure.legend(fontsize=8, ncols=4, loc="outside lower center")
    return figure


def losses(summary):
    """Draw losses of networks against epochs, in training and on images held out. Returns the figure.

    Args:
        summary: result of an experiment of `keras_scatter.workflows.experiments.loss_curves`.
    """
    pyplot = require("matplotlib.pyplot", "plots")
    figure, axis = pyplot.subplots(figsize=(6, 4), layout="constrained")
    for name, row in summary["rows"].items():
        epochs = range(1, len(row["loss"]) + 1)
        line = axis.semilogy(epochs, row["loss"], marker=".", label=name)[0]
        axis.semilogy(epochs, row["val_loss"], linestyle=":", color=line.get_color(), label=f"{name}, held out")
    axis.set(title=summary["title"], xlabel="epoch", ylabel="mean squared error")
    axis.legend(fontsize=8)
    return figure


def downstream(summary):
    """Draw accuracy against the number of labels, a panel for each data set. Returns the figure.

    Args:
        summary: result of `keras_scatter.workflows.experiments.downstream`.
    """
    pyplot = require("matplotlib.pyplot", "plots")
    rows = summary["rows"]
    figure, axes = pyplot.subplots(1, len(rows), figsize=(5 * len(rows), 4.5), layout="constrained", squeeze=False)
    for axis, (dataset, lines) in zip(axes[0], rows.items()):
        kinds = list(dict.fromkeys(name.split("-")[0] for name in lines))
        for row, (name, line) in enumerate(lines.items()):
            means, deviations = zip(*((entry["accuracy"], entry["deviation"] or 0) for entry in line.values()))
            features, head = name.split("-")
            colour = f"C{kinds.index(features)}"
            style = {"linear": "-", "mlp": "--", "cnn": ":"}[head]
            # Side by side, or equal rows would hide each other.
            labels = [int(count) * 1.03 ** (row - len(lines) // 2) for count in line]
            axis.errorbar(labels, means, deviations, label=name, capsize=3, linestyle=style, marker=".", color=colour)
        axis.set(title=dataset, xlabel="labels", xscale="log", ylabel="accuracy (%)")
    axes[0][0].legend(fontsize=8)
    return figure


def accuracies(summary):
    """Draw accuracies with deviations beside the paper's. Returns the figure.

    Args:
        summary: result of an experiment of `keras_scatter.workflows.experiments.comparison`.
    """
    pyplot = require("matplotlib.pyplot", "plots")
    rows = summary["rows"]
    figure, axis = pyplot.subplots(figsize=(7, 1.5 + 0.3 * len(rows)), layout="constrained")
    places = np.arange(len(rows))
    for shift, mean, deviation, label in (
        (-0.15, "accuracy", "deviation", "here"),
        (0.15, "paper", "paper_deviation", "paper"),
    ):
        found = [(place, row[mean], row[deviation] or 0) for place, row in zip(places, rows.values()) if row[mean]]
        if found:
            heights, means, deviations = map(np.array, zip(*found))
            axis.errorbar(means, heights + shift, xerr=deviations, fmt="o", capsize=3, label=label)
    axis.set_yticks(places, list(rows))
    axis.invert_yaxis()
    axis.set(title=summary["title"], xlabel="accuracy (%)")
    axis.legend()
    return figure


def search(summary):
    """Draw the accuracy of all trials against learning rate and momentum. Returns the figure.

    Args:
        summary: result of `keras_scatter.workflows.experiments.mnist_search`.
    """
    pyplot = require("matplotlib.pyplot", "plots")
    rows = summary["rows"]
    figure, axes = pyplot.subplots(
        1, max(1, len(rows)), figsize=(2 + 2.2 * len(rows), 3), layout="constrained", sharey=True, squeeze=False
    )
    for axis, (name, row) in zip(axes[0], rows.items()):
        tried = [trial["hyperparameters"] for trial in row["trials"]]
        found = [trial["accuracy"] for trial in row["trials"]]
        points = axis.scatter(
            [trial["learning_rate"] for trial in tried], found, c=[trial["momentum"] for trial in tried], vmin=0, vmax=1
        )
        axis.axvline(row["paper"]["learning_rate"], color="grey", linestyle=":", label="paper")
        axis.set(title=name, xscale="log", xlabel="learning rate")
    axes[0][0].set_ylabel("accuracy (%)")
    if rows:
        figure.colorbar(points, ax=axes[0], label="momentum")
        axes[0][0].legend()
    return figure


def save(figure, path):
    """Write a figure as PNG, atomically, and close it."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150)
    require("matplotlib.pyplot", "plots").close(figure)
    write_atomically(path, buffer.getvalue())

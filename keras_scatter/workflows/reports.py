"""Tables on the terminal."""

import pathlib

from rich.console import Console
from rich.table import Table

from keras_scatter import saved_filters
from keras_scatter.workflows import plots
from keras_scatter.workflows.folders import check_file


def print_distillation(report, out):
    """Errors by order before and after, times of teacher and student, and where the files are."""
    console = Console()
    errors, times = report["relative_error"], report["milliseconds_per_image"]
    console.print("Relative error on held-out images")
    rows = zip(errors["before"], errors["after"])
    console.print(_table(["order", "before", "after"], ((m, *map(percent, row)) for m, row in enumerate(rows))))
    console.print("Milliseconds per image")
    console.print(_table(times, [(f"{milliseconds:.3f}" for milliseconds in times.values())]))
    epoch = report["best_epoch"]
    console.print(f"Best after {epoch} epochs." if epoch else "Training found nothing better than the initial filters.")
    if not report["finished"]:
        console.print("Interrupted; the same command with --resume continues.")
    console.print(f"Filters, pictures and report are in {out}/")


def print_filter_groups():
    """The shipped groups, a line each."""
    rows = []
    for name in saved_filters.names():
        entry = saved_filters.describe(name)
        config = entry["config"]
        described = (config["design"], config["J"], config["order"], config["L"], entry["data"], entry["epochs"])
        rows.append((name, *described, _errors(entry)))
    columns = ["name", "design", "J", "order", "L", "data", "epochs", "relative error by order"]
    Console().print(_table(columns, rows))


def describe_filter_group(name, out=None, overwrite=False):
    """Print what is known of one group and draw it into `out`."""
    config, arrays = saved_filters.load(name)
    picture = pathlib.Path(out or f"{pathlib.Path(name).name.split('.')[0]}.png")
    check_file(picture, overwrite)
    known = dict(config)
    if name in saved_filters.names():
        entry = saved_filters.describe(name)
        known |= {key: entry[key] for key in ("data", "epochs", "sha256")}
        known["relative error by order"] = _errors(entry)
    console = Console()
    console.print(_table([name, ""], known.items()))
    console.print(_table(["array", "shape"], ((key, array.shape) for key, array in arrays.items())))
    plots.save(plots.filter_group(config, arrays), picture)
    console.print(f"Drawn in {picture}")


def print_frontier(points, best):
    """Errors and costs of designed layers, a line each; those that no cheaper one beats are marked."""
    columns = ["kernel size", "P", "multiply-adds", "ms an image", "relative error by order", "best"]
    rows = []
    for point in points:
        cost = f"{point['multiply_adds'] / 1e6:.2f} million", f"{point['milliseconds_per_image']['student']:.3f}"
        errors = by_order(point["relative_error"])
        rows.append((point["kernel_size"], point["lowpass_filters"], *cost, errors, "*" if point in best else ""))
    Console().print(_table(columns, rows))


def print_stability(result):
    """Relative distances by perturbation, of the images and of every layer, and the Littlewood-Paley sums."""
    distances = result["distances"]
    first = next(iter(distances.values()))
    rows = [("images", *(percent(row["images"]) for row in first.values()), "")]
    for name, found in distances.items():
        total = result["littlewood_paley"][name]
        moved = (percent(row["features"]) for row in found.values())
        rows.append((name, *moved, f"{total['least']:.2f} to {total['most']:.2f}"))
    console = Console()
    console.print("Relative distances ||Vx - Vy|| / ||Vx|| under perturbations")
    console.print(_table(["", *first, "Littlewood-Paley sum"], rows))


def print_distances(summary, out):
    """Squared distances under perturbations, here and in the paper."""
    console = Console()
    console.print(f"Squared distances under perturbations, {summary['images']} images of {summary['dataset']}")
    console.print(_table(*distance_rows(summary)))
    console.print(summary["note"])
    console.print(f"Results and figure are in {out}/")


def distance_rows(summary):
    """The header and the rows of `print_distances`."""
    rows = summary["rows"]
    first = next(iter(rows.values()))
    lines = [(name, *(f"{row[name]:.3g}" for row in rows.values())) for name in first if name != "paper"]
    lines += [(f"paper: {name}", *(f"{row['paper'][name]:.3g}" for row in rows.values())) for name in first["paper"]]
    return [["", *rows], lines]


def print_losses(summary, out):
    """Losses and errors of trained networks, beside what the paper says."""
    console = Console()
    console.print(f"{summary['title']}: {summary['epochs']} epochs, {summary['images']} images of {summary['dataset']}")
    console.print(_table(*loss_rows(summary)))
    _print_paper(summary, out)


def loss_rows(summary):
    """The header and the rows of `print_losses`."""
    columns = ["network", "parameters", "mean squared error", "held out", "relative error by order, held out"]
    lines = [
        (
            name,
            f"{row['parameters']:,}",
            *(f"{row[loss][-1]:.3g}" for loss in ("loss", "val_loss")),
            by_order(row["relative_error"]),
        )
        for name, row in summary["rows"].items()
    ]
    return [columns, lines]


def print_learned_filters(summary, out):
    """Errors of a group of learned filters before and after, beside what the paper shows."""
    console = Console()
    console.print(f"{summary['title']}: relative errors by order, held out")
    console.print(_table(*learned_filter_rows(summary)))
    _print_paper(summary, out)


def learned_filter_rows(*summaries):
    """The header and the rows of `print_learned_filters`, for one group or several."""
    lines = [
        (
            f"{summary['images']['train'][0]} images of {summary['config']['dataset']}",
            *(by_order(summary["relative_error"][when]) for when in ("before", "after")),
        )
        for summary in summaries
    ]
    return [["trained on", "random kernels", "trained kernels"], lines]


def print_generalisation(summary, out):
    """Errors of filters that were refined on one set of images, on all sets."""
    console = Console()
    console.print(_table(*generalisation_rows(summary)))
    console.print(summary["note"])
    console.print(f"Results are in {out}/")


def generalisation_rows(summary):
    """The header and the rows of `print_generalisation`."""
    lines = [(trained, *map(by_order, row.values())) for trained, row in summary["rows"].items()]
    return [["refined on", *next(iter(summary["rows"].values()))], lines]


def print_epochs(summary, out):
    """Seconds for an epoch by program, here and in the paper."""
    console = Console()
    console.print(_table(*epoch_rows(summary)))
    console.print(summary["note"])
    console.print(f"Results are in {out}/")


def epoch_rows(summary):
    """The header and the rows of `print_epochs`."""
    rows = summary["rows"]
    names = dict.fromkeys(name for row in rows.values() for name in row if name != "paper")
    shown = [(name, [row.get(name) for row in rows.values()]) for name in names]
    shown += [
        (f"paper: {name}", [row["paper"][name] for row in rows.values()]) for name in next(iter(rows.values()))["paper"]
    ]
    lines = [(name, *("" if value is None else f"{value:.3g} s" for value in values)) for name, values in shown]
    return [["program", *rows], lines]


def print_downstream(summary, out):
    """Accuracies by features, classifier and number of labels, a table for each data set."""
    console = Console()
    for dataset in summary["rows"]:
        console.print(f"Accuracies on {dataset} in percent, by number of labels")
        console.print(_table(*downstream_rows(summary, dataset)))
    console.print(summary["note"])
    console.print(f"Results of every training and figure are in {out}/")


def downstream_rows(summary, dataset):
    """The header and the rows of `print_downstream`."""
    rows = summary["rows"][dataset]
    counts = list(next(iter(rows.values())))
    lines = [
        (name, *(accuracy(line[n]["accuracy"], line[n]["deviation"]) if n in line else "" for n in counts))
        for name, line in rows.items()
    ]
    return [["features", *counts], lines]


def print_accuracies(summary, out):
    """Accuracies beside the paper's, and how they were measured."""
    console = Console()
    console.print(summary["title"] + ": accuracies in percent")
    console.print(_table(*accuracy_rows(summary)))
    console.print(summary["note"])
    console.print(f"Results of every seed, logs and figure are in {out}/")


def accuracy_rows(summary):
    """The header and the rows of `print_accuracies`."""
    lines = []
    for name, row in summary["rows"].items():
        here, paper = accuracy(row["accuracy"], row["deviation"]), accuracy(row["paper"], row["paper_deviation"])
        lines.append((name, f"{row['parameters']:,}", here, str(len(row["each"])), paper))
    return [["architecture", "parameters", "here", "seeds", "paper"], lines]


def print_search(summary, out):
    """Best hyperparameters beside the paper's."""
    console = Console()
    console.print(summary["title"])
    rows = []
    for name, row in summary["rows"].items():
        choices = [
            f"{found:g} ({paper:g})" for found, paper in zip(row["hyperparameters"].values(), row["paper"].values())
        ]
        rows.append((name, *choices, accuracy(row["accuracy"], None), len(row["trials"])))
    columns = ["architecture", "learning rate (paper)", "momentum", "weight decay", "gain", "accuracy", "trials"]
    console.print(_table(columns, rows))
    console.print(summary["note"])
    console.print(f"All trials and figure are in {out}/")


def accuracy(mean, deviation):
    """An accuracy in percent and its standard deviation, for people."""
    if mean is None:
        return ""
    return f"{mean:.1f}" if deviation is None else f"{mean:.1f} ± {deviation:.2f}"


def percent(error):
    """A relative error for people: three digits, and no rounding errors of float32."""
    if error <= 1e-5:
        return "0.00 %"
    digits = f"{100 * error:.0f}" if error >= 10 else f"{100 * error:#.3g}".rstrip(".")
    return f"{digits} %"


def _errors(entry):
    return "\n".join(f"{data}: {by_order(errors)}" for data, errors in entry["relative_error"].items())


def by_order(errors):
    """Relative errors by order, for people."""
    return " / ".join(map(percent, errors))


def _print_paper(summary, out):
    console = Console()
    console.print(f"The paper: {summary['paper']}")
    if "note" in summary:
        console.print(summary["note"])
    console.print(f"Results and figure are in {out}/")


def _table(columns, rows):
    table = Table(*columns)
    # Names stay whole, so that they can be copied from a narrow terminal.
    table.columns[0].no_wrap = True
    for row in rows:
        table.add_row(*map(str, row))
    return table

"""Tables on the terminal."""

import pathlib

from rich.console import Console
from rich.table import Table

from keras_scatter import files
from keras_scatter.workflows import charts


def write_result(out, result, figure, picture):
    """Write a JSON file and the picture beside it."""
    pathlib.Path(out).parent.mkdir(parents=True, exist_ok=True)
    files.write_json(out, result)
    charts.save(figure, picture)


def print_distillation(report, out):
    """Errors by order before and after, times of teacher and student, and where the files are."""
    console = Console()
    errors, times = report["relative_error"], report["milliseconds_per_image"]
    console.print("Relative error on held-out images")
    rows = zip(errors["before"], errors["after"])
    console.print(table(["order", "before", "after"], ((m, *map(percent, row)) for m, row in enumerate(rows))))
    console.print("Milliseconds per image")
    console.print(table(times, [(f"{milliseconds:.3f}" for milliseconds in times.values())]))
    epoch = report["best_epoch"]
    console.print(f"Best after {epoch} epochs." if epoch else "Training found nothing better than the initial filters.")
    if not report["finished"]:
        console.print("Interrupted; the same command with --resume continues.")
    console.print(f"Filters, pictures and report are in {out}/")


def print_frontier(points, best):
    """Errors and costs of designed layers, a line each; those that no cheaper one beats are marked."""
    columns = ["kernel size", "P", "multiply-adds", "ms an image", "relative error by order", "best"]
    rows = []
    for point in points:
        cost = f"{point['multiply_adds'] / 1e6:.2f} million", f"{point['milliseconds_per_image']['student']:.3f}"
        errors = by_order(point["relative_error"])
        rows.append((point["kernel_size"], point["lowpass_filters"], *cost, errors, "*" if point in best else ""))
    Console().print(table(columns, rows))


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
    console.print(table(["", *first, "Littlewood-Paley sum"], rows))


def print_synthesis(result):
    """How far the statistics of samples are from those of the target, by kind."""
    console = Console()
    steps, error = result["iterations"], percent(result["relative_error"][-1])
    console.print(f"Relative error of all statistics {error} after {steps} steps ({result['reason']})")
    console.print("Root mean square differences by kind")
    console.print(table(result["errors"], [[f"{value:.2g}" for value in result["errors"].values()]]))


def print_export(report):
    """Size of a file, its errors, times and operators."""
    console = Console()
    written = f"{report['format']}, {report['bytes'] / 1000:,.0f} kB, written in {report['seconds']:.1f} s"
    if report["by_products"]:
        written += f"; by matrix products instead of FFTs: {', '.join(report['by_products'])}"
    console.print(written)
    if "error" not in report:
        return
    console.print(f"In {report['runtime']}, against Keras: largest error over peak {report['error']:.1e}")
    if report["errors_by_order"]:
        errors = report["errors_by_order"]
        console.print(table([f"order {m}" for m in range(len(errors))], [[f"{error:.1e}" for error in errors]]))
    times = report["milliseconds"]
    console.print(table([f"ms at batch {size}" for size in times], [[f"{time:.2f}" for time in times.values()]]))
    console.print(table(["operator", "number"], report["operators"].items()))


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


def by_order(errors):
    """Relative errors by order, for people."""
    return " / ".join(map(percent, errors))


def table(columns, rows):
    """A table for the terminal."""
    found = Table(*columns)
    # Names stay whole, so that they can be copied from a narrow terminal.
    found.columns[0].no_wrap = True
    for row in rows:
        found.add_row(*map(str, row))
    return found

"""Tables on the terminal, with rich."""

import pathlib

from keras_scatter import saved_filters
from keras_scatter.workflows import plots
from keras_scatter.workflows.optional import require


def print_distillation(report, out):
    """Errors by order before and after, times of teacher and student, and where the files are."""
    errors, times = report["relative_error"], report["milliseconds_per_image"]
    table = _table("Relative error on held-out images", "order", "before", "after")
    for order, pair in enumerate(zip(errors["before"], errors["after"])):
        table.add_row(str(order), *map(percent, pair))
    times_table = _table("Milliseconds per image", "teacher", "student")
    times_table.add_row(*(f"{times[name]:.3f}" for name in ("teacher", "student")))
    console = _console()
    console.print(table, times_table)
    epoch = report["best_epoch"]
    console.print(f"Best after {epoch} epochs." if epoch else "Training found nothing better than the initial filters.")
    if not report["finished"]:
        console.print("Interrupted; the same command with --resume continues.")
    console.print(f"Filters, pictures and report are in {out}/")


def print_filter_groups():
    """The shipped groups, a line each."""
    table = _table(
        "Shipped filter groups", "name", "design", "J", "order", "L", "data", "epochs", "relative error by order"
    )
    for name in saved_filters.names():
        entry = saved_filters.describe(name)
        config = entry["config"]
        described = (config["design"], config["J"], config["order"], config["L"], entry["data"], entry["epochs"])
        table.add_row(name, *map(str, described), _errors(entry))
    _console().print(table)


def describe_filter_group(name, out=None, overwrite=False):
    """Print what is known of one group and draw it."""
    config, arrays = saved_filters.load(name)
    picture = pathlib.Path(out or f"{pathlib.Path(name).name.split('.')[0]}.png")
    if picture.exists() and not overwrite:
        raise ValueError(f"--out exists; --overwrite replaces it. Received: {str(picture)!r}")
    console = _console()
    table = _table(str(name), "", "")
    for key, value in config.items():
        table.add_row(key, str(value))
    if name in saved_filters.names():
        entry = saved_filters.describe(name)
        for key in ("data", "epochs", "sha256"):
            table.add_row(key, str(entry[key]))
        table.add_row("relative error by order", _errors(entry))
    shapes = _table("arrays", "name", "shape")
    for key, array in arrays.items():
        shapes.add_row(key, str(array.shape))
    console.print(table, shapes)
    plots.save(plots.filter_group(config, arrays), picture)
    console.print(f"Drawn in {picture}")


def percent(error):
    """A relative error for people: three digits."""
    return f"{100 * error:#.3g} %"


def _errors(entry):
    return "; ".join(f"{data}: {' / '.join(map(percent, errors))}" for data, errors in entry["relative_error"].items())


def _table(title, *columns):
    table = require("rich.table", "plots").Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column)
    return table


def _console():
    return require("rich.console", "plots").Console()

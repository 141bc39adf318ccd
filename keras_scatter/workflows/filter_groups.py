"""Filter groups, listed and drawn."""

import pathlib

from rich.console import Console

from keras_scatter import files, saved_filters
from keras_scatter.workflows import charts
from keras_scatter.workflows.reports import by_order, table


def command(name, out, overwrite):
    """What `keras-scatter filters` does."""
    if name is None:
        print_filter_groups()
    else:
        describe_filter_group(name, out, overwrite)


def print_filter_groups():
    """The shipped groups, a line each."""
    rows = []
    for name in saved_filters.names():
        entry = saved_filters.describe(name)
        config = entry["config"]
        directions = f"L={config['L']}" if "L" in config else f"Q={config['Q'][0]}"
        described = (config["design"], config["J"], config["order"], directions, entry["data"], entry["epochs"])
        rows.append((name, *described, _errors(entry)))
    columns = ["name", "design", "J", "order", "L or Q", "data", "epochs", "relative error by order"]
    Console().print(table(columns, rows))


def describe_filter_group(name, out=None, overwrite=False):
    """Print what is known of one group and draw it into `out`."""
    config, arrays = saved_filters.load(name, "name")
    picture = pathlib.Path(out or f"{pathlib.Path(name).name.split('.')[0]}.png")
    files.check_file(picture, overwrite)
    charts.check_ending(picture)
    known = dict(config)
    if name in saved_filters.names():
        entry = saved_filters.describe(name)
        known |= {key: entry[key] for key in ("data", "epochs", "sha256")}
        known["relative error by order"] = _errors(entry)
    console = Console()
    console.print(table([name, ""], known.items()))
    console.print(table(["array", "shape"], ((key, array.shape) for key, array in arrays.items())))
    draw = charts.signal_filter_group if "Q" in config else charts.filter_group
    charts.save(draw(config, arrays), picture)
    console.print(f"Drawn in {picture}")


def _errors(entry):
    return "\n".join(f"{data}: {by_order(errors)}" for data, errors in entry["relative_error"].items())

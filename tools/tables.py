"""Tables of Markdown files, made from result files: `python tools/tables.py README.md ...`.

A table stands between `<!-- table: NAME -->` and `<!-- end -->`.
"""

import functools
import pathlib
import re
import sys

from keras_scatter import saved_filters
from keras_scatter.deployment.formats import FORMATS
from keras_scatter.files import read_json
from keras_scatter.filters.paths import scattering_paths
from keras_scatter.workflows import benchmark, reports, reproduce
from keras_scatter.workflows.selfcheck import FILES

MARKED = re.compile(r"(<!-- table: (.*?) -->\n).*?(<!-- end -->)", re.DOTALL)


def shipped_groups():
    """Errors of every shipped filter group of images on every set of them."""
    entries = {name: saved_filters.describe(name) for name in saved_filters.names("images")}
    sets = sorted({dataset for entry in entries.values() for dataset in entry["relative_error"]})
    rows = [["group", "design", "trained on", *sets]]
    for name, entry in sorted(entries.items(), key=lambda item: (item[1]["config"]["design"], item[0])):
        errors = [reports.by_order(entry["relative_error"][dataset]) for dataset in sets]
        training = f"{entry['data']}, {entry['epochs']} epochs" if entry["epochs"] else "not trained"
        rows.append([f"`{name}`", entry["config"]["design"], training, *errors])
    return rows


def shipped_groups_of_signals():
    """Errors and costs of every shipped filter group of signals."""
    rows = [["group", "J", "Q", "spoken digits", "multiply-adds a sample", "latency"]]
    for name in saved_filters.names("signals"):
        entry = saved_filters.describe(name)
        config = entry["config"]
        errors = reports.by_order(entry["relative_error"]["spoken_digits"])
        of_group = [str(config["J"]), str(config["Q"][0]), errors, str(entry["multiply_adds"]), str(entry["latency"])]
        rows.append([f"`{name}`", *of_group])
    return rows


def benchmarked(file, measure, programs):
    """Our layers against other programs, see `benchmark.comparison`; from a file in `benchmarks/results`."""
    return benchmark.table(read_json(benchmark.RESULTS / file), measure, programs)


MEASURES = {
    "forward": "forward",
    "memory": "its memory",
    "gradient": "with gradient",
    "gradient memory": "its memory",
}


def in_rows(file, measures, ratios):
    """All programs of a file in rows, and, with ratios, how many times better they are than what they stand beside."""
    result = read_json(benchmark.RESULTS / file)
    compared = {measure: benchmark.comparison(result, measure) for measure in measures}
    rows = [["workload", "program", *(MEASURES[measure] for measure in measures)]]
    for workload, found in compared["forward"].items():
        for program in filter(None, found):
            values = {measure: compared[measure][workload][program] for measure in measures}
            cells = (benchmark.shown(value, ratio if ratios else None, name) for name, (value, ratio) in values.items())
            rows.append([workload, f"`{program}`", *cells])
    return rows


def student():
    """The faithful design beside the exact layer of its backend, and how many times as fast it is."""
    rows = [["workload", "backend", "exact", "faithful", "faithful in bfloat16"]]
    for workload, found in read_json(benchmark.RESULTS / "student.json")["workloads"].items():
        seconds = {name: entry["forward"]["median"] for name, entry in found["programs"].items() if "forward" in entry}
        for backend in benchmark.BACKENDS:
            exact = seconds[f"exact-{backend}"]
            times = (seconds.get(f"faithful-{backend}{ending}") for ending in ("", "-bfloat16"))
            cells = [benchmark.shown(time, exact / time, "forward") if time else "" for time in times]
            rows.append([workload, backend, benchmark.shown(exact, None, "forward"), *cells])
    return rows


def experiment(*names, caption=None):
    """The table of an experiment whose results are in `benchmarks/results`, or of several with equal columns."""
    found = [reproduce.find(name).tables(_summary(name))[caption] for name in names]
    return [found[0][0], *(row for table in found for row in table[1:])]


def _summary(name):
    return read_json(benchmark.RESULTS / name / "summary.json")


def few_labels():
    """Linear classifiers on pixels and on scattering, for some numbers of labels."""
    rows, shown = [["data", "labels", "pixels", "scattering"]], {"cifar10": "CIFAR-10", "mnist": "MNIST"}
    for dataset, name in shown.items():
        (_, *labels), *found = experiment("downstream", caption=dataset)
        accuracy = {row[0]: dict(zip(labels, row[1:])) for row in found}
        for count in ("100", "1000", labels[-1]):
            rows.append([name, f"{int(count):,}", *(accuracy[f"{kind}-linear"][count] for kind in ("pixels", "exact"))])
    return rows


def on_all_backends(kind):
    """Names of the programs of a layer."""
    return [f"{kind}-{backend}" for backend in benchmark.BACKENDS]


SCATTERING = [*on_all_backends("exact"), "faithful-tensorflow", "paper-tensorflow"]


def memory_growth():
    """How much the memory of one process grew with each further size, by backend."""
    rows = [("backend", "after 50 lengths", "after 300", "after 50 sizes of images", "after 300")]
    for path in sorted(benchmark.RESULTS.glob("memory_growth-*.json")):
        found = read_json(path)
        ends = [found[kind]["resident_bytes"][i] for kind in ("signals", "images") for i in (1, -1)]
        rows.append((found["backend"], *(f"{end / 1e6:.0f} MB" for end in ends)))
    return rows


def sampled_losses():
    """A step of loss and gradient on joint scattering of all paths and of one drawn path, by backend."""
    rows = [["backend", "paths", "step", "memory of the first"]]
    for path in sorted(benchmark.RESULTS.glob("sampled_loss-*.json")):
        found = read_json(path)
        backend, whole, one = found["backend"], found["whole"], found["one path"]
        for name, loss in {"all": whole, "one drawn at each step": one}.items():
            ratio = whole["median"] / loss["median"]
            memory = benchmark.shown(loss["memory_bytes"], None, "memory")
            rows.append([backend, name, benchmark.shown(loss["median"], ratio, "forward"), memory])
    return rows


def exports():
    """Errors and sizes of exported files by format and backend, from `benchmarks/exports.py`."""
    found = {backend: _exported(backend) for backend in benchmark.BACKENDS}
    columns = [(name, backend) for name, one in FORMATS.items() for backend in one.backends]
    rows = [["layer", *(f"`{name}`, {backend}" for name, backend in columns)]]
    for layer in found["tensorflow"]:
        cells = (_cell(found[backend].get(layer, {}).get(name)) for name, backend in columns)
        rows.append([f"`{layer}`", *cells])
    return rows


def quantised_exports():
    """Errors and sizes of quantised LiteRT files."""
    kinds = {"float16": "error", "dynamic_int8": "relative_rms", "int8": "errors_by_order"}
    rows = [["layer", *(f"`{kind}`" for kind in kinds)]]
    for layer, found in _exported("tensorflow").items():
        files = {kind: found[f"litert, {kind}"] for kind in kinds if f"litert, {kind}" in found}
        rows += [[f"`{layer}`", *(_cell(file, kinds[kind]) for kind, file in files.items())]] if files else []
    return rows


def runtimes():
    """Times of exported files by layer and runtime, of one image and of a batch, by size, without refused files."""
    workloads = read_json(benchmark.RESULTS / "runtimes.json")["seconds"]
    columns = [(workload, batch) for workload, batches in workloads.items() for batch in batches]
    rows = [["layer", "runtime", *(f"{batch} of {workload}" for workload, batch in columns)]]
    for kind in ("exact", "distilled"):
        found = [workloads[workload][batch][kind] for workload, batch in columns]
        cells = {name: [_milliseconds(times[name]) for times in found] for name in found[0]}
        rows += [[kind, name, *times] for name, times in cells.items() if set(times) != {"refused"}]
    return rows


def selfcheck():
    """What campaigns of `keras-scatter selfcheck` found, by backend: calls, damaged files, runs that were stopped."""
    kinds = {"right": 0, "clear error": 0, "other": 0}
    counts = {}
    for path in sorted((benchmark.RESULTS / "selfcheck").glob("*.json")):
        result = read_json(path)
        for name, found in result["counts"].items():
            what = "calls"
            if name == FILES:
                what = FILES
            elif ", " in name:  # a command, and how it was stopped
                what = "runs that were stopped"
            total = counts.setdefault((result["versions"]["backend"], what), dict(kinds))
            total.update({kind: total[kind] + found[kind] for kind in kinds})
    rows = [["backend", "cases", "number", *kinds]]
    for (backend, what), found in sorted(counts.items()):
        rows.append([backend, what, *(f"{number:,}" for number in (sum(found.values()), *found.values()))])
    return rows


def _milliseconds(found):
    return benchmark.shown(found["seconds"], None, "forward") if "seconds" in found else "refused"


def _exported(backend):
    return read_json(benchmark.RESULTS / f"exports-{backend}.json")["layers"]


def _cell(found, measure="error"):
    """An error and a size, or why there is no file."""
    if found is None:
        return "not tried"
    if "reason" not in found:
        error = found[measure] or found["relative_rms"]
        shown = reports.by_order(error) if isinstance(error, list) else f"{error:.1e}" if error else "equal"
        return f"{shown}, {found['bytes'] / 1e3:,.0f} kB"
    refused = re.search(r"its (.*) must be at most (.*)\. Received: (.*)", found["reason"])
    if refused:
        return f"refused: {refused[1]} {refused[3]}, at most {refused[2]}"
    return "computes FFTs" if "which computes FFTs" in found["reason"] else found["reason"]


def cost_of(argument):
    """Features, time and memory of one image plane by J or by L, from `scaling.json`."""
    measured = read_json(benchmark.RESULTS / "scaling.json")
    time, memory = (benchmark.comparison(measured, measure) for measure in ("forward", "memory"))
    rows = [[argument, "paths, order 1", "paths, order 2", "time", "memory"]]
    for n, name in benchmark.SCALING[argument].items():
        workload = benchmark.Workload.parse(name)
        paths = [str(len(scattering_paths(workload.J, workload.L, order))) for order in (1, 2)]
        cells = [
            benchmark.shown(found[name]["exact-tensorflow"][0], None, measure)
            for found, measure in ((time, "forward"), (memory, "memory"))
        ]
        rows.append([str(n), *paths, *cells])
    return rows


TABLES = {
    "cost of J": functools.partial(cost_of, "J"),
    "cost of L": functools.partial(cost_of, "L"),
    "few labels": few_labels,
    "shipped groups": shipped_groups,
    "shipped groups of signals": shipped_groups_of_signals,
    "speed": functools.partial(benchmarked, "cpu.json", "forward", SCATTERING),
    "speed of gradients": functools.partial(benchmarked, "cpu.json", "gradient", SCATTERING),
    "student": student,
    "memory": functools.partial(benchmarked, "cpu.json", "memory", SCATTERING),
    "signals": functools.partial(benchmarked, "signals.json", "forward", on_all_backends("exact1d")),
    "gradients of signals": functools.partial(benchmarked, "signals.json", "gradient", on_all_backends("exact1d")),
    "covariances": functools.partial(in_rows, "covariance.json", ("forward", "gradient"), ratios=True),
    "volumes": functools.partial(in_rows, "volumes.json", ("forward", "gradient"), ratios=True),
    "joint scattering": functools.partial(in_rows, "time_frequency.json", tuple(MEASURES), ratios=True),
    "sampled losses": sampled_losses,
    "dual-tree": functools.partial(benchmarked, "dual_tree.json", "forward", on_all_backends("dtcwt")),
    "layers": functools.partial(
        benchmarked, "layers.json", "gradient", [*on_all_backends("invariant"), "conv-tensorflow"]
    ),
    "large images": functools.partial(in_rows, "large.json", tuple(MEASURES), ratios=False),
    "memory growth": memory_growth,
    "exports": exports,
    "quantised exports": quantised_exports,
    "runtimes": runtimes,
    "selfcheck": selfcheck,
    "stability": functools.partial(experiment, "table1"),
    "classifiers on CIFAR-10": functools.partial(experiment, "downstream", caption="cifar10"),
    "classifiers on MNIST": functools.partial(experiment, "downstream", caption="mnist"),
    "learned filters": functools.partial(experiment, "fig5", "fig6", "fig7"),
    "losses of figure 3": functools.partial(experiment, "fig3"),
    "losses of figure 4": functools.partial(experiment, "fig4"),
    "generalisation": functools.partial(experiment, "generalisation"),
    "seconds an epoch": functools.partial(experiment, "table2"),
    "MNIST": functools.partial(experiment, "mnist-mixing"),
    "arguments for images": functools.partial(experiment, "few-labels/arguments", caption="cifar10"),
    "arguments for sounds": functools.partial(experiment, "few-labels/arguments", caption="spoken_digits"),
    "few textures": functools.partial(experiment, "few-labels/textures", caption="textures"),
    "few digits": functools.partial(experiment, "few-labels/digits", caption="mnist"),
    "textures": functools.partial(experiment, "statistics/textures"),
    "fields": functools.partial(experiment, "statistics/fields"),
    "private MNIST": functools.partial(experiment, "private-learning", caption="mnist"),
    "private CIFAR-10": functools.partial(experiment, "private-learning", caption="cifar10"),
    "hybrid networks": functools.partial(experiment, "cifar-hybrid"),
    "weights behind scattering": functools.partial(experiment, "first-order-hybrids/table1"),
    "reconstructions": functools.partial(experiment, "first-order-hybrids/figure1"),
    "spoken digits": functools.partial(experiment, "kymatio/spoken-digits"),
    "energies": functools.partial(experiment, "kymatio/qm7"),
    "chirps": functools.partial(experiment, "jtfs/chirps"),
    "drawn rectangles": functools.partial(experiment, "first-order-hybrids/detection"),
}


def with_tables(text):
    """The Markdown text with all its tables made anew."""
    return MARKED.sub(lambda match: match[1] + markdown(TABLES[match[2]]()) + match[3], text)


def markdown(rows):
    """A Markdown table of a header and rows of strings."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:], ""])


if __name__ == "__main__":
    for path in map(pathlib.Path, sys.argv[1:]):
        path.write_text(with_tables(path.read_text()))

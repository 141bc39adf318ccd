"""Accuracies of classifiers on features against a number, such as that of labels: what such experiments share."""

import dataclasses
import itertools

from keras_scatter.workflows import charts, reports
from keras_scatter.workflows.comparison import mean_and_deviation
from keras_scatter.workflows.experiment import QUICK_NOTE, Series

STYLES = {"linear": "-", "mlp": "--", "affine": "--", "cnn": ":"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class AccuracyCurves(Series):
    """A table and a figure of accuracies, by data set, row and number.

    Files: `DATASET/ROW/NUMBER_SEED.json`. A result has `dataset`, `row`, the number under the name `against`, `seed`
    and `accuracy` in percent. A row is named by features and classifier, such as `pixels-linear`.

    Attributes:
        datasets, lines: names of data sets and rows, in the order in which they are shown.
        against: what accuracies are shown against.
    """

    datasets: tuple
    lines: tuple
    against: str = "labels"

    figure = "accuracy.png"
    pattern = "*/*/*.json"

    def parts(self, protocol):
        return (*self.datasets, "features")

    def rows(self, results):
        """Mean and deviation by data set, row and number."""
        each = {}
        for found in sorted(results.values(), key=lambda found: (found[self.against], found["seed"])):
            row = each.setdefault((found["dataset"], found["row"]), {})
            row.setdefault(str(found[self.against]), []).append(found["accuracy"])
        rows = {}
        for dataset, name in itertools.product(self.datasets, self.lines):
            if (dataset, name) in each:
                found = each[dataset, name]
                rows.setdefault(dataset, {})[name] = {n: mean_and_deviation(found[n]) for n in found}
        return rows

    def remark(self, protocol):
        return QUICK_NOTE if protocol["quick"] else self.note

    def tables(self, summary):
        return {dataset: self._table(rows) for dataset, rows in summary["rows"].items()}

    def _table(self, rows):
        """Rows of text, header first; what was not trained leaves a gap."""
        numbers = sorted({number for line in rows.values() for number in line}, key=float)
        lines = [
            (name, *(reports.accuracy(line[n]["accuracy"], line[n]["deviation"]) if n in line else "" for n in numbers))
            for name, line in rows.items()
        ]
        return [["features", *numbers], *lines]

    def draw(self, summary):
        """Accuracy against the number, a panel for each data set."""
        rows = summary["rows"]
        figure, axes = charts.subplots(1, len(rows), figsize=(5 * len(rows), 4.5), squeeze=False)
        kinds = list(dict.fromkeys(name.split("-")[0] for name in self.lines))
        for axis, (dataset, lines) in zip(axes[0], rows.items()):
            for row, (name, line) in enumerate(lines.items()):
                means, deviations = zip(*((entry["accuracy"], entry["deviation"] or 0) for entry in line.values()))
                features, _, head = name.partition("-")
                colour, style = f"C{kinds.index(features)}", STYLES.get(head, "-")
                # Side by side, or equal rows would hide each other.
                numbers = [float(number) * 1.03 ** (row - len(lines) // 2) for number in line]
                look = {"capsize": 3, "linestyle": style, "marker": ".", "color": colour}
                axis.errorbar(numbers, means, deviations, label=name, **look)
            axis.set(title=dataset, xlabel=self.against, xscale="log", ylabel="accuracy (%)")
            shown = [float(number) for line in lines.values() for number in line]
            charts.ticks_at(axis, shown)
            # As wide where there is one number only.
            axis.set_xlim(min(shown) / 1.3, max(shown) * 1.3)
            if axis is axes[0][0] or list(lines) != list(next(iter(rows.values()))):
                axis.legend(fontsize=8)
        return figure

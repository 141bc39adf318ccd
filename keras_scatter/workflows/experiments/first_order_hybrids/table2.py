"""Speed and memory of the network of fifty layers behind scattering, and of residual networks: table 2."""

import dataclasses

from keras_scatter.workflows.experiment import Series, chosen
from keras_scatter.workflows.footprint import NETWORKS, footprint, largest_batch

# Numbers of images by pixels a side: of a forward pass, and of a step of training.
BATCHES = {224: ((1, 16, 64), (1, 2, 4, 8)), 800: ((1, 4), (1, 2))}
REPETITIONS, LIMIT = 3, 8e9
NAMES = {
    "scat-resnet50": "ScatResNet-50, with scattering",
    "scat-resnet50-learned": "ScatResNet-50, its learned part",
    "resnet50": "ResNet-50",
    "resnet101": "ResNet-101",
}
# The paper's seconds for 64 images of 224 pixels and for 4 of 800, and its largest batches on a card of 11 GB.
PAPER = {
    "224": {"scat-resnet50-learned": (0.072, 175), "resnet50": (0.095, 120), "resnet101": (0.158, 70)},
    "800": {"scat-resnet50-learned": (0.073, 9), "resnet50": (0.104, 7), "resnet101": (0.182, 2)},
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Table2(Series):
    """Seconds of a forward pass, peaks of memory in training, and the largest batch that they allow.

    Files: `224/NETWORK.json` and `800/NETWORK.json`.
    """

    needs = ()
    pattern = "*/*.json"

    def plan(self, quick, only: list[str] | None = None):
        """As in `Experiment`.

        Args:
            only: names of the networks (default: all).
        """
        names = chosen(only, ("scat-resnet50-learned",) if quick else NETWORKS, NETWORKS)
        batches = {64: ((1,), (1, 2))} if quick else BATCHES
        protocol = {"quick": quick, "batches": {str(size): list(map(list, found)) for size, found in batches.items()}}
        return protocol, [f"{size}/{name}" for size in batches for name in names]

    def parts(self, protocol):
        return tuple(protocol["batches"])

    def measure(self, job, protocol, data, out, verbose):
        size, name = job.split("/")
        forward, training = protocol["batches"][size]
        order = {"network": name, "size": int(size), "forward": forward, "training": training}
        return {"network": name, "size": int(size), **footprint(order | {"repetitions": REPETITIONS})}

    def rows(self, results):
        """By size and network: what was measured, and the largest batch."""
        rows = {}
        for found in results.values():
            row = {key: found[key] for key in ("parameters", "forward", "training")}
            row["largest_batch"] = largest_batch(row["training"], LIMIT)
            rows.setdefault(str(found["size"]), {})[found["network"]] = row
        return rows

    def tables(self, summary):
        tables = {}
        for size, networks in summary["rows"].items():
            batches = next(iter(networks.values()))
            forward = [f"{batch} images" for batch in batches["forward"]]
            memory = [f"memory, {batch}" for batch in batches["training"]]
            header = ["network", *forward, *memory, "largest batch", "paper: seconds", "paper: batch"]
            lines = []
            for name in filter(networks.get, NAMES):
                row, paper = networks[name], PAPER.get(size, {}).get(name, (None, None))
                seconds = (f"{value:.3g} s" for value in row["forward"].values())
                peaks = (f"{peak / 1e9:.2f} GB" for peak in row["training"].values())
                papers = ("" if value is None else f"{value:g}" for value in paper)
                lines.append((NAMES[name], *seconds, *peaks, str(row["largest_batch"]), *papers))
            tables[f"{size} pixels"] = [header, *lines]
        return tables


EXPERIMENT = Table2(
    module=__name__,
    title="Speed and memory of networks for images of 224 and 800 pixels (table 2)",
    note="Random images and weights. Seconds of a forward pass; memory is how far the peak of a training process has "
    "grown, and the largest batch is that of a line through these peaks at 8 GB. The paper's are of a card of 11 GB: "
    "its seconds for 64 and for 4 images, without scattering, and the largest batch that it could train.",
)

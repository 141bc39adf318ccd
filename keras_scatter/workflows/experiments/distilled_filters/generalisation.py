"""How a distillation carries over: designed filters refined on one set of images, measured on all. Ours."""

import dataclasses
import pathlib

from keras_scatter.workflows import reports
from keras_scatter.workflows.distill import DistillConfig, distill, distilled_layer, errors_on
from keras_scatter.workflows.experiment import Experiment, given

SETS = ("cifar10", "dead_leaves")
HELD_OUT, QUICK_IMAGES = 1000, 50


@dataclasses.dataclass(frozen=True, kw_only=True)
class Generalisation(Experiment):
    """Errors of filters that were refined on one set of images, on all.

    Files: a folder for every set with the files of `keras_scatter.workflows.distill.distill`.
    """

    def plan(self, quick, dataset: str | None = None, epochs: int | None = None, images: int | None = None):
        """As in `Experiment`.

        Args:
            dataset: a further set beside CIFAR-10 and dead leaves, such as a folder of images; as for distill.
            epochs: how long each training is.
            images: on how many images.
        """
        sets = ["random"] if quick else [*SETS, *([dataset] if dataset else [])]
        counts = {"epochs": given("epochs", epochs, None), "images": given("images", images, None)}
        config = DistillConfig(held_out=HELD_OUT, kernel_size=7, **counts)
        if quick:
            few = min(images or QUICK_IMAGES, QUICK_IMAGES)
            config = dataclasses.replace(config, order=1, epochs=1, images=few, held_out=few)
        protocol = {"sets": sets, **dataclasses.asdict(config)}
        del protocol["dataset"]
        return protocol, ["summary"]

    def parts(self, protocol):
        return tuple(pathlib.Path(name).name for name in protocol["sets"])

    def measure(self, job, protocol, data, out, verbose):
        sets = protocol["sets"]
        config = DistillConfig(**{key: value for key, value in protocol.items() if key != "sets"})
        layers = {"design": config.student()}
        for name, part in zip(sets, self.parts(protocol)):
            report = distill(dataclasses.replace(config, dataset=name), out / part, resume=True, verbose=verbose)
            if not report["finished"]:
                raise KeyboardInterrupt
            layers[name] = distilled_layer(out / part)
        measured = {"held_out": config.held_out, "size": config.size}
        found = {
            trained: {name: errors_on(name, layer, **measured) for name in sets} for trained, layer in layers.items()
        }
        return {"rows": found}

    def heading(self, summary):
        return f"{self.title}: relative errors by order"

    def tables(self, summary):
        found = summary["rows"]
        lines = [(trained, *map(reports.by_order, row.values())) for trained, row in found.items()]
        return {None: [["refined on", *next(iter(found.values()))], *lines]}


EXPERIMENT = Generalisation(
    module=__name__,
    alias="generalisation",
    title="Filters refined on one set of images, measured on all",
    note="Relative errors by order on images that were not trained on. Filters start from the design and are refined "
    "by Adam with a rate that falls from 1e-5 to 0.",
)

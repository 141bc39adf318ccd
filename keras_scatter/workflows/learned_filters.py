"""Filter groups that the paper's network learns from random kernels: what figures 5 to 7 share."""

import dataclasses

from keras_scatter.workflows import distill, reports
from keras_scatter.workflows.experiment import Experiment, given

HELD_OUT, QUICK_IMAGES = 1000, 50


@dataclasses.dataclass(frozen=True, kw_only=True)
class LearnedFilters(Experiment):
    """A figure of learned filters: the paper's second-order network, distilled from random kernels.

    Files: those of `keras_scatter.workflows.distill.distill`, with the picture in `filters.png`.

    Attributes:
        dataset: where the images come from, see `plan`; None where it must be said.
        size, images, epochs: height and width of the images, their number, and how long the training is.
    """

    dataset: str | None
    size: int = 32
    images: int = 10_000
    epochs: int = 30

    launched = True

    def plan(self, quick, dataset: str | None = None, epochs: int | None = None, images: int | None = None):
        """As in `Experiment`.

        Args:
            dataset: as for distill.
            epochs: how long the training is.
            images: on how many images.
        """
        epochs, images = given("epochs", epochs, self.epochs), given("images", images, self.images)
        held_out, dataset = HELD_OUT, dataset or self.dataset
        if quick:
            dataset, epochs, images, held_out = "random", 1, min(images, QUICK_IMAGES), QUICK_IMAGES
        if dataset is None:
            raise ValueError(
                f"dataset must be given for {self.label}, such as a folder of images. Received: dataset=None"
            )
        counts = {"epochs": epochs, "images": images, "held_out": held_out, "size": self.size}
        config = distill.DistillConfig(dataset, design="paper", initializer="glorot_uniform", seed=1, **counts)
        return dataclasses.asdict(config), ["summary"]

    def parts(self, protocol):
        return distill.PARTS

    def prepare(self, protocol):
        return distill.load(distill.DistillConfig(**protocol))

    def measure(self, job, protocol, data, out, verbose):
        config = distill.DistillConfig(**protocol)
        report = distill.finished_report(out) or distill.distillation(config, data, out, verbose)
        if not report["finished"]:
            raise KeyboardInterrupt
        return {key: report[key] for key in ("config", "images", "relative_error", "versions")}

    def heading(self, summary):
        return f"{self.title}: relative errors by order, held out"

    def tables(self, summary):
        trained = f"{summary['images']['train'][0]} images of {summary['config']['dataset']}"
        errors = (reports.by_order(summary["relative_error"][when]) for when in ("before", "after"))
        return {None: [["trained on", "random kernels", "trained kernels"], (trained, *errors)]}

"""The search for the hyperparameters of the small networks on MNIST: Hyperband over the grid of table 1.2."""

import dataclasses
import shutil

import keras

from keras_scatter.optional import require
from keras_scatter.workflows import charts, reports
from keras_scatter.workflows.comparison import Comparison
from keras_scatter.workflows.experiment import chosen, given
from keras_scatter.workflows.experiments.invariant_layers import mnist_mixing
from keras_scatter.workflows.training import Batches, compile_classifier

GRID = {
    "learning_rate": (0.0316, 0.1, 0.316, 1.0),
    "momentum": (0.0, 0.25, 0.5, 0.9),
    "weight_decay": (1e-5, 3.16e-5, 1e-4, 3.16e-4),
    "gain": (0.5, 1.0, 1.5, 2.0),
}
# Rounds of 5 and 20 epochs: the paper stops no training before 5.
FACTOR, EPOCHS = 4, 20
QUICK_EPOCHS = 2


@dataclasses.dataclass(frozen=True, kw_only=True)
class Search(Comparison):
    """Hyperparameters of the architectures of a comparison.

    Files: `NAME.json` for every architecture, with all trials; `NAME/`, from which an interrupted search goes on.
    """

    figure = "hyperparameters.png"
    extra, needs = "search", ("matplotlib", "keras_tuner")
    pattern = "*.json"

    def plan(
        self,
        quick,
        only: list[str] | None = None,
        epochs: int | None = None,
        images: int | None = None,
        iterations: int | None = None,
    ):
        """As in `Experiment`.

        Args:
            only: names of the architectures (default: all).
            epochs: length of the longest training (default: 20).
            images: train and measure on so many images only.
            iterations: how often Hyperband is repeated (default: 4): 12 choices each, of which 8 are tried for 5
                epochs first. The paper went through all 256 choices.
        """
        names = chosen(only, self.quick if quick else self.architectures, self.architectures)
        iterations = given("iterations", iterations, 1 if quick else 4)
        epochs = (QUICK_EPOCHS if quick else EPOCHS) if epochs is None else epochs
        return self.protocol(quick, epochs, images) | {"iterations": iterations}, names

    def measure(self, job, protocol, data, out, verbose):
        """Search for one architecture."""
        trials = self.search(job, protocol, data, out, verbose)
        if not trials:
            raise ValueError(f"No trial of {job} could be trained; what went wrong stands above.")
        # The state of the search and a checkpoint of every trial are of no more use.
        shutil.rmtree(out / job)
        return {"architecture": job, "trials": trials}

    def search(self, name, protocol, data, out, verbose):
        """All trials, the best first."""
        architecture = self.architectures[name]
        (images, labels), test = data
        batches = Batches(images, labels, architecture.recipe.batch, seed=0)

        def build(hp):
            recipe = dataclasses.replace(architecture.recipe, **{key: hp.Choice(key, GRID[key]) for key in GRID})
            model = architecture.build(recipe, 0, protocol["width"])
            compile_classifier(model, recipe, len(batches))
            return model

        keras.utils.set_random_seed(0)
        tuner = require("keras_tuner", "search").Hyperband(
            build,
            objective="val_accuracy",
            max_epochs=protocol["epochs"],
            factor=FACTOR,
            hyperband_iterations=protocol["iterations"],
            seed=0,
            directory=out,
            project_name=name,
        )
        tuner.search(
            batches,
            shuffle=False,
            validation_data=test,
            validation_batch_size=architecture.recipe.batch,
            callbacks=[batches.callback()],
            verbose=verbose,
        )
        return [
            {
                "hyperparameters": {key: trial.hyperparameters.get(key) for key in GRID},
                "epochs": trial.hyperparameters.get("tuner/epochs"),
                "accuracy": 100 * trial.score,
            }
            for trial in tuner.oracle.get_best_trials(1_000_000)
            if trial.score is not None
        ]

    def rows(self, results):
        """The best trial of every architecture beside the paper's choice."""
        rows = {}
        for name, architecture in self.architectures.items():
            if name in results:
                trials = results[name]["trials"]
                paper = {key: getattr(architecture.paper_recipe or architecture.recipe, key) for key in GRID}
                rows[name] = {**trials[0], "paper": paper, "trials": trials}
        return rows

    def remark(self, protocol):
        return super().remark(protocol if protocol["epochs"] != EPOCHS else protocol | {"epochs": None})

    def heading(self, summary):
        return self.title

    def tables(self, summary):
        lines = []
        for name, row in summary["rows"].items():
            pairs = zip(row["hyperparameters"].values(), row["paper"].values())
            choices = [f"{found:g} ({paper:g})" for found, paper in pairs]
            lines.append((name, *choices, reports.accuracy(row["accuracy"], None), str(len(row["trials"]))))
        columns = ["architecture", "learning rate (paper)", "momentum", "weight decay", "gain", "accuracy", "trials"]
        return {None: [columns, *lines]}

    def draw(self, summary):
        """The accuracy of all trials against learning rate and momentum."""
        rows = summary["rows"]
        size = (2 + 2.2 * len(rows), 3)
        figure, axes = charts.subplots(1, max(1, len(rows)), figsize=size, sharey=True, squeeze=False)
        for axis, (name, row) in zip(axes[0], rows.items()):
            tried = [trial["hyperparameters"] for trial in row["trials"]]
            found = [trial["accuracy"] for trial in row["trials"]]
            rates, momenta = ([trial[key] for trial in tried] for key in ("learning_rate", "momentum"))
            points = axis.scatter(rates, found, c=momenta, vmin=0, vmax=1)
            axis.axvline(row["paper"]["learning_rate"], color="grey", linestyle=":", label="paper")
            axis.set(title=name, xscale="log", xlabel="learning rate")
        axes[0][0].set_ylabel("accuracy (%)")
        if rows:
            figure.colorbar(points, ax=axes[0], label="momentum")
            axes[0][0].legend()
        return figure


EXPERIMENT = Search(
    module=__name__,
    alias="mnist-search",
    title="Hyperparameters found on MNIST (tables 1.2 and 1.4)",
    note="Chosen by the last 10,000 training images; the paper chose by the test images.",
    dataset="mnist",
    shape=(28, 28, 1),
    splits=("train[:50000]", "train[50000:]"),
    architectures=mnist_mixing.EXPERIMENT.architectures,
    quick=("1x1",),
)

"""The papers' experiments by name."""

import importlib
import inspect

from keras_scatter.arguments import check_choice

# Every one is a module in `experiments`, with a function `run(out, quick, resume, overwrite, ...)`.
EXPERIMENTS = {
    "fig3": "losses of a regular and of the complex-modulus network (distilled filter groups, figure 3)",
    "fig4": "kernels of 3, 5 and 7 pixels (figure 4)",
    "fig5": "filters learned on noise (figure 5)",
    "fig6": "filters learned on CIFAR-10 (figure 6)",
    "fig7": "filters learned on Tiny ImageNet (figure 7)",
    "table1": "stability to noise, shifts and deformations (table 1)",
    "table2": "speed beside Kymatio (table 2)",
    "generalisation": "filters refined on one set of images, measured on all",
    "downstream": "small classifiers on exact and distilled features, few and many labels",
    "mnist-mixing": "how wavelet moduli are mixed, on MNIST (invariant layers, table 1.4)",
    "mnist-search": "the search for its hyperparameters (table 1.2)",
    "cifar-swap": "convolutions swapped for invariant layers, on CIFAR-10 (table 1.6)",
    "cifar-hybrid": "hybrid scattering networks A to D, on CIFAR-10 (table 1.7)",
}


def reproduce(name, **options):
    """Run an experiment: train or measure, write its results, print them beside the paper's.

    Args:
        name: one of `EXPERIMENTS`.
        **options: `out`, `quick`, `resume`, `overwrite`, and those that the experiment takes.

    Returns:
        The content of the summary that it wrote.

    Raises:
        ValueError: the experiment is unknown or does not take an option.
    """
    check_choice("name", name, tuple(EXPERIMENTS))
    run = importlib.import_module(f"keras_scatter.workflows.experiments.{name.replace('-', '_')}").run
    known = inspect.signature(run).parameters
    unknown = [f"--{option}" for option in options if option not in known]
    if unknown:
        raise ValueError(f"{name} takes no {', '.join(unknown)}")
    return run(**options)

"""The papers' experiments by name."""

import importlib
import inspect

from keras_scatter.arguments import check_choice

# Name: module in `experiments`, with a function `run(out, quick, resume, overwrite, ...)`; what it shows.
EXPERIMENTS = {
    "table1": ("table1", "stability to noise, shifts and deformations (distilled filter groups, table 1)"),
    "downstream": ("downstream", "small classifiers on exact and distilled features, few and many labels"),
    "mnist-mixing": ("mnist_mixing", "how wavelet moduli are mixed, on MNIST (invariant layers, table 1.4)"),
    "mnist-search": ("mnist_search", "the search for its hyperparameters (table 1.2)"),
    "cifar-swap": ("cifar_swap", "convolutions swapped for invariant layers, on CIFAR-10 (table 1.6)"),
    "cifar-hybrid": ("cifar_hybrid", "hybrid scattering networks A to D, on CIFAR-10 (table 1.7)"),
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
    run = importlib.import_module(f"keras_scatter.workflows.experiments.{EXPERIMENTS[name][0]}").run
    known = inspect.signature(run).parameters
    unknown = [f"--{option}" for option in options if option not in known]
    if unknown:
        raise ValueError(f"{name} takes no {', '.join(unknown)}")
    return run(**options)

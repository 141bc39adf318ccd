"""The papers' experiments by name."""

import inspect

from keras_scatter.arguments import check_choice
from keras_scatter.workflows.experiment import experiments

EXPERIMENTS = experiments()
ALIASES = {experiment.alias: name for name, experiment in EXPERIMENTS.items() if experiment.alias}


def reproduce(name, **options):
    """Run an experiment: train or measure, write its results, print them beside the paper's.

    Args:
        name: one of `EXPERIMENTS`, such as `"distilled-filters/table1"`, or of `ALIASES`.
        **options: those of `keras_scatter.workflows.experiment.Experiment.run`, and of the experiment's `plan`.

    Returns:
        The content of the summary that it wrote.

    Raises:
        ValueError: the experiment is unknown or does not take an option.
    """
    experiment = find(name)
    known = {parameter.name for parameter in parameters(experiment)} | {"verbose"}
    unknown = [f"--{option}" for option in options if option not in known]
    if unknown:
        raise ValueError(f"{name} takes no {', '.join(unknown)}")
    return experiment.run(**options)


def find(name):
    """The experiment of that name or alias."""
    check_choice("name", name, (*EXPERIMENTS, *ALIASES))
    return EXPERIMENTS[ALIASES.get(name, name)]


def parameters(experiment):
    """The options of an experiment: those that all have, and its own."""
    common = inspect.signature(experiment.run).parameters.values()
    own = list(inspect.signature(experiment.plan).parameters.values())[1:]
    hidden = {"verbose", "options"} | (set() if experiment.shared else {"workers"})
    keyword = inspect.Parameter.KEYWORD_ONLY
    return [parameter.replace(kind=keyword) for parameter in (*common, *own) if parameter.name not in hidden]

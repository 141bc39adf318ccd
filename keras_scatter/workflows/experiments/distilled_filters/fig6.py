"""Filters learned on CIFAR-10: figure 6."""

from keras_scatter.workflows.learned_filters import LearnedFilters

EXPERIMENT = LearnedFilters(
    module=__name__,
    alias="fig6",
    title="Filters learned on CIFAR-10 (figure 6)",
    paper="The 10,000 test images of CIFAR-10, green channel; the same ripples.",
    dataset="cifar10",
)

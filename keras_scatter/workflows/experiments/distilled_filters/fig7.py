"""Filters learned on Tiny ImageNet: figure 7."""

from keras_scatter.workflows.learned_filters import LearnedFilters

EXPERIMENT = LearnedFilters(
    module=__name__,
    alias="fig7",
    title="Filters learned on Tiny ImageNet (figure 7)",
    paper="The 10,000 test images of Tiny ImageNet, 64 x 64, green channel; the same ripples.",
    dataset=None,
    size=64,
)

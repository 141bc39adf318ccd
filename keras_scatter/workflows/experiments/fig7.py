"""Filters learned on Tiny ImageNet, figure 7 of the paper on distilled filter groups."""

import functools

from keras_scatter.workflows.experiments import learned_filters
from keras_scatter.workflows.experiments.learned_filters import Learned

LEARNED = Learned(
    name="fig7",
    title="Filters learned on Tiny ImageNet (figure 7)",
    paper="The 10,000 test images of Tiny ImageNet, 64 x 64, green channel; the same ripples.",
    dataset=None,
    size=64,
)
run = functools.partial(learned_filters.run, LEARNED)

"""Filters learned on CIFAR-10, figure 6 of the paper on distilled filter groups."""

import functools

from keras_scatter.workflows.experiments import learned_filters
from keras_scatter.workflows.experiments.learned_filters import Learned

LEARNED = Learned(
    name="fig6",
    title="Filters learned on CIFAR-10 (figure 6)",
    paper="The 10,000 test images of CIFAR-10, green channel; the same ripples.",
    dataset="cifar10",
)
run = functools.partial(learned_filters.run, LEARNED)

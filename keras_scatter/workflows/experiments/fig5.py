"""Filters learned on noise, figure 5 of the paper on distilled filter groups."""

import functools

from keras_scatter.workflows.experiments import learned_filters
from keras_scatter.workflows.experiments.learned_filters import Learned

LEARNED = Learned(
    name="fig5",
    title="Filters learned on noise (figure 5)",
    paper="1,000 random images of 512 x 128, 60 epochs; the low-pass, eight real and eight imaginary filters, with the "
    "ripples of Morlet wavelets.",
    dataset="random",
)
run = functools.partial(learned_filters.run, LEARNED)

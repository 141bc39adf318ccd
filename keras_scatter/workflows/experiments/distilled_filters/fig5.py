"""Filters learned on noise: figure 5."""

from keras_scatter.workflows.learned_filters import LearnedFilters

EXPERIMENT = LearnedFilters(
    module=__name__,
    alias="fig5",
    title="Filters learned on noise (figure 5)",
    paper="1,000 random images of 512 x 128, 60 epochs; the low-pass, eight real and eight imaginary filters, with the "
    "ripples of Morlet wavelets.",
    dataset="random",
)

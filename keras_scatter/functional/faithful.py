"""The faithful distilled transform: the cascade with the kernels of a filter group, on a pyramid of channels."""

import functools
import math

from keras_scatter.backend.convolutions import form
from keras_scatter.functional import cascade
from keras_scatter.functional.pyramid_stages import FORMS
from keras_scatter.plan.images import image_plan


def make_plan(config, paths):
    """The plan of a group's transform."""
    return image_plan(config["J"], config["L"], config["order"], "reflect", paths)


def multiply_adds(shapes, plan, axes):
    """Multiplications in the convolutions of one plane.

    Args:
        shapes: those of the kernels, by name.
    """
    total = 0
    for node, deepest in zip(plan.nodes, plan.deepest):
        for d in range(1, (deepest or 0) - node.level + 1):
            total += len(node.rows) * math.prod(shapes[f"lowpass_{d}"]) * plan.samples(axes, node.level + d)
        if node.band:
            rows, columns, inputs, _ = shapes[f"psi_{node.level - node.band.source}_real"]
            total += 2 * len(node.rows) * rows * columns * inputs * plan.samples(axes, node.level)
    return total


def program_for(plan, axes, dtype, output):
    """The program of the form that is fast here, its chunk and its axis of rows, see `channels.Transform`.

    Args:
        dtype: that of the kernels.
    """
    name = form(dtype) if output == "scattering" else "planes"
    return PROGRAMS[name], FORMS[name].planes_at_a_time(plan, axes), FORMS[name].row_axis


# Of planes `(N, H, W)` with the kernels of a filter group by name, see `cascade.scatter`.
PROGRAMS = {name: functools.partial(cascade.scatter, make=stages) for name, stages in FORMS.items()}

"""What accuracy costs: errors of the faithful design against its work, for all kernel sizes and channel counts."""

from keras_scatter import files
from keras_scatter.arguments import check_integer
from keras_scatter.layers import ComplexModulusConv
from keras_scatter.models import ScatteringDistiller
from keras_scatter.versions import versions
from keras_scatter.workflows import charts, reports
from keras_scatter.workflows.datasets import load_images
from keras_scatter.workflows.distill import milliseconds_per_image, relative_errors

KERNEL_SIZES = (3, 5, 7, 9)
LOWPASS_FILTERS = (1, 2, 3, 4)


def frontier(
    dataset="dead_leaves",
    L=8,
    order=2,
    J=2,
    kernel_sizes=KERNEL_SIZES,
    lowpass_filters=LOWPASS_FILTERS,
    held_out=500,
    size=32,
    repetitions=11,
    report=lambda point: None,
):
    """Measure designed layers for all pairs of kernel size and number of decimated channels.

    Args:
        dataset, held_out, size: see `keras_scatter.workflows.datasets.load_images`.
        repetitions: timed calls of each layer; the teacher is measured in turn with it.
        report: called with every point.

    Returns:
        Dict with `settings`, `versions`, and `points`: dicts of `kernel_size`, `lowpass_filters`, `multiply_adds`,
        `milliseconds_per_image` (of `teacher` and `student`) and `relative_error`, a list by order.
    """
    check_integer("repetitions", repetitions)
    settings = {"dataset": dataset, "L": L, "order": order, "J": J, "held_out": held_out, "size": size}
    layers = [
        ComplexModulusConv(L=L, order=order, J=J, kernel_size=kernel_size, lowpass_filters=P)
        for kernel_size in kernel_sizes
        for P in lowpass_filters
    ]
    _, images = load_images(dataset, 1, held_out, size, seed=1000)
    points = []
    for layer in layers:
        distiller = ScatteringDistiller(layer)
        distiller.compile()
        points.append(
            {
                "kernel_size": layer.kernel_size,
                "lowpass_filters": layer.lowpass_filters,
                "multiply_adds": layer.multiply_adds(images.shape[1:3]),
                "relative_error": relative_errors(distiller, images),
                "milliseconds_per_image": milliseconds_per_image(distiller, images, repetitions),
            }
        )
        report(points[-1])
    return {"settings": settings, "versions": versions(), "points": points}


def best(points, cost):
    """Points that no other one beats in both the cost and the error of the highest order, cheapest first.

    Args:
        cost: function of a point.
    """
    found = []
    for point in sorted(points, key=lambda point: (cost(point), point["relative_error"][-1])):
        if not found or point["relative_error"][-1] < found[-1]["relative_error"][-1]:
            found.append(point)
    return found


def command(dataset, order, J, L, held_out, size, repetitions, out, overwrite, quick):
    """What `keras-scatter frontier` does."""
    picture = files.check_result(out, overwrite)
    charts.require("matplotlib", "plots")
    few = {"kernel_sizes": (3, 5), "lowpass_filters": (1, 2)} if quick else {}
    if quick:
        held_out, repetitions = min(held_out, 50), min(repetitions, 1)
    counts = {"held_out": held_out, "size": size, "repetitions": repetitions}
    result = frontier(dataset, L=L, order=order, J=J, **counts, **few)
    reports.write_result(out, result, charts.frontier(result["points"]), picture)
    reports.print_frontier(result["points"], best(result["points"], lambda point: point["multiply_adds"]))
    print(f"Results are in {out}, a chart in {picture}")

"""How far noise, shifts and deformations move features, beside how far they move the images."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from keras_scatter import files, perturbations, saved_filters
from keras_scatter.arguments import check_array, check_integer, check_number, check_pair, shown
from keras_scatter.errors import relative_error
from keras_scatter.filters import GroupBank, MorletBank
from keras_scatter.layers import ComplexModulusConv, ScatteringFFT
from keras_scatter.testing import features
from keras_scatter.typing import ArrayLike
from keras_scatter.versions import versions
from keras_scatter.workflows import charts, reports
from keras_scatter.workflows.datasets import load_images

# The noise makes the squared distance of the images 0.49, as in the paper's table 1.
NOISE, SHIFT, DEFORMATION = 0.7, (2, 2), 3.0
GRID = 64  # frequencies along each axis of the Littlewood-Paley sum


def measure(
    layer: Callable[..., Any],
    images: ArrayLike,
    noise: float = NOISE,
    shift: Sequence[int] = SHIFT,
    deformation: float = DEFORMATION,
    seed: int = 0,
    batch_size: int = 64,
    data_format: str | None = "channels_last",
) -> dict[str, float]:
    """Relative distances `sqrt(sum |Vx - Vy|^2 / sum |Vx|^2)` over all images x and their perturbations y.

    Args:
        layer: any Keras layer or model that takes the images.
        images: `(batch, H, W, C)`, or channels first.
        noise: standard deviation of white noise, in units of the root mean square of the images.
        shift: pixels down and right.
        deformation: standard deviation of the displacement in pixels, see `perturbations.deform`.
        seed: seed of noise and deformations.
        batch_size: images that go through the layer at a time.

    Returns:
        `{"noise": {"images": d, "features": d}, "shift": ..., "deformation": ...}`.

    Reference:
        Build the noise, shift, deformation stable filter group based on the reverse engineering with Scattering
        Transform: table 1, which gives squares of these distances.

    Example:

    >>> images = np.random.default_rng(0).uniform(size=(4, 32, 32, 1))
    >>> distances = measure(ScatteringFFT(J=2, L=4), images)
    >>> all(row["features"] < row["images"] for row in distances.values())
    True
    """
    images = check_array("images", images, rank=4).astype("float32")
    noise, deformation = check_number("noise", noise), check_number("deformation", deformation)
    shift = check_pair("shift", shift)
    reference = features(layer, images, batch_size)
    perturbed = {
        "noise": perturbations.add_noise(images, noise * np.sqrt(np.mean(np.square(images))), seed),
        "shift": perturbations.shift(images, *shift, data_format=data_format),
        "deformation": perturbations.deform(images, deformation, seed=seed, data_format=data_format),
    }
    return {
        name: {
            "images": relative_error(moved, images),
            "features": relative_error(features(layer, moved, batch_size), reference),
        }
        for name, moved in perturbed.items()
    }


def compare(groups, dataset="dead_leaves", images=256, size=64, seed=0):
    """Stability and Littlewood-Paley sums of filter groups beside those of the exact transform.

    Args:
        groups: shipped names or paths of filter groups.
        dataset, images, size, seed: see `keras_scatter.workflows.datasets.load_images`.

    Returns:
        Dict with `settings`, `versions`, `distances` (those of `measure`, by layer) and `littlewood_paley` (sums on
        64 x 64 frequencies in FFT order, by layer).
    """
    check_integer("images", images)
    if isinstance(groups, str) or not isinstance(groups, Iterable):
        raise TypeError(f"groups must be names or paths of filter groups. Received: groups={shown(groups)}")
    settings = {"groups": list(groups), "dataset": dataset, "images": images, "size": size, "seed": seed}
    loaded = {group: saved_filters.load(group, "groups") for group in groups}
    for group, (config, _) in loaded.items():
        if "L" not in config:
            raise ValueError(f"groups must be filter groups of images. Received: {group!r}, a group of signals")
    _, x = load_images(dataset, 1, images, size, seed)
    distances, sums = {}, {}
    for group, (config, arrays) in loaded.items():
        J, L, order = config["J"], config["L"], config["order"]
        exact = f"exact, J={J}, L={L}, order {order}"
        if exact not in distances:
            distances[exact] = measure(ScatteringFFT(J, L, order=order), x, seed=seed)
            sums[exact] = MorletBank(J, L, (GRID, GRID)).littlewood_paley()
        distances[group] = measure(ComplexModulusConv(**config, weights=group), x, seed=seed)
        sums[group] = GroupBank(config, arrays, (GRID, GRID)).littlewood_paley()
    return {"settings": settings, "versions": versions(), "distances": distances, "littlewood_paley": sums}


def command(*groups, dataset, images, size, seed, out, overwrite):
    """What `keras-scatter stability` does."""
    picture = files.check_result(out, overwrite)
    charts.require("matplotlib", "plots")
    result = compare(groups or ("morlet_o2", "cifar10_o2"), dataset, images, size, seed)
    sums = result.pop("littlewood_paley")
    result["littlewood_paley"] = {
        name: {"least": float(found.min()), "most": float(found.max())} for name, found in sums.items()
    }
    reports.write_result(out, result, charts.littlewood_paley(sums), picture)
    reports.print_stability(result)
    print(f"Results are in {out}, a picture in {picture}")

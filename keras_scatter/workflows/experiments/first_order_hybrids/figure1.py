"""Pictures from their first-order coefficients: figure 1."""

import dataclasses

import numpy as np
from keras import ops

from keras_scatter.errors import psnr, relative_error
from keras_scatter.inversion import invert
from keras_scatter.layers import ScatteringFFT
from keras_scatter.optional import require
from keras_scatter.workflows import charts
from keras_scatter.workflows.datasets import dead_leaves
from keras_scatter.workflows.experiment import Series, chosen, given

PICTURES = ("astronaut", "coffee")  # that scikit-image ships, in colour
# Size and J; of 256 pixels every picture has the middle.
CASES = {"512-J3": (512, 3), "512-J4": (512, 4), "256-J3": (256, 3), "256-J4": (256, 4), "32-J2": (32, 2)}
QUICK = "32-J2"
PAPER = {3: "26 and 23 dB", 4: "20 and 19 dB"}


@dataclasses.dataclass(frozen=True, kw_only=True)
class Figure1(Series):
    """Reconstructions, and how far they are from the pictures.

    Files: `PICTURE-SIZE-JJ.json` and `.png`, with the picture and its reconstruction side by side.
    """

    extra, needs = "docs", ("matplotlib", "skimage")

    def plan(self, quick, only: list[str] | None = None, iterations: int | None = None):
        """As in `Experiment`.

        Args:
            only: pictures, sizes and J such as astronaut-512-J3 (default: all).
            iterations: largest number of steps.
        """
        known = [f"{picture}-{case}" for picture in PICTURES for case in CASES if case != QUICK]
        known += [f"dead_leaves-{QUICK}"]
        jobs = chosen(only, known[-1:] if quick else known[:-1], known)
        iterations = given("iterations", iterations, 5 if quick else 400)
        return {"quick": quick, "iterations": iterations, "drop_every": max(1, iterations // 2)}, jobs

    def parts(self, protocol):
        _, jobs = self.plan(protocol["quick"], None, protocol["iterations"])
        return (*jobs, *(f"{job}.png" for job in jobs))

    def measure(self, job, protocol, data, out, verbose):
        picture, case = job.split("-", 1)
        size, J = CASES[case]
        x = shipped(picture, size)[None]
        layer = ScatteringFFT(J=J, L=8, order=1)
        target = ops.convert_to_numpy(layer(x))
        search = {key: protocol[key] for key in ("iterations", "drop_every")}
        search |= {"value_range": (0, 255), "clip": False}
        found = invert(layer, target, **search, shape=x.shape[1:], verbose=verbose)
        again, waves = ops.convert_to_numpy(layer(found.image)), np.arange(target.shape[-1]) % len(layer.paths) > 0
        image = np.clip(found.image, 0, 255)
        result = {
            "picture": picture,
            "shape": list(x.shape[1:]),
            "J": J,
            "psnr": psnr(image, x),
            "relative_error": relative_error(again, target),
            "relative_error_of_order_1": relative_error(again[..., waves], target[..., waves]),
            "iterations": found.iterations,
            "reason": found.reason,
        }
        charts.save(_side_by_side(x[0], image[0], f"J = {J}: {result['psnr']:.1f} dB"), out / f"{job}.png")
        return result

    def rows(self, results):
        return {job: {**found, "paper": PAPER.get(found["J"])} for job, found in results.items()}

    def tables(self, summary):
        header = ["picture", "pixels", "J", "PSNR", "relative error", "of order 1", "steps", "paper"]
        lines = []
        for row in summary["rows"].values():
            errors = (f"{row[key]:.2g}" for key in ("relative_error", "relative_error_of_order_1"))
            sizes = " x ".join(map(str, row["shape"][:2]))
            numbers = (str(row["J"]), f"{row['psnr']:.1f} dB", *errors, str(row["iterations"]), row["paper"] or "")
            lines.append((row["picture"], sizes, *numbers))
        return {None: [header, *lines]}


def shipped(picture, size):
    """The middle of a picture, multiples of 16 up to `size`: float32 `(height, width, channels)`, 0 to 255."""
    if picture == "dead_leaves":
        return 255 * dead_leaves(1, size)[0]
    image = getattr(require("skimage.data", "docs"), picture)()
    sizes = [min(size, pixels // 16 * 16) for pixels in image.shape[:2]]
    top, left = ((pixels - part) // 2 for pixels, part in zip(image.shape, sizes))
    return image[top : top + sizes[0], left : left + sizes[1]].astype("float32")


def _side_by_side(image, found, title):
    figure, axes = charts.subplots(1, 2, figsize=(9, 4.8))
    for axis, pixels, name in zip(axes, (image, found), ("picture", title)):
        axis.imshow(pixels / 255, vmin=0, vmax=1, cmap="gray")
        axis.set_title(name)
        axis.set_axis_off()
    return figure


EXPERIMENT = Figure1(
    module=__name__,
    title="Pictures from their first-order coefficients (figure 1)",
    note="From the mean of each colour by Adam at rate 10, a tenth after half of the steps, until the relative error "
    "is 2e-3; the PSNR is that of values clipped to 0 to 255. The paper does not say which pictures it has, of which "
    "size, and where it begins. Order 0 is nearly all of the relative error: that of order 1 stands beside it.",
)

"""The residual network of fifty layers behind scattering, as the encoder of a detector."""

from collections.abc import Sequence
from typing import Any

import keras

from keras_scatter.arguments import check_bool, check_integer, shown
from keras_scatter.models._building import LAST, Builder
from keras_scatter.models._hybrid import Input, check_widths, residual_groups, resnet50, scattered
from keras_scatter.optional import require
from keras_scatter.typing import KerasObject, Shape

# A class needs its base when it is made, so the whole module needs KerasHub.
keras_hub = require("keras_hub", "detection")

LEVELS = (3, 4, 5)  # that a detector reads: strides 8, 16, 32


@keras.saving.register_keras_serializable(package="keras_scatter")
class ScatResNet50Backbone(keras_hub.models.FeaturePyramidBackbone):  # type: ignore[name-defined]
    """`models.ScatResNet50` without its classifier, as a `FeaturePyramidBackbone` of KerasHub.

    Its three groups of blocks are the levels P3, P4 and P5, of strides 8, 16 and 32. `keras_hub.models` reads them by
    `RetinaNetBackbone(image_encoder, min_level=3, max_level=7, use_p5=False, image_shape=...)`, and that by
    `RetinaNetObjectDetector(backbone, num_classes=...)`. 25.9 million weights.

    The paper detects by Faster R-CNN, of which no maintained program for Keras 3 is known: figures of RetinaNet are not
    to be compared with the paper's.

    Args:
        image_shape: height, width and channels of the images, known and multiples of 32 for the first two: images of
            other sizes are pasted onto a canvas of zeros.
        J: scale of the scattering transform; 3, since with another one some of P3, P4 and P5 are missing.
        L: its number of angles.
        order: 1 or 2, the largest number of wavelets on a path.
        width: channels of the stem, and within the first blocks.
        blocks: numbers of blocks in the three groups.
        dtype: a dtype or a dtype policy for all layers; None takes Keras's setting.
        name: name of the model.
        trainable: whether the weights can be trained.

    Input shape:
        `(batch, H, W, C)`; the channels are last, as KerasHub's detector has them.

    Output shape:
        A dict of `(batch, H / 8, W / 8, 4 * width)` for `"P3"`, `(batch, H / 16, W / 16, 8 * width)` for `"P4"`, and
        `(batch, H / 32, W / 32, 16 * width)` for `"P5"`.

    Raises:
        ImportError: KerasHub is not installed.
        TypeError: an argument that counts something is no integer.
        ValueError: an argument is out of range.

    Example:

    >>> from keras_scatter.detection import ScatResNet50Backbone
    >>> encoder = ScatResNet50Backbone((64, 96, 3), width=4, blocks=(1, 1, 1))
    >>> {level: tensor.shape for level, tensor in encoder.pyramid_outputs.items()}
    {'P3': (None, 8, 12, 16), 'P4': (None, 4, 6, 32), 'P5': (None, 2, 3, 64)}

    Reference:
        Compressing the Input for CNNs with the First-Order Scattering Transform: section 3.2.
    """

    def __init__(
        self,
        image_shape: Shape = (800, 800, 3),
        J: int = 3,
        L: int = 8,
        order: int = 1,
        width: int = 128,
        blocks: Sequence[int] = (5, 8, 3),
        dtype: KerasObject = None,
        name: str | None = "scat_resnet50_backbone",
        trainable: bool = True,
    ) -> None:
        image_shape = _check_shape(image_shape)
        J, blocks = _check_scale(J), _check_blocks(blocks)
        width, trainable = check_integer("width", width), check_bool("trainable", trainable)
        build = Builder(LAST, dtype)
        network = resnet50(width)
        groups = tuple((number, *group[1:]) for number, group in zip(blocks, network.groups))
        inputs, x = scattered(build, Input(image_shape, image_shape, J, L, order, "exact"))
        found = residual_groups(build, x, network._replace(groups=groups))
        pyramid = {f"P{level}": output for level, output in zip(LEVELS, found)}
        super().__init__(inputs=inputs, outputs=pyramid, dtype=build.dtype, name=name, trainable=trainable)
        self.pyramid_outputs = pyramid
        self.image_shape = image_shape
        self.J, self.L, self.order, self.width, self.blocks = J, L, order, width, blocks

    def get_config(self) -> dict[str, Any]:
        names = ("image_shape", "J", "L", "order", "width", "blocks")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _check_shape(shape):
    try:
        sizes = tuple(check_integer("image_shape", size) for size in shape)
        right = len(sizes) == 3 and not any(size % 2 ** LEVELS[-1] for size in sizes[:2])
    except (TypeError, ValueError):
        right = False
    if not right:
        raise ValueError(
            "image_shape must be height, width and channels, known integers, the first two multiples of 32, such as "
            f"(800, 800, 3). Received: image_shape={shown(shape)}"
        )
    return sizes


def _check_scale(J):
    J = check_integer("J", J)
    missing = [f"P{level}" for level in LEVELS if level not in range(J, J + len(LEVELS))]
    if missing:
        raise ValueError(
            "J must be 3: detectors read the levels P3, P4 and P5, and the three groups of blocks are "
            f"P{J}, P{J + 1} and P{J + 2}, which lacks {' and '.join(missing)}. Received: J={J}"
        )
    return J


def _check_blocks(blocks):
    blocks = check_widths("blocks", blocks)
    if len(blocks) != len(LEVELS):
        raise ValueError(f"blocks must be three integers >= 1. Received: blocks={blocks}")
    return blocks

"""Kymatio's two-dimensional scattering in keras_scatter: arguments, layout, and the order of the coefficients.

| Kymatio `Scattering2D`              | here: `ScatteringFFT`                                                    |
|-------------------------------------|--------------------------------------------------------------------------|
| `J`                                 | `J`, default 2                                                           |
| `shape`                             | not needed: taken from the images                                        |
| `L=8`                               | `L=8`                                                                    |
| `max_order=2`                       | `order=2`; orders above 2 are possible                                   |
| `pre_pad=False`                     | `padding="reflect"`, the same margins; also `"zeros"` and `"periodic"`   |
| `pre_pad=True`                      | none: give the image itself                                              |
| `frontend`, `backend`               | Keras's backend: `KERAS_BACKEND=tensorflow`, `jax` or `torch`            |
| `out_type="array"`                  | the tensor, see `to_kymatio_layout`                                      |
| `out_type="list"`                   | `layer.paths`: `order`, `scales` (`j`) and `angles` (`theta`) of each map |
| images `(..., H, W)`                | `(batch, H, W, C)`, or `(batch, C, H, W)` with `channels_first`          |
| result `(..., K, H/2^J, W/2^J)`     | `(batch, H/2^J, W/2^J, C * K)`: map k of channel c is `c * K + k`        |
| float64 by float64 images           | `dtype="float64"`                                                        |

The maps have the same order and agree to 1e-5 of the largest coefficient, in float32.

Run:

    python examples/coming_from_kymatio.py
"""

import keras
import numpy as np

from keras_scatter.layers import ScatteringFFT


def to_kymatio_layout(features, layer):
    """Kymatio's layout `(batch, C, K, h, w)` of a layer's result; `[:, 0]` of it for grey images."""
    if layer.data_format == "channels_last":
        features = keras.ops.transpose(features, (0, 3, 1, 2))
    batch, _, height, width = keras.ops.shape(features)
    return keras.ops.reshape(features, (batch, -1, len(layer.paths), height, width))


def main():
    print(__doc__.split("\n\n")[1])

    images = np.random.default_rng(0).uniform(size=(2, 32, 32, 3)).astype("float32")
    layer = ScatteringFFT(J=2, L=8, order=2)
    features = layer(images)
    maps = to_kymatio_layout(features, layer)
    print(f"\nimages {images.shape} -> features {tuple(features.shape)} -> Kymatio's layout {tuple(maps.shape)}")
    for index in (0, 1, 9, 17, 80):
        path = layer.paths[index]
        print(f"map {index:2d}: order {path.order}, j = {path.scales}, theta = {path.angles}")


if __name__ == "__main__":
    main()

"""Kymatio's scattering of images and signals in keras_scatter: arguments, layout, and the order of the coefficients.

| Kymatio `Scattering2D`              | here: `ScatteringFFT`                                                    |
|-------------------------------------|--------------------------------------------------------------------------|
| `J`                                 | `J`, default 2                                                           |
| `shape`                             | not needed: taken from the images                                        |
| `L=8`                               | `L=8`                                                                    |
| `max_order=2`                       | `order=2`; orders above 2 are possible                                   |
| `pre_pad=False`                     | `padding="reflect"`, the same margins; also `"zeros"` and `"periodic"`   |
| `pre_pad=True`                      | `padding="periodic"`, and of the maps `[:, 1:-1, 1:-1]`                  |
| `frontend`, `backend`               | Keras's backend: `KERAS_BACKEND=tensorflow`, `jax` or `torch`            |
| `out_type="array"`                  | the tensor, see `to_kymatio_layout`                                      |
| `out_type="list"`                   | `layer.paths`: `order`, `scales` (`j`) and `angles` (`theta`) of each map |
| images `(..., H, W)`                | `(batch, H, W, C)`, or `(batch, C, H, W)` with `channels_first`          |
| result `(..., K, H/2^J, W/2^J)`     | `(batch, H/2^J, W/2^J, C * K)`: map k of channel c is `c * K + k`        |
| float64 by float64 images           | `dtype="float64"`                                                        |

The maps have the same order and agree to 1e-5 of the largest coefficient, in float32.

| Kymatio `Scattering1D`              | here: `ScatteringFFT1D`                                                  |
|-------------------------------------|--------------------------------------------------------------------------|
| `J`, `Q=1`                          | `J`, `Q=1`; in a tuple the last entry serves all further orders          |
| `shape`                             | not needed: taken from the signals                                       |
| `T=None`, `T=0`                     | the same; also `T="global"`                                              |
| `max_order=2`                       | `order=2`; orders above 2 are possible                                   |
| `oversampling=k`                    | `stride=2 ** (floor(log2(T)) - k)`: as many samples, nearly the same     |
| `average`, `vectorize` (deprecated) | `T=0`                                                                    |
| `out_type="list"`, `meta()`         | `layer.paths`: `order`, `n`, `xi`, `sigma` and `j` of each map           |
| signals `(..., N)`                  | `(batch, N, C)`, or `(batch, C, N)` with `channels_first`                |
| result `(..., K, time)`             | `(batch, time, C * K)`: map k of channel c is `c * K + k`                |

The numbers are those of Kymatio's main branch. Version 0.3.0 makes the filters of coarse levels too small, so a path is
smaller there by a factor of its own: see `to_kymatio_030`.

Run:

    python examples/coming_from_kymatio.py
"""

import math

import keras
import numpy as np

from keras_scatter.layers import ScatteringFFT, ScatteringFFT1D


def to_kymatio_layout(features, layer):
    """Kymatio's layout `(batch, C, K, h, w)` of a layer's result; `[:, 0]` of it for grey images."""
    if layer.data_format == "channels_last":
        features = keras.ops.moveaxis(features, -1, 1)
    batch, _, *sizes = keras.ops.shape(features)
    return keras.ops.reshape(features, (batch, -1, len(layer.paths), *sizes))


def to_kymatio_030(maps, layer):
    """Numbers of Kymatio 0.3.0 from signals in Kymatio's layout, `(batch, C, K, time)`."""
    return maps * keras.ops.cast(kymatio_030_factors(layer), maps.dtype)[:, None]


def kymatio_030_factors(layer):
    """The factor of each path, `(K,)`: divided by the rate `2**level` of its modulus after every wavelet.

    A wavelet of scale j gives a modulus at every 2**j-th sample, or at the stride of the output if that is smaller.
    Order 1 with level k1 has the factor 2**-k1, order 2 with levels k1 and k2 the factor 2**-k1 * 2**-k2.
    """
    stride = layer.stride or 2 ** math.floor(math.log2(layer.T or 2**layer.J))
    coarsest = math.log2(stride)
    return np.array([2.0 ** -sum(min(j, coarsest) for j in path.j) for path in layer.paths])


def show_images():
    images = np.random.default_rng(0).uniform(size=(2, 32, 32, 3)).astype("float32")
    layer = ScatteringFFT(J=2, L=8, order=2)
    features = layer(images)
    maps = to_kymatio_layout(features, layer)
    print(f"\nimages {images.shape} -> features {tuple(features.shape)} -> Kymatio's layout {tuple(maps.shape)}")
    for index in (0, 1, 9, 17, 80):
        path = layer.paths[index]
        print(f"map {index:2d}: order {path.order}, j = {path.scales}, theta = {path.angles}")


def show_signals():
    signals = np.random.default_rng(0).normal(size=(2, 1024, 3)).astype("float32")
    layer = ScatteringFFT1D(J=6, Q=8)
    features = layer(signals)
    maps = to_kymatio_layout(features, layer)
    factors = kymatio_030_factors(layer)
    print(f"\nsignals {signals.shape} -> features {tuple(features.shape)} -> Kymatio's layout {tuple(maps.shape)}")
    for index in (0, 1, 38, 39, 125):
        path = layer.paths[index]
        print(
            f"map {index:3d}: order {path.order}, n = {path.n}, j = {path.j}, in Kymatio 0.3.0 times {factors[index]}"
        )


def main():
    images, signals = (part for part in __doc__.split("\n\n") if part.startswith("|"))
    print(images)
    show_images()
    print(f"\n{signals}")
    show_signals()


if __name__ == "__main__":
    main()

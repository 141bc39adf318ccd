"""Distilled filters in Keras's own convolutions: a functional model, from an exported filter group of the paper.

Two blocks, each a convolution with stride 2, a modulus and a smoothing convolution, for grey images of even size. The
kernels are weights of `Conv2D` and `DepthwiseConv2D`; freeze them or train them with the rest of a network. The script
compares the model with `ComplexModulusConv`, the only thing it needs keras_scatter for.

Run:

    python examples/filters_in_keras.py
    python examples/filters_in_keras.py --group random_o2 --size 48
"""

import argparse

import keras
import numpy as np
from keras import layers, ops


def convolution(kernel, channels, **arguments):
    """A layer that convolves each channel with all kernels `(k, k, 1, f)`: output `f * channel + i` is of kernel i."""
    size, filters = kernel.shape[0], kernel.shape[3]
    if channels == 1:
        layer = layers.Conv2D(filters, size, use_bias=False, **arguments)
    else:
        layer = layers.DepthwiseConv2D(size, depth_multiplier=filters, use_bias=False, **arguments)
    layer.build((None, None, None, channels))
    layer.set_weights([np.repeat(kernel, channels, axis=2)])
    return layer


def block(images, lowpass, real, imag):
    """Low-pass and smoothed moduli of all channels at half size: `(batch, h, w, channels * (1 + L))`."""
    _, height, width, channels = images.shape
    angles, margin = real.shape[3], lowpass.shape[0] // 2
    filters = np.concatenate([lowpass, real, imag], axis=3)
    maps = convolution(filters, channels, strides=2)(layers.ZeroPadding2D(margin)(images))
    maps = layers.Reshape((height // 2, width // 2, channels, 1 + 2 * angles))(maps)
    low, real, imag = maps[..., :1], maps[..., 1 : 1 + angles], maps[..., 1 + angles :]
    moduli = ops.sqrt(real * real + imag * imag + 1e-38)
    moduli = layers.Reshape((height // 2, width // 2, channels * angles))(moduli)
    moduli = convolution(lowpass, channels * angles, padding="same")(moduli)
    moduli = layers.Reshape((height // 2, width // 2, channels, angles))(moduli)
    maps = layers.Concatenate()([low, moduli])
    return layers.Reshape((height // 2, width // 2, channels * (1 + angles)))(maps)


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--group", default="cifar10_o2", help="a shipped group of the paper, or a file of save_filters")
    parser.add_argument("--size", type=int, default=32, help="height and width of the images, a multiple of 4")
    parser.add_argument("--out", default="filters.npz", help="file for the exported group, replaced if it exists")
    options = parser.parse_args(arguments)

    from keras_scatter import saved_filters
    from keras_scatter.layers import ComplexModulusConv

    config, _ = saved_filters.load(options.group)
    layer = ComplexModulusConv(**config, weights=options.group)
    images = np.random.default_rng(0).uniform(size=(4, options.size, options.size, 1)).astype("float32")
    expected = ops.convert_to_numpy(layer(images))
    layer.save_filters(options.out, overwrite=True)

    maps = inputs = keras.Input((options.size, options.size, 1))
    with np.load(options.out) as file:
        for d in range(config["J"]):
            maps = block(maps, file[f"lowpass_{d}"], file[f"psi_{d}_real"], file[f"psi_{d}_imag"])
    # An output of each block in turn: 0 is its low-pass, 1 + t its wavelet of angle t.
    choices = [[0] * config["J"] for _ in layer.paths]
    for chosen, path in zip(choices, layer.paths):
        for scale, angle in zip(path.scales, path.angles):
            chosen[scale] = 1 + angle
    order = [np.ravel_multi_index(chosen, [1 + config["L"]] * config["J"]) for chosen in choices]
    model = keras.Model(inputs, ops.take(maps, order, axis=-1))

    found = model.predict(images, verbose=0)
    error = float(np.max(np.abs(found - expected)) / np.max(np.abs(expected)))
    print(
        f"{options.group}: {model.count_params():,} weights, largest difference {error:.1e} of the largest coefficient"
    )
    return error


if __name__ == "__main__":
    main()

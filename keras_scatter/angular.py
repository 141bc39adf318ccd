"""The first learned 1x1 layer behind scattering, by angular frequency."""

import math
import typing
from collections.abc import Callable

import keras
import numpy as np
from keras import ops

from keras_scatter.arguments import check_bool, check_choice, check_seed, is_number, shown
from keras_scatter.filters.paths import Path
from keras_scatter.filters.pictures import draw_angular

BASES = ("fourier", "angle", "random")


class AngularSpectrum(typing.NamedTuple):
    """Energies of the weights of a 1x1 layer by angular frequency.

    A rotation of the image by `m pi / L` moves all angles by m, which multiplies the weights of frequencies
    `(w1, w2)` by a phase, `exp(-2 pi i (w1 + w2) m / L)`: energies stay, and what does not depend on m has
    `w1 + w2 = 0` modulo L.

    Attributes:
        L: number of angles, and of frequencies w = 0, ..., L - 1 (that of L - w is -w).
        energies: dict by scales `(j1, ..., jm)` of arrays with m axes of length L: sums over colours and filters of
            the squared size of the weights' unitary Fourier transform along the angles.
    """

    L: int
    energies: dict

    @property
    def order_1(self):
        """Energies `(J, L)` of the weights of order 1, by scale and frequency."""
        return np.array([energy for scales, energy in self.energies.items() if len(scales) == 1])

    @property
    def order_2(self):
        """Energies `(L, L)` of the weights of order 2, by both frequencies, summed over scales."""
        return sum((energy for scales, energy in self.energies.items() if len(scales) == 2), np.zeros((self.L,) * 2))

    @property
    def order_2_joint(self):
        """Energies `(L,)` of the weights of order 2 by `w1 + w2` modulo L."""
        joint = np.add.outer(range(self.L), range(self.L)) % self.L
        return np.bincount(joint.ravel(), self.order_2.ravel(), self.L)

    def plot(self, axes=None):
        """Draw shares of the energy of order 1 and 2 by frequency.

        Args:
            axes: None for a new figure, or three of matplotlib's axes.

        Returns:
            The matplotlib figure.
        """
        return draw_angular(self, axes)


def angular_spectrum(layer: keras.layers.Conv2D, scattering: keras.layers.Layer, fold: bool = False) -> AngularSpectrum:
    """Energies by angular frequency of the weights of a 1x1 convolution behind scattering.

    Args:
        layer: a built `keras.layers.Conv2D` of kernel size 1 that reads the features of `scattering`, such as the layer
            `local1` of `SharedLocalEncoder`.
        scattering: the layer that gives the features; its `paths` say where which angle is.
        fold: divide the weights by the deviations of the normalisation in front of the layer, so that they act on
            features as they are; False takes them as they act on normalised features.

    Returns:
        An `AngularSpectrum`; with the squares of the weights of order 0, its sum is that of all weights.

    Raises:
        TypeError: `layer` is no convolution, `scattering` has no angles, or `fold` is no bool.
        ValueError: the layer is not built or no 1x1 convolution, its inputs are not the features of `scattering`, some
            angles are missing among its paths, or there is no normalisation to fold.

    Example:

    >>> model = SharedLocalEncoder((16, 16, 1), J=2, L=4, classes=2, widths=(8,), dense_widths=())
    >>> spectrum = keras_scatter.angular_spectrum(model.get_layer("local1"), model.get_layer("scattering"))
    >>> spectrum.order_1.shape, spectrum.order_2.shape
    ((2, 4), (4, 4))

    Reference:
        E. Oyallon, E. Belilovsky, S. Zagoruyko, Scaling the Scattering Transform: Deep Hybrid Networks, ICCV 2017.
    """
    check_bool("fold", fold)
    weights, groups = _weights(layer, scattering), _groups(scattering)
    if fold:
        weights = weights * _by_path(_scale(layer), scattering)
    L = 1 + max(angle for group in groups.values() for angles in group for angle in angles)
    energies = {}
    for scales, group in groups.items():
        found = _transformed(weights[:, _indices(group, L)], [_fourier(L)] * len(scales))
        energies[scales] = np.square(np.abs(found)).sum((0, -1))
    return AngularSpectrum(L, energies)


def angular_threshold(
    layer: keras.layers.Conv2D, scattering: keras.layers.Layer, keep: float, basis: str = "fourier", seed: int = 0
) -> keras.layers.Conv2D:
    """A copy of a 1x1 convolution behind scattering whose small weights are zero, in a basis of functions of angles.

    To see what it costs, give its weights to the network: `layer.set_weights(sparse.get_weights())`, and evaluate.

    Args:
        layer, scattering: as in `angular_spectrum`.
        keep: fraction of the weights that stay, above 0 up to 1: the largest ones of all orders but 0 together.
            Weights of order 0 have no angle and stay.
        basis: `"fourier"`, where weights are complex and the count is over all L or L**2 frequencies; `"angle"`, the
            weights themselves; or `"random"`, an orthogonal matrix, to compare with.
        seed: integer >= 0, draws that matrix.

    Returns:
        A `keras.layers.Conv2D`.

    Raises:
        TypeError: `layer` is no convolution, or `scattering` has no angles.
        ValueError: as in `angular_spectrum`; or `keep`, `basis` or `seed` is out of range.

    Example:

    >>> model = SharedLocalEncoder((16, 16, 1), J=2, L=4, classes=2, widths=(8,), dense_widths=())
    >>> layer = model.get_layer("local1")
    >>> sparse = keras_scatter.angular_threshold(layer, model.get_layer("scattering"), keep=0.25, basis="angle")
    >>> bool((keras.ops.convert_to_numpy(sparse.kernel) == 0).mean() > 0.65)
    True
    """
    if not is_number(keep) or not 0 < keep <= 1:
        raise ValueError(f"keep must be a number > 0 and <= 1. Received: keep={shown(keep)}")
    check_choice("basis", basis, BASES)
    seed = check_seed("seed", seed)
    weights, groups = _weights(layer, scattering), _groups(scattering)
    L = 1 + max(angle for group in groups.values() for angles in group for angle in angles)
    bases: dict[str, Callable] = {"fourier": _fourier, "angle": np.eye, "random": lambda L: _orthogonal(L, seed)}
    matrix = bases[basis](L)
    blocks = {
        scales: _transformed(weights[:, _indices(group, L)], [matrix] * len(scales)) for scales, group in groups.items()
    }
    sizes = np.sort(np.abs(np.concatenate([block.ravel() for block in blocks.values()])))
    # Frequencies w and -w have one size, but for rounding: both stay, or none.
    least = sizes[len(sizes) - math.ceil(keep * len(sizes))] * (1 - 1e-9)
    if keep < 1:
        for scales, block in blocks.items():
            kept = np.where(np.abs(block) >= least, block, 0)
            found = _transformed(kept, [matrix.conj().T] * len(scales))
            weights[:, _indices(groups[scales], L)] = found.real
    kernel = np.moveaxis(weights, 0, 1) if scattering.feature_order == "path" else weights
    copy = type(layer).from_config(layer.get_config())
    copy.build(layer.get_build_config()["input_shape"])
    bias = layer.get_weights()[1:]
    copy.set_weights([kernel.reshape(layer.kernel.shape), *bias])
    return copy


def _weights(layer, scattering):
    """The weights of the layer, `(colours, paths, filters)`, float64."""
    if not isinstance(layer, keras.layers.Conv2D):
        raise TypeError(f"layer must be a 1x1 convolution, keras.layers.Conv2D. Received: {type(layer).__name__}")
    if tuple(layer.kernel_size) != (1, 1) or layer.groups != 1:
        raise ValueError(
            "layer must be a 1x1 convolution of one group. "
            f"Received: kernel_size={layer.kernel_size}, groups={layer.groups}"
        )
    if not layer.built:
        raise ValueError(f"layer must be built. Received: the layer {layer.name!r}, which has no weights yet")
    paths = getattr(scattering, "paths", ())
    if not paths or not all(isinstance(path, Path) for path in paths):
        raise TypeError(
            "scattering must be a layer whose paths have angles, such as ScatteringFFT. "
            f"Received: {type(scattering).__name__}"
        )
    inputs, filters = layer.kernel.shape[2:]
    if inputs % len(paths):
        raise ValueError(
            f"layer must read the features of scattering, {len(paths)} for each colour. Received: {inputs} inputs"
        )
    return _by_path(ops.convert_to_numpy(layer.kernel).reshape(inputs, filters).astype("float64"), scattering)


def _by_path(values, scattering):
    """Values `(features, ...)` as `(colours, paths, ...)`."""
    paths = len(scattering.paths)
    if scattering.feature_order == "path":
        return np.moveaxis(values.reshape(paths, -1, *values.shape[1:]), 0, 1).copy()
    return values.reshape(-1, paths, *values.shape[1:])


def _groups(scattering):
    """Indices of the paths by scales and then by angles, without order 0."""
    groups = {}
    for index, path in enumerate(scattering.paths):
        if path.order:
            groups.setdefault(path.scales, {})[path.angles] = index
    if not groups:
        raise ValueError("scattering must have paths of order 1 or more. Received: paths of order 0 alone")
    L = 1 + max(angle for group in groups.values() for angles in group for angle in angles)
    for scales, group in groups.items():
        if len(group) != L ** len(scales):
            raise ValueError(
                f"scattering must have all {L} angles of every wavelet, to transform along them. "
                f"Received: {len(group)} paths of the scales {scales}"
            )
    return groups


def _indices(group, L):
    """Indices of the paths as an array with one axis of length L for every wavelet."""
    return np.array([index for _, index in sorted(group.items())]).reshape((L,) * len(next(iter(group))))


def _transformed(block, matrices):
    """The matrices applied along the axes 1, 2, ... of a block."""
    for axis, matrix in enumerate(matrices, start=1):
        block = np.moveaxis(np.tensordot(matrix, block, axes=(1, axis)), 0, axis)
    return block


def _fourier(L):
    return np.fft.fft(np.eye(L), norm="ortho")


def _orthogonal(L, seed):
    matrix, triangle = np.linalg.qr(np.random.default_rng(seed).normal(size=(L, L)))
    return matrix * np.sign(np.diag(triangle))


def _scale(layer):
    """What the normalisation in front of the layer multiplies features by, `(features, 1)`."""
    try:
        before = layer.input._keras_history.operation
    except (AttributeError, ValueError):
        before = None
    if not isinstance(before, keras.layers.BatchNormalization):
        raise ValueError(
            "fold=True needs a layer that reads the output of a BatchNormalization in a functional model. "
            f"Received: the layer {layer.name!r} behind {getattr(before, 'name', None)!r}"
        )
    scale = (ops.convert_to_numpy(before.moving_variance).astype("float64") + before.epsilon) ** -0.5
    if before.scale:
        scale = scale * ops.convert_to_numpy(before.gamma)
    return scale[:, None]

"""The solid harmonic scattering layer of volumes."""

import functools
import warnings
from collections.abc import Sequence
from typing import Any

import keras

from keras_scatter.arguments import check_bool, check_choice, check_integer, check_positive
from keras_scatter.backend.sizes import is_static
from keras_scatter.filters.solid_harmonic import support
from keras_scatter.functional import harmonic
from keras_scatter.layers.base_scattering import BaseScattering
from keras_scatter.plan.volumes import volume_plan
from keras_scatter.typing import Selection


@keras.saving.register_keras_serializable(package="keras_scatter")
class HarmonicScattering3D(BaseScattering):
    """The solid harmonic wavelet scattering transform of volumes, by FFT: features that rotations leave as they are.

    `U[j, l] x = sqrt(sum_m |x * psi_{j,l,m}|^2)` over m = -l..l, and `U[j1, j2, l] x = U[j2, l] U[j1, l] x` for
    j1 < j2. A feature is `sum_u (U[p] x(u))^q` for a power q. The wavelets are solid harmonics times a Gaussian of
    `sigma_0 * 2**j` voxels, for j = 0..J and l = 0..L. Volumes are periodic: leave an empty margin around what is in
    them. The numbers are those of Kymatio's layer of this name. The layer has no weights, and keeps no filters: they
    are made of two small factors where they are used.

    Args:
        J: largest scale, an integer >= 1; there are J + 1 of them.
        L: largest degree l of the harmonics, an integer >= 0.
        sigma_0: width of the Gaussian of scale 0 in voxels, a positive number.
        order: largest number of wavelets on a path. Integer >= 1; paths longer than J + 1 do not exist.
        integral_powers: tuple of the powers q, positive numbers.
        average: `"integral"` sums over all voxels. `"local"` smooths by a Gaussian of `sigma_0 * 2**J` voxels whose sum
            is 1, and samples every 2**J voxels.
        rotation_covariant: False takes `|x * psi_{j,l,-l}|` in place of the root of the sum over m.
        order_0: whether `|x|^q` is averaged too, in front of the other features.
        paths, data_format, chunk_size, fft: as in `ScatteringFFT`; planes are volumes here.
        **kwargs: `name`, `dtype` and other arguments of `keras.layers.Layer`. Half precision policies are computed
            in float32 and the result is cast.

    Attributes:
        paths: tuple of the K paths `(order, scales, degree, power)` of one channel, in output order: by order and
            scales, then degree, then power.

    Input shape:
        `(batch, D, H, W, C)`, or `(batch, C, D, H, W)` with `data_format="channels_first"`. Any size for integrals, at
        least 2**J for local averages. Sizes may be None. A size below the support of the largest wavelet gives a
        warning.

    Output shape:
        `(batch, C * K)`, or for local averages `(batch, D // 2**J, H // 2**J, W // 2**J, C * K)`, features in second
        place with `"channels_first"`. Feature `c * K + k` is path k of channel c. For order 2
        `K = (J + 1) (J + 2) / 2 * (L + 1) * len(integral_powers)`, and `len(integral_powers)` more with order 0.

    Raises:
        TypeError: an argument is not of its type, or the volumes are complex or strings.
        ValueError: an argument is out of range, or the volumes are too small.

    Example:

    >>> volumes = np.random.default_rng(0).uniform(size=(2, 16, 16, 16, 1))
    >>> layer = HarmonicScattering3D(J=1, L=2, sigma_0=0.8)
    >>> tuple(layer(volumes).shape)
    (2, 27)
    >>> layer.paths[-1]
    HarmonicPath(order=2, scales=(0, 1), degree=2, power=2.0)

    Reference:
        M. Eickenberg et al., Solid Harmonic Wavelet Scattering for Predictions of Molecule Properties, J. Chem. Phys.
        148 (2018).
    """

    rank = 3
    _programs = harmonic

    def __init__(
        self,
        J: int,
        L: int = 3,
        sigma_0: float = 1.0,
        order: int = 2,
        integral_powers: Sequence[float] = (0.5, 1.0, 2.0),
        average: str = "integral",
        rotation_covariant: bool = True,
        order_0: bool = False,
        paths: Selection = None,
        data_format: str | None = None,
        chunk_size: int | None = None,
        fft: str = "auto",
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("autocast", False)
        self.J = check_integer("J", J)
        self.L = check_integer("L", L, minimum=0)
        self.sigma_0 = check_positive("sigma_0", sigma_0)
        self.order = check_integer("order", order)
        self.integral_powers = _check_powers(integral_powers)
        self.average = check_choice("average", average, ("integral", "local"))
        self.rotation_covariant = check_bool("rotation_covariant", rotation_covariant)
        self.order_0 = check_bool("order_0", order_0)
        geometry = self.J, self.L, self.sigma_0, self.rotation_covariant
        arguments = geometry, self.order, self.integral_powers, self.average, self.order_0
        super().__init__(functools.partial(volume_plan, *arguments), paths, data_format=data_format, **kwargs)
        self._set_fft(fft, chunk_size)

    def _arrays(self, axes):
        across = support(self.sigma_0 * 2**self.J, self.L)
        sizes = tuple(axis.size for axis in axes)
        if is_static(*sizes) and min(sizes) < across:
            warnings.warn(
                f"Volumes of sizes {sizes} are smaller than the support of the largest wavelet, about {across:.0f} "
                f"voxels for J={self.J}, L={self.L} and sigma_0={self.sigma_0:g}: it wraps around them",
                stacklevel=2,
            )
        return harmonic.Arrays(harmonic.harmonic_bank(self._plan, axes, self._working_dtype()), self._matrices(axes))

    def _check_sizes(self, sizes, J, multiple=False, argument="J"):
        # Periodic, but of any size.
        super()._check_sizes(sizes, J, argument=argument)

    def get_config(self) -> dict[str, Any]:
        names = ["J", "L", "sigma_0", "order", "integral_powers", "average"]
        names += ["rotation_covariant", "order_0", "chunk_size", "fft"]
        config = {**super().get_config(), **{name: getattr(self, name) for name in names}}
        del config["output"]
        return config


def _check_powers(powers):
    if not isinstance(powers, (tuple, list)) or not powers:
        raise TypeError(f"integral_powers must be a tuple of positive numbers. Received: integral_powers={powers!r}")
    found = tuple(check_positive("integral_powers", power) for power in powers)
    if len(set(found)) < len(found):
        raise ValueError(f"integral_powers must be different numbers. Received: integral_powers={powers!r}")
    return found

"""The layer of scattering covariances of images."""

import functools
from typing import Any

import keras

from keras_scatter.arguments import check_bool, check_choice, check_integer
from keras_scatter.backend.constants import constants
from keras_scatter.functional import covariance
from keras_scatter.layers.base_statistics import BaseStatistics
from keras_scatter.plan.covariance import WaveletFilters, covariance_plan
from keras_scatter.typing import Selection


@keras.saving.register_keras_serializable(package="keras_scatter")
class ScatteringCovariance2D(BaseStatistics):
    """Scattering covariances of images and fields: a few hundred numbers that describe a texture.

    With `u1 = |x * psi1|`, `<.>` the mean over pixels and x periodic, the statistics by kind are

    * `mean`: `<x>`, over the standard deviation of x.
    * `P00 = <u1^2>` and `S1 = <u1>`: power and sparsity by wavelet. Their logarithms are taken.
    * `C01 = <x (u1 * psi3)^*>`, complex, for scales `j1 <= j3`: skewness between scales.
    * `C11 = <(u1 * psi3) (u2 * psi3)^*>`, complex, for `j1 <= j2 <= j3`: how structures of two scales go together.

    C01 is divided by the roots of P00 of psi3 and psi1, C11 by those of psi1 and psi2. So all but P00 and S1 are free
    of the unit of x: C01 and the mean change their sign with x, the others do not. Coefficients that are conjugates of
    others, and imaginary parts that vanish, are left out. The layer has no weights. It computes by FFT, and takes the
    covariances as Gram matrices of spectra.

    Args:
        J: number of scales. Integer >= 1.
        L: number of angles over half a turn. Integer >= 1, at least 2 for bump wavelets and harmonics.
        wavelets: `"morlet"`, those of `ScatteringFFT`; or `"bump"`, steerable ones that vanish beyond twice their
            frequency.
        reduction: None; `"isotropic"` for real parts of means over the first angle, the others measured from it, which
            rotations by `pi / L` leave as they are; or `"harmonic"` for these, their imaginary parts, and both of the
            sums with `exp(-2 pi i t1 / L)` over the first angle t1 in the place of means. Of P00 and S1 these are
            divided by the means.
        normalization: `"power"`, or None for plain means without divisions and logarithms.
        cross: whether x holds two fields, its two channels: statistics of both and between them, with
            `C00 = <(x * psi1) (y * psi1)^*>` too. C01 and C11 of `fields=(0, 1)` have x as the first factor, and the
            modulus of y in the second.
        band_limit: sum over about `size / 2**j3` frequencies on both sides of 0, as the authors' program does.
        paths: None for all; or those that are wanted, a sequence out of `layer.paths` or a function of a path.
        data_format, chunk_size: as in `ScatteringFFT`.
        **kwargs: `name`, `dtype` and other arguments of `keras.layers.Layer`. Half precision policies are computed
            in float32 and the result is cast.

    Attributes:
        paths: tuple of the K statistics `(kind, fields, scales, angles, harmonic, part)`, in output order: by kind,
            harmonic, part, fields, scales, angles.

    Methods:
        statistics(x, reference=None): all of them by name: backend arrays `mean` `(batch, C)`, `P00` and `S1`
            `(batch, C, J, L)`, and complex C01 `(batch, C, J, J, L, L)` by j1, j3 and angles, C11
            `(batch, C, J, J, J, L, L, L)`; redundant entries are there, NaN where scales decrease. P00 and S1 are no
            logarithms, the mean is divided. `reference` is a P00 to divide by. With `cross=True` C00 is
            `(batch, 1, J, L)`, and the second axis of C01 and C11 is for `(0, 0), (1, 1), (0, 1), (1, 0)`.

    Call arguments:
        images: batch of real images; or a list of images and weights `(batch, H, W, 1 or C)` for fields with holes:
            means are `sum(w v) / sum(w)`, and where a weight is 0, the weighted mean of x is in the place of x, which
            may be NaN there. Otherwise NaN stays NaN, as does an item whose weights are all 0.

    Input shape:
        `(batch, H, W, C)`, or `(batch, C, H, W)` with `data_format="channels_first"`. H and W at least 2**J, and known.

    Output shape:
        `(batch, C * K)`, or `(batch, K)` with `cross=True`. Feature `c * K + k` is statistic k of channel c.

    Raises:
        TypeError: an argument is not of its type, or the images are complex or strings.
        ValueError: an argument is out of range, the images are too small, or weights do not fit them.

    Example:

    >>> layer = ScatteringCovariance2D(J=3, L=4, reduction="isotropic")
    >>> x = np.random.default_rng(0).normal(size=(2, 32, 32, 1))
    >>> tuple(layer(x).shape)
    (2, 155)
    >>> layer.paths[-1].name
    'C11_real_j2_j2_j2_t2_t1'
    >>> tuple(layer.statistics(x)["C01"].shape)
    (2, 1, 3, 3, 4, 4)

    Reference:
        S. Cheng, R. Morel, E. Allys, B. Menard, S. Mallat, Scattering spectra models for physics, PNAS Nexus 3 (2024):
        its S1, S2, S3 and S4 are S1, P00, C01 and C11 here, as the authors' program computes them.
    """

    def __init__(
        self,
        J: int,
        L: int = 4,
        wavelets: str = "morlet",
        reduction: str | None = None,
        normalization: str = "power",
        cross: bool = False,
        band_limit: bool = False,
        paths: Selection = None,
        data_format: str | None = None,
        chunk_size: int | None = None,
        **kwargs: Any,
    ) -> None:
        self.J = check_integer("J", J)
        self.L = check_integer("L", L)
        self.wavelets = check_choice("wavelets", wavelets, ("morlet", "bump"))
        self.reduction = check_choice("reduction", reduction, (None, "isotropic", "harmonic"))
        self.normalization = check_choice("normalization", normalization, ("power", None))
        self.cross, self.band_limit = check_bool("cross", cross), check_bool("band_limit", band_limit)
        if self.L < 2 and (self.wavelets == "bump" or self.reduction == "harmonic"):
            needs = 'wavelets="bump"' if self.wavelets == "bump" else 'reduction="harmonic"'
            raise ValueError(f"L must be at least 2 with {needs}. Received: L={L}")
        filters = WaveletFilters(self.J, self.L, self.wavelets)
        arguments = filters, self.reduction, self.normalization == "power", 1 + self.cross
        super().__init__(functools.partial(covariance_plan, *arguments), paths, data_format, chunk_size, **kwargs)

    def _moments(self, items, plan):
        sizes = tuple(items.shape[2:])
        bank = covariance.covariance_bank(plan.filters, sizes, self._working_dtype())
        is_weighted = items.shape[1] > plan.fields
        bands = None if is_weighted else self._bands(bank, sizes)
        return covariance.moments(items, *constants([bank]), plan, bands, self.chunk_size)

    def _bands(self, bank, sizes):
        return covariance.peer_bands(self.J, sizes) if self.band_limit else covariance.bands(bank)

    def get_config(self) -> dict[str, Any]:
        names = "J", "L", "wavelets", "reduction", "normalization", "cross", "band_limit"
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

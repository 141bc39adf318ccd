"""The layer of scattering spectra of signals."""

import functools
from typing import Any

import keras

from keras_scatter.arguments import check_bool, check_choice, check_integer
from keras_scatter.backend.constants import constants
from keras_scatter.functional import spectra
from keras_scatter.layers.base_statistics import BaseStatistics
from keras_scatter.plan.spectra import OctaveFilters, spectra_plan
from keras_scatter.typing import Selection

LARGEST_J = 40


@keras.saving.register_keras_serializable(package="keras_scatter")
class ScatteringSpectra1D(BaseStatistics):
    """Scattering spectra of signals: some hundred numbers that describe a noise or a time series.

    The signal x is followed by its mirror image. With `w_j = x * psi_j`, scale J the low-pass, `<.>` the mean over the
    samples of x, `s_j^2 = <|w_j|^2>`, and `v_{j1,j2} = |w_j1| * psi_j2`, where the modulus is mirrored anew, the
    statistics by kind are

    * `sparsity`: `<|w_j|> / s_j`, and `mean`: `<w_J>`.
    * `variance`: `s_j^2`.
    * `skewness`: `<w_j2 v_{j1,j2}^*> / (s_j1 s_j2)`, complex, for `j1 <= j2`: what changes where time is reversed.
    * `kurtosis`: `<v_{j2,j3} v_{j1,j3}^*> / (s_j1 s_j2)`, complex, for `j1 <= j2 < j3`: how bursts of two scales go
      together.

    Imaginary parts that vanish are left out. The layer has no weights.

    Args:
        J: number of octaves. Integer from 1 to 40.
        wavelets: `"battle_lemarie"`, those of the authors' program, or `"morlet"`, Kymatio's of Q = 1 at every octave
            from 0.35 cycles a sample on; one an octave, and a low-pass.
        reduction: None; or `"scale"` for means of skewness over pairs of wavelets at one distance `j2 - j1`, and of
            kurtosis at distances `j2 - j1, j3 - j2`: statistics of self-similar signals. Those with the low-pass stay.
        normalization: `"power"`, or None for plain means without divisions by s.
        cross: whether x holds two signals, its two channels: statistics of both and between them. Variance, skewness
            and kurtosis of `fields=(0, 1)` have x in the left factor above, and y in the conjugate one.
        paths: None for all; or those that are wanted, a sequence out of `layer.paths` or a function of a path. The
            authors' skewness is that with `j1 < j2`.
        data_format, chunk_size: as in `ScatteringFFT`.
        **kwargs: `name`, `dtype` and other arguments of `keras.layers.Layer`. Half precision policies are computed
            in float32 and the result is cast.

    Attributes:
        paths: tuple of the K statistics `(kind, fields, scales, distances, part)`, in output order: by kind, part,
            fields, then j2 of skewness, and j2 and j3 of kurtosis, before j1.

    Methods:
        statistics(x, reference=None): all of them by name: backend arrays `sparsity` `(batch, C, J)`, `mean`
            `(batch, C)`, `variance` `(batch, C, J + 1)`, and complex `skewness` `(batch, C, J, J + 1)` and `kurtosis`
            `(batch, C, J, J, J + 1)`, by j1, j2 and j3, NaN where there are none. `reference` is a variance to divide
            by. With `cross=True` the second axis of variance, skewness and kurtosis is for
            `(0, 0), (1, 1), (0, 1), (1, 0)`, and variance is complex.

    Call arguments:
        signals: batch of real signals; or a list of signals and weights `(batch, time, 1 or C)`, for holes, as in
            `ScatteringCovariance2D`.

    Input shape:
        `(batch, time, C)`, or `(batch, C, time)` with `data_format="channels_first"`. At least 2**J samples, their
        number must be known.

    Output shape:
        `(batch, C * K)`, or `(batch, K)` with `cross=True`. Feature `c * K + k` is statistic k of channel c.

    Raises:
        TypeError: an argument is not of its type, or the signals are complex or strings.
        ValueError: an argument is out of range, the signals are too short, or weights do not fit them.

    Example:

    >>> layer = ScatteringSpectra1D(J=5)
    >>> x = np.random.default_rng(0).normal(size=(2, 256, 1))
    >>> tuple(layer(x).shape)
    (2, 92)
    >>> layer.paths[-1].name
    'kurtosis_imag_j2_j3_j4'

    Reference:
        R. Morel, G. Rochette, R. Leonarduzzi, J.-P. Bouchaud, S. Mallat, Scale dependencies and self-similar models
        with wavelet scattering spectra, Applied and Computational Harmonic Analysis (2025).
    """

    rank = 1
    powers = "variance"

    def __init__(
        self,
        J: int,
        wavelets: str = "battle_lemarie",
        reduction: str | None = None,
        normalization: str = "power",
        cross: bool = False,
        paths: Selection = None,
        data_format: str | None = None,
        chunk_size: int | None = None,
        **kwargs: Any,
    ) -> None:
        self.J = check_integer("J", J, maximum=LARGEST_J)
        self.wavelets = check_choice("wavelets", wavelets, ("battle_lemarie", "morlet"))
        self.reduction = check_choice("reduction", reduction, (None, "scale"))
        self.normalization = check_choice("normalization", normalization, ("power", None))
        self.cross = check_bool("cross", cross)
        filters = OctaveFilters(self.J, self.wavelets)
        arguments = filters, self.reduction, self.normalization == "power", 1 + self.cross
        super().__init__(functools.partial(spectra_plan, *arguments), paths, data_format, chunk_size, **kwargs)

    def _moments(self, items, plan):
        bank = spectra.spectra_bank(plan.filters, items.shape[2], self._working_dtype())
        return spectra.moments(items, *constants([bank]), plan, self.chunk_size)

    def get_config(self) -> dict[str, Any]:
        names = "J", "wavelets", "reduction", "normalization", "cross"
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}

"""Filter taps of the dual-tree complex wavelet transform (DTCWT), by their usual names, and where they read their axis.

The numbers are published coefficients, in the float64 values that the programs of N. Kingsbury's group and their ports
share. Origin, and the numbers of taps of low-pass and high-pass:

* `antonini` (9, 7): M. Antonini, M. Barlaud, P. Mathieu, I. Daubechies, Image coding using wavelet transform, IEEE
  Trans. Image Processing 1 (1992).
* `legall` (5, 3): D. Le Gall, A. Tabatabai, Sub-band coding of digital images using symmetric short kernel filters and
  arithmetic coding techniques, ICASSP 1988.
* `near_sym_a` (5, 7), `near_sym_b` (13, 19): N. Kingsbury, Image processing with complex wavelets, Phil. Trans. R. Soc.
  Lond. A 357 (1999). `near_sym_a2` is a variant of `near_sym_a` whose low-pass has 0.5 for 0.6 in the middle.
* `farras` (10, 10): A. F. Abdelnour, I. W. Selesnick, Nearly symmetric orthogonal wavelet bases, ICASSP 2001.
* `qshift_06` (10, of which 6 are not zero), `qshift_a` (10), `qshift_b` (14), `qshift_c` (16), `qshift_d` (18): N.
  Kingsbury, A dual-tree complex wavelet transform with improved orthogonality and symmetry properties, ICIP 2000.
  `qshift_32` (32): N. Kingsbury, Design of Q-shift complex wavelets for image processing using frequency domain energy
  minimization, ICIP 2003.
* `near_sym_b_bp`, `qshift_b_bp`: `near_sym_b` and `qshift_b` with a third, band-pass filter for the diagonals: N.
  Kingsbury, Rotation-invariant local feature matching with complex wavelets, EUSIPCO 2006.
"""

from typing import NamedTuple

import numpy as np

# fmt: off
# First halves of the symmetric filters of level 1, up to the middle tap: low-pass of the analysis and of the synthesis.
# High-pass filters are those of the other side with alternating signs.
SYMMETRIC = {
    "antonini": (
        [
            0.026748757410810106, -0.01686411844287467, -0.07822326652899052, 0.2668641184428729, 0.6029490182363593,
        ],
        [-0.04563588155712514, -0.02877176311424934, 0.295635881557128, 0.5575435262285023],
    ),
    "legall": (
        [-0.125, 0.25, 0.75],
        [0.25, 0.5],
    ),
    "near_sym_a": (
        [-0.05, 0.25, 0.6],
        [-0.010714285714285713, -0.05357142857142857, 0.26071428571428573, 0.6071428571428571],
    ),
    "near_sym_a2": (
        [-0.05735393346764044, 0.2867696673382022, 0.5735393346764044],
        [-0.01060315625181364, -0.053015781259068216, 0.25801013546079865, 0.6008455209361063],
    ),
    "near_sym_b": (
        [-0.0017578125, 0.0, 0.022265625, -0.046875, -0.0482421875, 0.296875, 0.55546875],
        [
            7.062639508928571e-05, 0.0, -0.0013419015066964285, -0.0018833705357142855, 0.007156808035714285,
            0.023856026785714284, -0.05564313616071428, -0.05168805803571428, 0.29975760323660716,
            0.5594308035714286,
        ],
    ),
}

NEAR_SYM_B_BAND = [
    -0.0003682500256732022, -0.0006222535855797443, -7.817824798259501e-05, 0.004185820847068102,
    0.008191787178883645, -0.007423274024802627, -0.0615384268799117, -0.1481582309116905, -0.11707630163921576,
    0.6529082158435902,
]

# Low-pass of the tree that reads odd samples; everything else follows from it, here and for QSHIFT.
FARRAS = [
    0.0, -0.08838834764832, 0.08838834764832, 0.695879989034, 0.695879989034, 0.08838834764832, -0.08838834764832,
    0.01122679215254, 0.01122679215254, 0.0,
]

QSHIFT = {
    "qshift_06": [
        0.03516383657149474, 0.0, -0.08832942445107285, 0.23389032060723564, 0.7602723690661257, 0.5875182977235605,
        0.0, -0.11430183714424873, 0.0, 0.0,
    ],
    "qshift_32": [
        -0.000302986558716425, 4.083838317973739e-06, 0.00017105469713049528, 0.000548739255398577,
        -0.00020463177982368814, -0.0021471959924182797, 0.0005109599523920865, 0.008735659961321607,
        -0.0045667504284199025, -0.024908230393248357, 0.021969288761055316, 0.05439655434041221,
        -0.07531137270116668, -0.11030730105056673, 0.29644419111849857, 0.7389230769321623, 0.5658967132314698,
        0.04199437595114133, -0.13652493719126912, 0.006103726725663456, 0.05362119716916521, -0.01081758277455643,
        -0.01902371743701418, 0.006372839274768152, 0.0054257302454038, -0.002110067325399009,
        -0.0012940179652023295, 0.00023342000018862117, 0.00032136178581709574, -0.00012060436707275685,
        2.3936857658654733e-06, 0.00017759141189701083,
    ],
    "qshift_a": [
        0.051130405283831656, -0.013975370246888838, -0.10983605166597087, 0.26383956105893763, 0.7666284677930372,
        0.5636557101270515, 0.0008736226952170968, -0.1002312195074762, -0.0016896812725281543,
        -0.006181881892116438,
    ],
    "qshift_b": [
        0.003253142763653182, -0.00388321199915849, 0.03466034684485349, -0.03887280126882779, -0.11720388769911527,
        0.27529538466888204, 0.7561456438925225, 0.5688104207121227, 0.011866092033797, -0.1067118046866654,
        0.023825384794920298, 0.01702522388155399, -0.005439475937274115, -0.004556895628475491,
    ],
    "qshift_c": [
        -0.0047616119384559135, -0.00044602278926228516, -7.144197327965012e-05, 0.034914612306842195,
        -0.03727389579989796, -0.11591145742744076, 0.2763686431330317, 0.7563937651990367, 0.567134484100133,
        0.01463740596447335, -0.11255888425752203, 0.02228926326692271, 0.018498682724156248, -0.0072026778782583465,
        -0.0002276522058977718, 0.002430349945148675,
    ],
    "qshift_d": [
        -0.002284127440270531, 0.0012098941630734423, -0.011834794515430786, 0.0012834569993443994,
        0.044365221606616996, -0.05327610880304726, -0.1133058863621428, 0.2809028632221865, 0.7528160380878561,
        0.5658080673964587, 0.024550152433666563, -0.12018854471079482, 0.018156493945546453, 0.03152637712208465,
        -0.006628794612430063, -0.0025761743066007948, 0.0012775586538069982, 0.002411869456666278,
    ],
}

QSHIFT_B_BAND = [
    -2.43562670333119e-05, -0.009595143054161103, -0.025455435181424572, -0.026368561379365885,
    -0.007624747581512476, 0.26269188061668647, 0.43678738578031734, -0.8381378400904721, -0.0447647940175083,
    0.1732414728674278, 0.061444653375592864, 0.021010057728309713, -0.0004329193033811051, -0.0027716534934753667,
]
# fmt: on

BIORT_NAMES = ("antonini", "farras", "legall", "near_sym_a", "near_sym_a2", "near_sym_b", "near_sym_b_bp")
QSHIFT_NAMES = ("qshift_06", "qshift_32", "qshift_a", "qshift_b", "qshift_b_bp", "qshift_c", "qshift_d")


class FilterNames(NamedTuple):
    """The filters of a transform.

    Attributes:
        biort: those of level 1, one of `BIORT_NAMES`.
        qshift: those of later levels, one of `QSHIFT_NAMES`; None if there is only level 1.
    """

    biort: str
    qshift: str | None = None


class Reading(NamedTuple):
    """One filter on one axis: output n is the sum over k of `taps[k] * x[step * n + start + stride * k]`."""

    start: int
    stride: int
    taps: np.ndarray


def level_1(name, synthesis=False):
    """Filters of level 1: for low-pass, high-pass and perhaps band-pass a pair of `Reading` of step 2.

    The pair makes the even and the odd samples of the undecimated output, which are the two trees.

    Args:
        name: one of `BIORT_NAMES`.
        synthesis: the filters that go back, as their adjoint: the transpose of their matrix is applied.

    Example:

    >>> low, high = level_1("legall")
    >>> low[0].start, low[1].start, low[0].taps.tolist()
    (-2, -1, [-0.125, 0.25, 0.75, 0.25, -0.125])
    """
    if name == "farras":
        return _farras()
    low, other = map(_mirrored, SYMMETRIC[name.removesuffix("_bp")])
    low, other = (other, low) if synthesis else (low, other)
    bands = [low, _alternating(other)]
    if name == "near_sym_b_bp":
        bands.append(_mirrored(NEAR_SYM_B_BAND))
    return [tuple(Reading(tree - len(taps) // 2, 1, taps) for tree in (0, 1)) for taps in bands]


def level_2(name):
    """Filters of all later levels, as `level_1` but of step 4: the trees read every other sample of the one before.

    The bank is orthonormal: the transpose of its matrix goes back.

    Args:
        name: one of `QSHIFT_NAMES`.
    """
    low = np.array(QSHIFT[name.removesuffix("_bp")])
    high = low[::-1] * (-1.0) ** np.arange(len(low))
    first = 2 - len(low)
    # Even samples are those of the first tree for the low-pass and of the second one for the others.
    bands = [(Reading(first, 2, low), Reading(first + 1, 2, low[::-1]))]
    for taps in (high, np.array(QSHIFT_B_BAND))[: 2 if name == "qshift_b_bp" else 1]:
        bands.append((Reading(first + 1, 2, taps[::-1]), Reading(first, 2, taps)))
    return bands


def _mirrored(half):
    return np.array([*half, *half[-2::-1]])


def _alternating(taps):
    """The same with alternating signs, the middle one kept."""
    return taps * (-1.0) ** (np.arange(len(taps)) - len(taps) // 2)


def _farras():
    """Orthonormal, one sample apart in the two trees; scaled as the others, whose low-pass sums to one.

    The second high-pass has the other sign than published, so that subbands come in the order of the other filters.
    """
    low = np.array(FARRAS) / 2**0.5
    signs = (-1.0) ** np.arange(len(low))
    first = np.roll(low[::-1], -1), low
    second = low[::-1] * signs, -np.roll(low, 1) * signs
    return [tuple(Reading(-4, 1, taps[::-1]) for taps in pair) for pair in (first, second)]

"""Make what `lowpass_taps.py` lacks: `python tools/lowpass_taps.py`, up to an hour for an empty table."""

import pathlib
import textwrap

import numpy as np

from keras_scatter.filters.lowpass_taps import REFINING, TAPS
from keras_scatter.filters.pyramid import UNITS, optimise_lowpass, optimise_refining

FILE = pathlib.Path(__file__).parents[1] / "keras_scatter" / "filters" / "lowpass_taps.py"
INDENT = {"initial_indent": " " * 8, "subsequent_indent": " " * 8}


def write(path):
    """Make what the table lacks, and write it after every entry."""
    for size in (3, 5, 7, 9):
        for P in (1, 2, 3, 4):
            narrower = [k for k in (3, 5) if k < size <= 7 and P in (2, 3)]
            for lowpass_size in (*narrower, size):
                make(P, lowpass_size, size)
                path.write_text(table())


def make(P, lowpass_size, size):
    """Enter one key into both tables."""
    key = P, lowpass_size, size
    if key not in TAPS:
        TAPS[key] = optimise_lowpass(*key).round(6).ravel().tolist()
    if key not in REFINING:
        first = np.reshape(TAPS[key], (P, 1, lowpass_size, lowpass_size))
        REFINING[key] = (optimise_refining(first, size) / UNITS[P]).round().astype(int).ravel().tolist()


def table():
    """The text of `lowpass_taps.py`."""
    lines = [
        '"""Low-pass kernels of the faithful design: {(P, lowpass size, wavelet size): taps, kernel after kernel}.',
        "",
        "TAPS are those of level 1, REFINING those of all further levels, as integers in units of `pyramid.UNITS`, by",
        "output and then by input. Made by `python tools/lowpass_taps.py`.",
        '"""',
    ]
    for name, table in (("TAPS", TAPS), ("REFINING", REFINING)):
        lines += ["", f"{name} = {{"]
        for key, taps in sorted(table.items(), key=lambda item: item[0][::-1]):
            lines += [f"    {key}: [", *textwrap.wrap(str(taps)[1:-1] + ",", 112, **INDENT), "    ],"]
        lines.append("}")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    write(FILE)

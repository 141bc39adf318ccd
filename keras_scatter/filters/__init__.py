"""Filter banks as objects: names, frequencies, spectra, Littlewood-Paley sums and a picture of each.

Public is what `keras_scatter.filters` itself holds:

* `MorletBank`: the wavelets of `layers.ScatteringFFT`.
* `MorletBank1D`: those of `layers.ScatteringFFT1D`.
* `GroupBank`: what a filter group of `layers.ComplexModulusConv` does to the image.
* `DualTreeBank`: the six orientations of `layers.DTCWT`.
* `FilterBank`: what they share, and a bank of filters of your own.
* `littlewood_paley`: the sum for any spectra.

The modules below are internal and may change: filters as NumPy arrays, without Keras and without a backend. Pictures
need matplotlib: `pip install 'keras_scatter[plots]'`.
"""

from keras_scatter.filters.dual_tree_bank import DualTreeBank
from keras_scatter.filters.filter_bank import FilterBank
from keras_scatter.filters.group_bank import GroupBank
from keras_scatter.filters.morlet_bank import MorletBank
from keras_scatter.filters.morlet_bank_1d import MorletBank1D
from keras_scatter.filters.spectra import littlewood_paley

__all__ = ["DualTreeBank", "FilterBank", "GroupBank", "MorletBank", "MorletBank1D", "littlewood_paley"]

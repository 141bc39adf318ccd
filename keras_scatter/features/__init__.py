"""Features of data sets, computed once and kept in folders of shards: `extract` writes them, `load` reads them."""

from keras_scatter.features.extracting import extract
from keras_scatter.features.loading import Features, load

__all__ = ["Features", "extract", "load"]

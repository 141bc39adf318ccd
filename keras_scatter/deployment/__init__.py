"""Files for other runtimes: written by Keras's exporters, run in the runtime that they are for, and compared."""

from keras_scatter.deployment.exporting import export

__all__ = ["export"]

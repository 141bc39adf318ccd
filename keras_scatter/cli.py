"""The command `keras-scatter`, for programs that call it."""

from keras_scatter_command.cli import main

__all__ = ["main"]

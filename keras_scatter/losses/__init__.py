"""Losses."""

from keras_scatter.losses.scattering_loss import ScatteringLoss

__all__ = ["ScatteringLoss"]

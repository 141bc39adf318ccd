"""Stages of the transforms in `keras.ops`; complex numbers are (real, imag) pairs of planes `(..., H, W)`.

This is not public and may change: use `keras_scatter.layers`.
"""

"""Filters as NumPy arrays: no Keras, no backend."""

"""A Learnable ScatterNet: Locally Invariant Convolutional Layers."""

"""Compressing the Input for CNNs with the First-Order Scattering Transform. `detection` is ours."""

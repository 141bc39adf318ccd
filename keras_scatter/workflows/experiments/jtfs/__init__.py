"""Joint time-frequency scattering at work, after *Mesostructures* (JAES 2023). The experiments are ours."""

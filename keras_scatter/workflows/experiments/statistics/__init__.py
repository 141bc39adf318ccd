"""What scattering covariances hold of fields and textures, and what other statistics do."""

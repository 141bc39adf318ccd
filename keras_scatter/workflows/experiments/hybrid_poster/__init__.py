"""Scattering in front of networks, the poster: On the necessity of learning early layers."""

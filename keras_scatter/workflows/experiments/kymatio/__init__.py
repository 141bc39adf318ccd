"""Experiments of *Kymatio: Scattering Transforms in Python*, which names them as examples."""

"""Build the noise, shift, deformation stable filter group based on the reverse engineering with Scattering Transform.

`generalisation` and `downstream` are ours.
"""

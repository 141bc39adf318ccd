"""Tramer and Boneh, Differentially Private Learning Needs Better Features (or Much More Data), ICLR 2021."""

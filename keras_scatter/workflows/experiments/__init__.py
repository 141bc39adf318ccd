"""The experiments of `keras-scatter reproduce`, a module each."""

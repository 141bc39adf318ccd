"""The experiments of `keras-scatter reproduce`: a package for each paper, a module for each experiment."""

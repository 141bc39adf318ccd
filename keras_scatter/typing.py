"""The types of public signatures, beside those of Python, NumPy and Keras.

The backends have no common type of tensors. So the names for arrays are for people: a type checker takes anything for
them, and docstrings have shapes and dtypes.
"""

import os
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

Tensor: TypeAlias = Any  # an array of the backend, or a `keras.KerasTensor` while a model is described
Tensors: TypeAlias = Any  # a tensor, or a structure of them: tuples, lists and dicts
ArrayLike: TypeAlias = Any  # a tensor, a NumPy array, or what either is made of
Shape: TypeAlias = tuple[int | None, ...]  # None for a size that may be any
PathLike: TypeAlias = str | os.PathLike[str]
Data: TypeAlias = Any  # arrays, a `tf.data.Dataset`, a dataset of Keras or a loader of PyTorch
KerasObject: TypeAlias = Any  # a name, a config, an object or None, as `keras.initializers.get` takes it
Selection: TypeAlias = Iterable[Any] | Callable[[Any], bool] | None  # paths, a function of a path, or None for all

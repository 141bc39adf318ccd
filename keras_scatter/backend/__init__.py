"""All that depends on the backend that Keras runs on, or on whether a size is known: nothing else asks for either.

* `sizes`: whether the length of an axis is a number yet.
* `programs`: compilation of functions, with a bounded number of programs.
* `chunks`: a function applied to a few items at a time.
* `fourier`: transforms and products of complex arrays, in the form that is fast on the backend.
* `arrays`: selection, products of matrices, and functions whose Keras versions lose precision somewhere.
* `constants`: NumPy arrays as tensors, converted once.
* `processes`: several processes that train one model.

It is not public: its functions may change with every version.
"""

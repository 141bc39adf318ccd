"""How `LocallyInvariantLayer` mixes moduli: each way as a class, by its name in `MIXINGS`."""

import keras
from keras import ops

from keras_scatter.filters.mixing import cosine_kernels, gaussian_kernels, impulse_kernels, random_kernels
from keras_scatter.layers._initial import distinct
from keras_scatter.layers.non_expansive import NonExpansive


class Mixing:
    """Weights `(k, l, inputs, outputs)`, and the convolution kernel that they make.

    Attributes:
        size: k and l.
        pointwise: whether the weights are the kernel, and mix single pixels.
        drawn: whether the kernel also depends on a seed.
    """

    size = (1, 1)
    pointwise = False
    drawn = False

    def __init__(self, inputs, outputs, seed):
        self.shape = (*self.size, inputs, outputs)

    def kernel(self, weights):
        """The kernel, a linear function of the weights."""
        return weights

    def initial(self, initializer, dtype):
        """Initial weights."""
        return initializer(self.shape, dtype)

    def constraint(self, constraint):
        """A constraint of the layer's argument as one of the weights."""
        if isinstance(constraint, NonExpansive):
            return _OfTheKernel(constraint, self.kernel)
        return constraint


class Pointwise(Mixing):
    """Weights are the kernel; they may start as the identity."""

    pointwise = True

    def initial(self, initializer, dtype):
        if initializer == "identity":
            return ops.reshape(ops.eye(self.shape[2], dtype=dtype), self.shape)
        return super().initial(initializer, dtype)


class Spatial(Mixing):
    """Weights are the kernel, 3 x 3."""

    size = (3, 3)


class FixedKernels(Mixing):
    """A weight for each pair of channels, times a fixed 3 x 3 kernel that `draw` makes."""

    drawn = True

    def __init__(self, inputs, outputs, seed):
        super().__init__(inputs, outputs, seed)
        self.fixed = self.draw(inputs, outputs, seed)

    def kernel(self, weights):
        return weights * ops.cast(self.fixed, weights.dtype)


class Impulse(FixedKernels):
    draw = staticmethod(impulse_kernels)


class Gaussian(FixedKernels):
    draw = staticmethod(gaussian_kernels)


class Random(FixedKernels):
    draw = staticmethod(random_kernels)


class Cosines(Mixing):
    """Three weights for each pair of channels, times the first cosine functions on 3 x 3."""

    size = (3, 1)

    def kernel(self, weights):
        return sum(
            ops.cast(basis[:, :, None, None], weights.dtype) * weights[i] for i, basis in enumerate(cosine_kernels())
        )

    def initial(self, initializer, dtype):
        # Each part is a draw of its own, with the fans of a 1 x 1 kernel.
        parts = [distinct(initializer, i)((1, *self.shape[1:]), dtype) for i in range(self.shape[0])]
        return ops.concatenate(parts, axis=0)


class _OfTheKernel(keras.constraints.Constraint):
    """`NonExpansive` for weights that make a kernel."""

    def __init__(self, constraint, make_kernel):
        self._constraint, self._make_kernel = constraint, make_kernel

    def __call__(self, w):
        return w * ops.cast(self._constraint.factor(self._make_kernel(w)), w.dtype)


MIXINGS = {
    "1x1": Pointwise,
    "3x3": Spatial,
    "impulse": Impulse,
    "gaussian": Gaussian,
    "random": Random,
    "dct": Cosines,
}

"""Models built from scattering layers, and what trains them."""

from keras_scatter.models.conv_net_mnist import ConvNetMNIST
from keras_scatter.models.invariant_net_mnist import InvariantNetMNIST
from keras_scatter.models.relative_error import RelativeError
from keras_scatter.models.restore_best import RestoreBest
from keras_scatter.models.scatnet_hybrid import ScatNetHybrid
from keras_scatter.models.scattering_distiller import ScatteringDistiller
from keras_scatter.models.vgg_invariant import VGGInvariant

__all__ = [
    "ConvNetMNIST",
    "InvariantNetMNIST",
    "RelativeError",
    "RestoreBest",
    "ScatNetHybrid",
    "ScatteringDistiller",
    "VGGInvariant",
]

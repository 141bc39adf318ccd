"""Models built from scattering layers, and what trains them."""

from keras_scatter.models.conv_net_mnist import ConvNetMNIST
from keras_scatter.models.invariant_net_mnist import InvariantNetMNIST
from keras_scatter.models.relative_error import RelativeError
from keras_scatter.models.restore_best import RestoreBest
from keras_scatter.models.scat_resnet10 import ScatResNet10
from keras_scatter.models.scat_resnet50 import ScatResNet50
from keras_scatter.models.scat_wide_resnet import ScatWideResNet
from keras_scatter.models.scatnet_hybrid import ScatNetHybrid
from keras_scatter.models.scattering_distiller import ScatteringDistiller
from keras_scatter.models.scattering_mlp import ScatteringMLP
from keras_scatter.models.shared_local_encoder import SharedLocalEncoder
from keras_scatter.models.vgg_invariant import VGGInvariant
from keras_scatter.models.wide_scat_resnet50 import WideScatResNet50

__all__ = [
    "ConvNetMNIST",
    "InvariantNetMNIST",
    "RelativeError",
    "RestoreBest",
    "ScatNetHybrid",
    "ScatResNet10",
    "ScatResNet50",
    "ScatWideResNet",
    "ScatteringDistiller",
    "ScatteringMLP",
    "SharedLocalEncoder",
    "VGGInvariant",
    "WideScatResNet50",
]

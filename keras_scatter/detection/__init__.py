"""Detection of objects behind scattering, with KerasHub: `pip install 'keras_scatter[detection]'`.

The core does without; this module is imported by its name, `import keras_scatter.detection`.
"""

from keras_scatter.detection.average_precision import average_precision
from keras_scatter.detection.load_boxes import load_boxes
from keras_scatter.detection.scat_resnet50_backbone import ScatResNet50Backbone

__all__ = ["ScatResNet50Backbone", "average_precision", "load_boxes"]

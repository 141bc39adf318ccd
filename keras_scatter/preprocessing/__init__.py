"""What the protocols of hybrid networks do with images and labels before they train on them.

Flips are `keras.layers.RandomFlip("horizontal")`, and crops of a part are `keras.layers.RandomCrop`.
"""

from keras_scatter.preprocessing.balanced_sample import balanced_sample
from keras_scatter.preprocessing.local_contrast_normalization import LocalContrastNormalization
from keras_scatter.preprocessing.random_shift import RandomShift

__all__ = ["LocalContrastNormalization", "RandomShift", "balanced_sample"]

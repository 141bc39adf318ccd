"""The programs that results are made with."""

import platform

import keras
import numpy as np


def versions():
    """The programs that a result was made with."""
    import keras_scatter

    return {
        "keras_scatter": keras_scatter.__version__,
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "numpy": np.__version__,
        "python": platform.python_version(),
        "machine": platform.machine(),
    }

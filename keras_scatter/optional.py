"""Import of optional packages with the way to install them."""

import importlib
from typing import Any


def require(module: str, extra: str) -> Any:
    """Import `module`, or say which extra of the package brings it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{module} is needed here and is not installed: pip install 'keras_scatter[{extra}]'"
        ) from error

"""What the layers of the dual-tree complex wavelet transform share: filter names and precision."""

from typing import Any

from keras_scatter.arguments import check_choice
from keras_scatter.filters.dtcwt_taps import BIORT_NAMES, QSHIFT_NAMES, FilterNames
from keras_scatter.layers.base_transform import BaseTransform


class BaseDTCWT(BaseTransform):
    """A layer with filters of level 1 and of later levels, computed in float32 at least."""

    def __init__(self, biort: str, qshift: str, **kwargs: Any) -> None:
        # Half precision would lose the exact reconstruction and is slow on processors: inputs must not be cast to it.
        kwargs.setdefault("autocast", False)
        super().__init__(**kwargs)
        self.biort = check_choice("biort", biort, BIORT_NAMES)
        self.qshift = check_choice("qshift", qshift, QSHIFT_NAMES)

    @property
    def _filters(self):
        return FilterNames(self.biort, self.qshift)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "biort": self.biort, "qshift": self.qshift}

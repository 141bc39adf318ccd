"""What layers with paths share: look-up."""

import inspect
import warnings
from typing import Any, Self

from keras_scatter.arguments import check_integer, shown
from keras_scatter.filters.paths import Paths


class WithPaths:
    """A layer whose plan has paths."""

    _plan: Any
    positional = 2  # arguments whose order all layers share, J and L or Q
    feature_order = "channel"  # feature c * K + k is path k of channel c; "path" would be k * C + c

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        if len(args) > cls.positional:
            names = list(inspect.signature(cls.__init__).parameters)[1:]
            late = ", ".join(f"{name}={shown(value)}" for name, value in list(zip(names, args))[cls.positional :])
            warnings.warn(
                f"Layers order their arguments differently: name them after the first {cls.positional} of "
                f"{cls.__name__}, {late}. Version 0.3 will demand it.",
                DeprecationWarning,
                stacklevel=2,
            )
        return super().__new__(cls, *args, **kwargs)

    @property
    def paths(self) -> Paths:
        """The K paths of one channel, in output order: a `filters.paths.Paths`, a tuple with `index` and `table`."""
        return self._plan.paths

    def channel(self, channel: int, path: Any, channels: int | None = None) -> int:
        """The position, among the features of an output array, of a path of one channel of the inputs.

        Args:
            channel: index of the channel.
            path: one of `paths`, or its position there.
            channels: how many the inputs have; only layers whose features go by path and then by channel, those of
                the dual tree, must be told.

        Raises:
            TypeError: `channel` is no integer, or `path` neither a path nor one.
            ValueError: there is no such channel or path, or `channels` is missing.

        Example:

        >>> layer = ScatteringFFT(J=2, L=8)
        >>> layer.channel(1, layer.paths[17])
        98
        """
        channels = None if channels is None else check_integer("channels", channels)
        channel = check_integer("channel", channel, 0, None if channels is None else channels - 1)
        K = len(self.paths)
        if isinstance(path, tuple):
            if path not in self.paths:
                raise ValueError(f"path must be one of the {K} paths of the layer. Received: path={shown(path)}")
            position = self.paths.index(path)
        else:
            position = check_integer("path", path, 0, K - 1)
        if self.feature_order == "channel":
            return channel * K + position
        if channels is None:
            raise ValueError("channels must be the number of the inputs' channels for this layer. Received: None")
        return position * channels + channel

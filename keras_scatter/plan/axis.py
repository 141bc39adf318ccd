"""One axis of what is transformed: its samples, the margins around them, and grids coarser by powers of two."""

from typing import NamedTuple


class Axis(NamedTuple):
    """An axis with margins; sizes are ints, or tensors that TensorFlow knows at run time.

    Attributes:
        size: samples of the input.
        before, after: margins, such that `length` is a multiple of the coarsest grid.
        padding: what the margins hold: `"reflect"`, `"zeros"`, or `"periodic"` where there are none.
        partial: whether a last sample of a coarser grid counts of whose cell the input fills only a part.
    """

    size: int
    before: int = 0
    after: int = 0
    padding: str = "periodic"
    partial: bool = False

    @property
    def length(self):
        """Samples with margins."""
        return self.before + self.size + self.after

    def kept(self, level):
        """First sample of the grid coarser by 2**level that is no margin, and how many follow on it.

        Example:

        >>> Axis(33, 7, 8).kept(3)
        (1, 4)
        """
        first = -(-self.before // 2**level)
        if self.partial:
            return first, -(-(self.before + self.size) // 2**level) - first
        return first, self.size // 2**level

import numpy as np
import numpy_twin_1d
import pytest
from compare import assert_close, once

from keras_scatter.filters.spectra import on_grid
from keras_scatter.plan import signals
from keras_scatter.plan.signals import signal_axis, signal_plan

pytestmark = once


@pytest.mark.parametrize("T", [1, 16, 50.5, 128])
def test_steps_are_where_the_length_doubles(T):
    """The rule for sizes that are tensors is that for numbers."""
    for size in [*range(2, 300), 1000, 4097, 20_000]:
        exponent = sum(1 + (size - step) // 2**30 for step in signals._steps(T))
        assert 2**exponent == signal_axis(size, T, "reflect").length


@pytest.mark.parametrize(("J", "Q", "expected"), [(6, (8, 1), (1, 38, 87)), (5, (1, 1), (1, 6, 12))])
def test_counts_of_paths_are_kymatios(J, Q, expected):
    orders = [path.order for path in signal_plan(J, Q, None, 2, None, "reflect").paths]
    assert tuple(orders.count(m) for m in range(3)) == expected


def test_filters_are_those_of_the_twin_where_they_do_not_vanish():
    plan, size = signal_plan(5, (3, 1), None, 2, None, "reflect"), 1024
    for band in plan.bands:
        first, spectra = plan.filters.wavelets(band, size, "float64")
        bank = numpy_twin_1d.wavelets(5, (3, 1)[band.bank])
        for wavelet, values in zip(band.wavelets, spectra, strict=True):
            whole = numpy_twin_1d.morlet(size, *bank[wavelet.n][:2]).reshape(2**band.source, -1).sum(0)
            assert_close(on_grid(first, values, size >> band.source), whole, 1e-8)


@pytest.mark.parametrize("arguments", [(10**9, (1,)), (41, (1,)), (3, (10**9,)), (20, (200, 200, 200))])
def test_too_much_is_refused_at_once(arguments):
    with pytest.raises(ValueError, match="must "):
        signal_plan(*arguments, None, 10**9, None, "reflect")


def test_nodes_hold_what_descends_alike():
    """One node for the signal, and for each scale of order 1 one with a node for each later scale."""
    plan = signal_plan(4, (8, 1), None, 2, None, "reflect")
    assert len({node.rows for node in plan.nodes}) == len(plan.nodes)
    assert np.all([len({w.j for w in node.band.wavelets}) == 1 for node in plan.nodes[1:]])
